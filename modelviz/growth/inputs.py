"""The inputs of a model with names for their sizes, and the same inputs in other sizes."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..graph import Shape
from ..signatures import parameters_of
from ..tracing.inputs import Inputs, make_inputs
from ..tracing.recipes import MAX_KNOWN
from ..tracing.sizes import input_dtypes, input_sizes, with_batch
from ..tracing.torch_internals import FakeTensorMode
from ..units import counted

Names = tuple[str | None, ...]
"""For each dimension of an input its name; None where its size stays."""

LARGE = 2**20
"""Elements from which on an input is made without values, if these are not looked at."""
_EXAMPLE = 'dims={"input_ids": ("batch", "seq")}'


@dataclass(frozen=True)
class NamedInputs:
    """Inputs whose dimensions have names.

    ``arguments`` are those of ``trace``; ``shapes`` those of the inputs by label, ``names`` those
    of the inputs that have any. ``guessed`` says that the names are a proposal.
    """

    model: nn.Module
    arguments: Mapping[str, Any]
    shapes: Mapping[str, Shape]
    names: Mapping[str, Names]
    guessed: bool = False

    @property
    def dims(self) -> dict[str, int]:
        """The named dimensions with the sizes that were given, in order."""
        found: dict[str, int] = {}
        for label, names in self.names.items():
            for name, size in zip(names, self.shapes[label], strict=True):
                if name is None:
                    continue
                if found.setdefault(name, size) != size:
                    raise InputError(
                        f"dims: {name!r} is {found[name]} in one input and {size} in {label}: "
                        "one name stands for one size"
                    )
        return found

    def at(self, sizes: Mapping[str, int], computes: bool = True) -> dict[str, Any]:
        """The arguments of ``trace`` with these sizes.

        Where the forward does not compute, large tensors have no values.
        """
        shapes = {
            label: tuple(
                size if name is None else sizes[name]
                for name, size in zip(names, self.shapes[label], strict=True)
            )
            for label, names in self.names.items()
        }
        arguments = dict(self.arguments)
        if "input_size" in arguments:
            listed = [shapes.get(label, shape) for label, shape in self.shapes.items()]
            named = arguments["input_size"]
            arguments["input_size"] = (
                dict(zip(named, listed, strict=True)) if isinstance(named, dict) else listed
            )
            return arguments
        inputs: Inputs = arguments.pop("inputs")
        wanted = {
            id(tensor): shapes[label]
            for label, tensor in inputs.named_tensors(self.model.forward)
            if label in shapes
        }

        def resized(tensor: torch.Tensor) -> torch.Tensor:
            shape = wanted.get(id(tensor), tuple(tensor.shape))
            if computes or math.prod(shape) <= LARGE:
                return _resized(tensor, shape)
            with FakeTensorMode():
                return torch.empty(shape, dtype=tensor.dtype, device=tensor.device)

        changed = inputs.remade(resized)
        return {**arguments, "input_data": list(changed.args), **changed.kwargs}

    def values_known(self, sizes: Mapping[str, int]) -> bool:
        """Whether a forward without arithmetic still knows the values of masks, as it does now.

        What it knows of numbers that are given ends at a number of elements, and models that look
        whether a mask hides anything go another way beyond it.
        """
        inputs: Inputs | None = self.arguments.get("inputs")
        if inputs is None:
            return True
        for label, tensor in inputs.named_tensors(self.model.forward):
            names = self.names.get(label)
            if names is None or tensor.is_floating_point() or tensor.numel() > MAX_KNOWN:
                continue
            pairs = zip(names, tensor.shape, strict=True)
            if math.prod(n if name is None else sizes[name] for name, n in pairs) > MAX_KNOWN:
                return False
        return True

    def without(self, dropped: str) -> NamedInputs:
        """The same inputs where one dimension has no name, so that its size stays."""
        names = {
            label: tuple(None if name == dropped else name for name in listed)
            for label, listed in self.names.items()
        }
        return replace(self, names=names)


def named_inputs(
    model: nn.Module,
    input_size: Any,
    input_data: Any,
    dims: Any,
    dtypes: Any,
    batch_dim: int | None,
    kwargs: Mapping[str, Any],
) -> NamedInputs:
    """The inputs and the names that ``dims`` gives to their sizes. Raises InputError."""
    if input_size is not None and input_data is not None:
        raise InputError("got both input_size and input_data, expected one of them")
    arguments: dict[str, Any]
    if input_size is not None:
        placed, by_name = input_sizes(input_size)
        sizes = [with_batch(size, batch_dim) for size in (*placed, *by_name.values())]
        labels = [*_labels(model, len(placed)), *by_name]
        input_dtypes(dtypes, len(sizes), torch.float32)
        arguments = {"input_size": dict.fromkeys(by_name) if by_name else sizes, **kwargs}
        arguments["dtypes"] = dtypes
        shapes = dict(zip(labels, sizes, strict=True))
        whole = [dtypes is None] * len(sizes)
    else:
        inputs = make_inputs(model, input_data=input_data, kwargs=dict(kwargs))
        tensors = inputs.named_tensors(model.forward)
        ragged = next((label for label, tensor in tensors if tensor.is_nested), None)
        if ragged is not None:
            raise InputError(
                f"the input {ragged} is a nested tensor, whose parts have sizes of their own: "
                "formulas are in sizes that all have, so give a padded tensor"
            )
        arguments = {"inputs": inputs}
        shapes = {label: tuple(tensor.shape) for label, tensor in tensors}
        whole = [tensor.is_floating_point() for _, tensor in tensors]
    if not shapes:
        raise InputError(
            "formulas needs a tensor among the inputs: give input_size or input_data, "
            f"and {_EXAMPLE}"
        )
    if dims is None:
        guess = _guess(shapes, whole)
        return NamedInputs(model, arguments, shapes, guess, guessed=True)
    names = {label: _checked(label, given, shapes) for label, given in _by_label(dims, shapes)}
    named = NamedInputs(model, arguments, shapes, names)
    if not named.dims:
        raise InputError(f"dims={dims!r} names no dimension: expected names such as {_EXAMPLE}")
    return named


def _labels(model: nn.Module, count: int) -> list[str]:
    names = [
        p.name
        for p in parameters_of(model.forward)
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return [*names, *(f"arg{place}" for place in range(len(names), count))][:count]


def _by_label(dims: Any, shapes: Mapping[str, Shape]) -> list[tuple[str, Any]]:
    """``dims`` by the label of the input, in whichever form it was given."""
    labels = list(shapes)
    if isinstance(dims, Mapping):
        found = []
        for key, names in dims.items():
            if isinstance(key, int) and not isinstance(key, bool):
                if not -len(labels) <= key < len(labels):
                    raise InputError(
                        f"dims names input {key}, and there are {len(labels)}: {_listed(shapes)}"
                    )
                found.append((labels[key], names))
            elif key in shapes:
                found.append((key, names))
            else:
                raise InputError(
                    f"dims names {key!r}, which is no input: expected one of {_listed(shapes)}"
                )
        return found
    if isinstance(dims, str) or not isinstance(dims, Sequence):
        raise InputError(f"dims={dims!r}: expected names by input, such as {_EXAMPLE}")
    if all(part is None or isinstance(part, (str, int)) for part in dims):
        return [(labels[0], dims)]
    if len(dims) > len(labels):
        raise InputError(f"dims has names for {len(dims)} inputs, got {_listed(shapes)}")
    return [(label, names) for label, names in zip(labels, dims, strict=False) if names is not None]


def _checked(label: str, given: Any, shapes: Mapping[str, Shape]) -> Names:
    shape = shapes[label]
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InputError(
            f"dims: {label} has {given!r}; expected a name, or None, for each of its dimensions, "
            f"such as {_EXAMPLE}"
        )
    if len(given) != len(shape):
        raise InputError(
            f"dims: {counted(len(given), 'name')} for {label}, which has "
            f"{counted(len(shape), 'dimension')}, {shape}; one that keeps its size has None, "
            "or - on the command line"
        )
    names: list[str | None] = []
    for place, (name, size) in enumerate(zip(given, shape, strict=True)):
        if isinstance(name, int) and not isinstance(name, bool):
            if name != size:
                raise InputError(
                    f"dims: dimension {place} of {label} is {size}, not {name}: give its name, "
                    "or None to keep its size"
                )
            names.append(None)
        elif name is None:
            names.append(None)
        elif not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(
                f"dims: {name!r} in {label} is no name: expected a word such as 'batch', or None"
            )
        elif not size:
            raise InputError(f"dims: {name!r} is 0 in {label}, and nothing can be told from that")
        else:
            names.append(name)
    return tuple(names)


_USUAL: Mapping[int, Names] = {
    1: ("batch",),
    2: ("batch", "seq"),
    3: ("batch", "seq", None),
    4: ("batch", None, "height", "width"),
    5: ("batch", None, "frames", "height", "width"),
}


def _guess(shapes: Mapping[str, Shape], floating: Sequence[bool]) -> dict[str, Names]:
    """Names by custom: tokens (batch, seq), images (batch, channels, height, width)."""
    guess: dict[str, Names] = {}
    sizes: dict[str, int] = {}
    for (label, shape), fractions in zip(shapes.items(), floating, strict=True):
        usual = _USUAL.get(len(shape), ())
        if len(shape) == 2 and fractions:
            usual = ("batch", None)
        names = tuple(
            name if name is not None and sizes.setdefault(name, size) == size and size else None
            for name, size in zip(usual, shape, strict=False)
        )
        if any(names):
            guess[label] = names
    if not guess:
        raise InputError(f"none of {_listed(shapes)} has usual dimensions: give {_EXAMPLE}")
    return guess


def _listed(shapes: Mapping[str, Shape]) -> str:
    return ", ".join(f"{label} {shape}" for label, shape in shapes.items())


def _resized(tensor: torch.Tensor, shape: Shape) -> torch.Tensor:
    """The tensor in another shape, its values over again where it grows."""
    for dim, (old, new) in enumerate(zip(tensor.shape, shape, strict=True)):
        if old != new:
            places = torch.arange(new, device=tensor.device) % old
            plain, layout = tensor.detach(), tensor.layout
            if layout is not torch.strided:  # in the compressed ones PyTorch does not select
                plain = plain.to_sparse_coo()
            selected = plain.index_select(dim, places)
            tensor = selected if selected.layout is layout else selected.to_sparse(layout=layout)
    return tensor
