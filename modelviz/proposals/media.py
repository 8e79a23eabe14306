"""Pictures and sound, where a forward shows that numbers without a form ran by accident."""

from __future__ import annotations

from math import isqrt

from ..graph import ModelGraph
from .accidents import Ran, Step, called
from .arguments import IMAGES, SOUNDS
from .layers import SECOND
from .targets import first_sizes


def pictures(ran: Ran) -> Step:
    """Pictures in place of vectors of as many numbers, where the name or a flattening says so."""
    guess, graph = ran.guess, ran.graph
    before = called(graph)
    for name, part in guess.tensors():
        said = name.lower() in IMAGES
        if not said and not _flattened(graph, name):
            continue
        if len(part.now.shape) == 2 and part.now.shape[0] == 1:
            for channels in (1, 3):
                side = isqrt(part.now.shape[1] // channels)
                if side > 3 and channels * side * side == part.now.shape[1]:
                    why = f"{name} sounds like an image" if said else "it is flattened"
                    why += ", and has so many numbers"
                    picture = part.shaped((1, channels, side, side), why)
                    yield guess.having({name: picture}), lambda new: called(new) == before


def _flattened(graph: ModelGraph, name: str) -> bool:
    """Whether all that is done to an input at first is to flatten what is flat."""
    uses = [op for op in graph.ops if any(graph.tensors[one].name == name for one in op.inputs)]
    return bool(uses) and all(
        op.name in ("view", "reshape", "flatten")
        and graph.tensors[op.inputs[0]].shape == graph.tensors[op.outputs[0]].shape
        for op in uses
    )


def sounds(ran: Ran) -> Step:
    """A second of sound, where the name says that it is some, and less of it ran."""
    guess, graph = ran.guess, ran.graph
    before = called(graph)
    short = {
        name: part.shaped((*part.now.shape[:-1], SECOND), f"{name} sounds like sound")
        for name, part in guess.tensors()
        if name.lower() in SOUNDS and len(part.now.shape) < 4 and part.now.shape[-1] < SECOND
        if part.now.shape[:-1] in ((1,), (1, 1), (1, 2)) and "float" in part.now.dtype
    }
    if short:
        yield guess.having(short), lambda new: called(new) == before


def alike(ran: Ran) -> Step:
    """The same sides for pictures of as many channels."""
    guess, graph = ran.guess, ran.graph
    shapes = {
        name: part.now.shape
        for name, part in guess.tensors()
        if len(part.now.shape) == 4 and part.now.shape[1] > 1
    }
    before = called(graph)
    for shape in sorted(set(shapes.values())):
        others = {
            name: guess.parts[name].shaped(shape, "a picture like the other")
            for name, own in shapes.items()
            if own != shape and own[1] == shape[1]
        }
        if others:
            yield guess.having(others), lambda new: called(new) == before


def single(ran: Ran) -> Step:
    """Smaller pictures, where one became several samples: ``view(-1, 2048)`` takes a multiple."""
    guess, graph = ran.guess, ran.graph
    (count, *others) = sorted(first_sizes(graph)) or (1,)
    scale = isqrt(count)
    if others or scale * scale != count or scale == 1:
        return
    smaller = {}
    for name, part in guess.tensors():
        shape = part.now.shape
        if len(shape) == 4 and shape[0] == 1 and not any(side % scale for side in shape[2:]):
            sides = [side // scale for side in shape[2:]]
            smaller[name] = part.shaped(
                (*shape[:2], *sides), "larger ones would be several samples"
            )
    if smaller:
        yield guess.having(smaller), lambda new: first_sizes(new) == {1}


def even(ran: Ran) -> Step:
    """Pictures with sides alike, where as many numbers were needed and one side was made longer."""
    guess, graph = ran.guess, ran.graph
    before = called(graph)
    for name, part in guess.tensors():
        shape = part.now.shape
        if len(shape) == 4 and shape[2] != shape[3] and shape[1] <= 4:
            side = isqrt(shape[2] * shape[3])
            if side * side == shape[2] * shape[3]:
                square = part.shaped((*shape[:2], side, side), f"sides of {side} do as well")
                yield guess.having({name: square}), lambda new: called(new) == before
