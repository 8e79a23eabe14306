"""The shapes of a graph in named dimensions: ``(batch, seq, 768)`` in place of numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import InputError
from ..findings import note
from ..graph import ModelGraph, NamedShape, Shape
from ..modes import known_execution, known_mode
from .fitting import Fitter, Values
from .inputs import named_inputs
from .lab import Lab
from .measures import cells_of, plan_of
from .polynomial import Point
from .run import proposed
from .sampling import deciding_points, far_point, find_steps, near_points, proof_points

if TYPE_CHECKING:
    import torch

CROWD = 3
ROUNDS = 6
"""How often shapes are told anew with a point that settles what is open."""

Slot = tuple[str, int, int]
"""A tensor that every forward has: its role or the path of its module, and two places there."""


def name_shapes(
    graph: ModelGraph,
    model: nn.Module | ModelGraph,
    input_size: Any = None,
    input_data: Any = None,
    *,
    dims: Any,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    mode: str | None = None,
    method: str = "forward",
    execution: Any = "auto",
    device: Any = None,
    timed: Any = False,
    **kwargs: Any,
) -> ModelGraph:
    """``graph``, that of a forward of ``model`` with these inputs, with shapes in named dimensions.

    ``dims`` is as for ``modelviz.formulas``. The forward is traced in some twelve sizes, and each
    size of each tensor becomes the polynomial in the dimensions that gives it in all of them. A
    tensor that none gives, or that another forward lacks, keeps its numbers. ``device`` and
    ``timed`` are of that forward alone.

    Raises InputError for dims that do not fit the inputs, and for a graph without its model.
    """
    if not isinstance(model, nn.Module):
        raise InputError(
            "dims needs the model itself, which is traced in other sizes as well: a graph has the "
            "names that it was made with, and modelviz.draw(model, dims=...).graph has them"
        )
    if graph.execution == "none":
        raise InputError("dims names sizes of the forward, and none was run: give inputs that run")
    if input_size is None and input_data is None and not kwargs:
        found = proposed(model, mode, method)
        input_size, input_data = found.pop("input_size", None), found.pop("input_data", None)
        dtypes, batch_dim, kwargs = found.pop("dtypes", None), None, found
    inputs = named_inputs(model, input_size, input_data, dims, dtypes, batch_dim, kwargs)
    execution = "fake" if graph.execution == "fake" else known_execution(execution)
    lab = Lab(inputs, {"mode": known_mode(mode), "method": method, "execution": execution})
    lab.first()
    lab = find_steps(lab)
    shapes = _Shapes(lab).named()
    first = _shapes_by_slot(graph, plan_of([graph, *lab.graphs.values()]).loose)
    tensors = list(graph.tensors)
    for slot, (tensor, shape) in first.items():
        named = shapes.get(slot)
        if named is not None and named.given == shape and named.shape != shape:
            tensors[tensor] = replace(tensors[tensor], dims=named.shape)
    return replace(graph, tensors=tuple(tensors), findings=(*graph.findings, _told(lab)))


@dataclass(frozen=True, slots=True)
class _Named:
    """A shape in names, and in numbers at the sizes that were given."""

    shape: NamedShape
    given: Shape


class _Shapes:
    """The shapes of a model's tensors at several points, and the polynomials that give them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._start = lab.start()
        self._points = near_points(lab, self._start, crowd=CROWD)
        if lab.given not in self._points:
            self._points.append(lab.given)
        far = (far_point(lab, self._start, dim) for dim in range(len(lab.names)))
        tried = [*proof_points(lab, self._start), *(point for point in far if point is not None)]
        self._proofs = [p for p in tried if p not in self._points and lab.graph(p) is not None]

    def named(self) -> Mapping[Slot, _Named]:
        """The shapes that hold at every point, by slot."""
        for _ in range(ROUNDS):
            columns = self._columns([*self._points, *self._proofs])
            fitter = Fitter(self._points)
            kept = len(self._points)
            wrong: set[int] = set()
            found: dict[Slot, _Named] = {}
            at = self._points.index(self._lab.given)
            for slot, shapes in columns.items():
                sizes = [self._size(fitter, values, kept) for values in zip(*shapes, strict=True)]
                wrong.update(proof for size in sizes if isinstance(size, set) for proof in size)
                if not any(size is None or isinstance(size, set) for size in sizes):
                    whole = tuple(size for size in sizes if isinstance(size, (int, str)))
                    found[slot] = _Named(whole, shapes[at])
            more = {self._proofs[place] for place in wrong}
            more.update(deciding_points(self._lab, fitter, self._start))
            if not more:
                break
            self._points += [point for point in more if point not in self._points]
            self._proofs = [point for point in self._proofs if point not in more]
        return found

    def _size(self, fitter: Fitter, values: Values, kept: int) -> int | str | set[int] | None:
        """A size as it reads; the proofs at which its polynomial fails; None without one."""
        if len(set(values)) == 1:
            return values[0]
        part = fitter.size(values[:kept])
        if part is None:
            return None
        proofs = zip(self._proofs, values[kept:], strict=True)
        wrong = {place for place, (point, size) in enumerate(proofs) if part.at(point) != size}
        return wrong or part.text(self._lab.names)

    def _columns(self, points: Sequence[Point]) -> dict[Slot, list[Shape]]:
        """The shapes of what every forward has, with as many sizes in each, by slot."""
        graphs = [self._lab.graphs[point] for point in points]
        loose = plan_of(graphs).loose
        listed = [_shapes_by_slot(graph, loose) for graph in graphs]
        columns = {}
        for slot in listed[0]:
            shapes = [one[slot][1] for one in listed if slot in one]
            if len(shapes) == len(listed) and len({len(shape) for shape in shapes}) == 1:
                columns[slot] = shapes
        return columns


def _shapes_by_slot(graph: ModelGraph, loose: Collection[str]) -> dict[Slot, tuple[int, Shape]]:
    """The tensors that are the same thing in every forward: inputs, and what each op gives.

    The ops of modules in ``loose``, whose number varies, are left out; what the first call of a
    module gives is there.
    """
    found: dict[Slot, int] = {("input", 0, at): tensor for at, tensor in enumerate(graph.inputs)}
    for op, (path, place) in zip(graph.ops, cells_of(graph, loose), strict=True):
        if place is not None:
            found |= {(path, place, at): tensor for at, tensor in enumerate(op.outputs)}
    made = set(found.values())
    for call in graph.calls:
        if call.index == 0:
            for at, tensor in enumerate(call.outputs):
                if tensor not in made:
                    found[call.module, -1, at] = tensor
    return {slot: (tensor, graph.tensors[tensor].shape) for slot, tensor in found.items()}


def _told(lab: Lab) -> Any:
    sizes = ", ".join(f"{name} = {size:,}" for name, size in lab.inputs.dims.items())
    return note("MV022", f"shapes are in named dimensions; all figures are for {sizes}")
