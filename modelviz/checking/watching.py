"""One real forward on a copy, watched: what the graph of a forward does not tell."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import wraps
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from ..collecting import Newcomers
from ..dotted import join
from ..signatures import parameters_of as parameters_of_method
from ..tracing.control_flow import rule
from ..tracing.inputs import Inputs
from ..tracing.modules import NamedModule, first_paths, held_once
from ..tracing.names import function_name
from ..tracing.source import caller
from ..tracing.structure import shallow_tensors, tensors
from ..tracing.torch_internals import DisableTorchFunction, buffers_of, parameters_of
from .copies import called
from .hidden import contained
from .histories import Histories
from .silence import silent_parts
from .standing import attribute_tensors, brought_along, tensors_with_history
from .switches import switches_heard
from .watched import Occurrence, Watched

Line = tuple[str | None, int | None]

_SYNCS = {
    torch.Tensor.item: ".item()",
    torch.Tensor.tolist: ".tolist()",
    torch.Tensor.numpy: ".numpy()",
    torch.Tensor.__bool__: "bool(tensor)",
    torch.Tensor.__int__: "int(tensor)",
    torch.Tensor.__float__: "float(tensor)",
    torch.Tensor.__index__: "a tensor used as an index",
    torch.Tensor.nonzero: "nonzero",
    torch.nonzero: "nonzero",
}
_SIZES = frozenset(
    {torch.Tensor.shape.__get__, torch.Tensor.size, torch.Tensor.__len__}  # type: ignore[attr-defined]
)
_LOOKS = frozenset(
    {"data", "size", "dim", "ndim", "shape", "numel", "requires_grad", "dtype", "device", "grad"}
    | {"grad_fn", "is_leaf", "is_meta", "layout", "is_sparse", "is_floating_point", "is_complex"}
    | {"to", "_has_compatible_shallow_copy_type"}
)
"""What is asked of a new weight while it gets its values, or is moved where it will be used."""
_DRAWS = frozenset({"rand", "randn", "rand_like", "randn_like", "empty", "normal"})
_REDRAWS = frozenset({"normal_", "uniform_", "trunc_normal_", "log_normal_", "exponential_"})
_PRODUCTS = frozenset(
    {"linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "mul"}
    | {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
)


def watch(
    model: nn.Module,
    places: list[NamedModule],
    originals: list[NamedModule],
    method: str,
    inputs: Inputs,
) -> Watched:
    """One forward of ``model``, which is a copy, under the eyes of hooks and a function mode.

    ``originals`` are the places of the model that was copied: a function that a copy holds may
    still call the modules of the model.
    """
    omitted = _omitted(getattr(model, method), inputs)
    watcher = _Watcher(places, originals)
    watcher.given = {id(t): n for n, t in enumerate(tensors((inputs.args, inputs.kwargs)))}
    with torch.enable_grad(), watcher.watching():
        result = called(model, method, inputs)
    seen = replace(watcher.seen(result), silent=silent_parts(places, result), omitted=omitted)
    del result
    watcher.let_go()
    if method != "forward" or not (seen.made or watcher.kept):
        return seen
    return _told_apart(seen, model, places, originals, inputs)


# What a loss compares with, and what asks for one.
_TRAINS_WITH = re.compile(r"target|label|loss|train|truth|^(y|gt|tgt)$|_(y|gt)$|^(y|gt)_")


def _omitted(method: Callable[..., Any], inputs: Inputs) -> tuple[str, ...]:
    """The arguments that were not given, and by whose names the forward trains with them."""
    names = parameters_of_method(method)[len(inputs.args) :]
    return tuple(
        one.name
        for one in names
        if (one.default is None or isinstance(one.default, bool))
        and one.name not in inputs.kwargs
        and _TRAINS_WITH.search(one.name)
    )


def _marks(model: nn.Module) -> dict[str, tuple[Any, ...]]:
    """What shows that a forward gave a parameter values, as a moving average of a codebook does."""
    with DisableTorchFunction():  # nobody reads them here
        return {
            name: (id(p), p._version, p.data_ptr() if p.layout is torch.strided else None)
            for name, p in held_once(model, parameters_of).items()
        }


def _told_apart(
    seen: Watched,
    model: nn.Module,
    places: list[NamedModule],
    originals: list[NamedModule],
    inputs: Inputs,
) -> Watched:
    """``seen`` with what two calls in a row tell: what is built once, and what is carried over."""
    again = _Watcher(places, originals)
    try:
        with torch.enable_grad(), again.watching():
            called(model, "forward", inputs, inputs)
    except Exception:
        return seen  # it cannot be called twice with these inputs: nothing is told apart
    again.let_go()
    made = again.made
    built = tuple(sight for sight in seen.made if sight not in made)
    new = tuple(sight for sight in seen.made if sight in made)
    return replace(seen, made=new, built=built, carried=again.carried)


class _Watcher(TorchFunctionMode):
    def __init__(self, places: list[NamedModule], originals: list[NamedModule]) -> None:
        super().__init__()
        self._marks: dict[str, tuple[Any, ...]] = {}
        self._updated: set[str] = set()
        self._paths = first_paths([*places, *originals])
        self._known = {id(module): module for _, module in places}
        self._originals = {id(module) for _, module in originals}
        self._names = {
            id(parameter): join(path, name)
            for path, module in reversed([*places, *originals])
            for name, parameter in parameters_of(module).items()
            if parameter is not None
        }
        # Those of lazy layers get their first values in the first forward.
        self._filled = {
            id(parameter)
            for _, module in (*places, *originals)
            for parameter in parameters_of(module).values()
            if parameter is not None and not is_lazy(parameter)
        }
        self._owned = {
            id(tensor)
            for _, module in (*places, *originals)
            for tensor in (*parameters_of(module).values(), *buffers_of(module).values())
        }
        self._contained = {**contained(originals), **contained(places)}
        self._attributes = attribute_tensors(places, self._owned)
        self._moved = brought_along(places)
        # A layer or parameter that is nowhere in the model and not new is hidden in something.
        self._newcomers = Newcomers()
        self._registered: dict[int, list[nn.Parameter]] = defaultdict(list)
        self._root = id(places[0][1])
        self._places = places
        # What the forward leaves in attributes with a history, and what a second one then finds.
        self.kept: dict[int, tuple[str, torch.Tensor]] = {}
        self._from_before: dict[int, tuple[str, torch.Tensor]] = {}
        self._carried: dict[Occurrence, None] = {}
        self._stack: list[str] = []
        self._entered: Counter[int] = Counter()
        self._run: Counter[int] = Counter()
        self._lines: dict[int, Line] = {}
        self._found: dict[str, dict[Occurrence, None]] = {
            kind: {}
            for kind in ("hidden", "contained", "made", "loose", "untrained", "redrawn", "syncs")
        }
        self._histories = Histories(self._names)
        self._met: set[int] = set()
        self.given: Mapping[int, int] = {}
        self._sized: set[int] = set()
        self._drawn: set[int] = set()
        # What the forward makes lives on until the end, so that no ``id`` comes twice.
        self._kept: list[Any] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        with ExitStack() as stack:
            handles = (
                hooks.register_module_forward_pre_hook(self._before_call),
                hooks.register_module_forward_hook(self._after_call, always_call=True),
                hooks.register_module_parameter_registration_hook(self._on_registration),
            )
            for handle in handles:
                stack.callback(handle.remove)
            stack.enter_context(self._newcomers)
            stack.enter_context(switches_heard(self._entered_block, self._left_block))
            for module in self._known.values():
                if not isinstance(module, torch.jit.ScriptModule):
                    self._count_forwards(module)
            with self:
                yield

    def let_go(self) -> None:
        """Hold nothing of autograd's any more."""
        self._histories.let_go()

    @property
    def carried(self) -> tuple[Occurrence, ...]:
        """What the last call of the model read of what the one before has left."""
        return tuple(self._carried)

    @property
    def made(self) -> frozenset[Occurrence]:
        """What the last call of the model made."""
        return frozenset(self._found["made"])

    def seen(self, result: Any) -> Watched:
        direct = {
            Occurrence(type(module).__name__, self._paths[key], *self._lines.get(key, (None, None)))
            for key, module in self._known.items()
            if self._run[key] > self._entered[key] and self._paths[key]
        }
        outputs = [tensor for tensor in tensors(result) if tensor.requires_grad]
        histories = self._histories
        # What is kept with its history is for a loss that comes later, as that of an episode;
        # what is kept of a value that goes on without its history may be for nothing.
        ended = {name: t for name, t in self.kept.values() if histories.is_ended(t)}
        later = [tensor for _, tensor in self.kept.values() if not histories.is_ended(tensor)]
        reached = self._updated.union(histories.reached([*outputs, *later]))
        kept = {leaf: name for name, t in ended.items() for leaf in histories.leaves([t])}
        return Watched(
            direct=tuple(sorted(direct, key=lambda place: place.path)),
            stops=histories.stops,
            reached=frozenset(reached),
            kept=kept,
            met=frozenset(self._names[key] for key in self._met if key in self._names),
            sized=frozenset(self._sized),
            **{kind: tuple(places) for kind, places in self._found.items()},  # type: ignore[arg-type]
        )

    # -- modules ----------------------------------------------------------------------------

    def _count_forwards(self, module: nn.Module) -> None:
        forward = module.forward
        key = id(module)

        @wraps(forward)
        def counted(this: nn.Module, /, *args: Any, **kwargs: Any) -> Any:
            if this is not module:  # a copy of it that the forward has made
                return _rebound(forward, this)(*args, **kwargs)
            self._run[key] += 1
            if self._run[key] > self._entered[key]:
                self._lines.setdefault(key, caller())
            return forward(*args, **kwargs)

        vars(module)["forward"] = MethodType(counted, module)  # past a __setattr__ of its own

    def _before_call(self, module: nn.Module, args: Any) -> None:
        key = id(module)
        if key == self._root and not self._stack:
            self._marks = _marks(module)
        if key == self._root and self._entered[key] and not self._stack:
            self._newcomers.settle()
            self._registered.clear()
            self._found["made"].clear()
            self._from_before = self.kept
        self._entered[key] += 1
        if isinstance(module, torch.jit.ScriptModule):  # nobody sees what is read inside
            self._met.update(map(id, held_once(module, parameters_of).values()))
        if key in self._known or key in self._originals:
            self._stack.append(self._paths[key])
            return
        self._stack.append(self._path)
        # Tensors that stand in for parameters, as in functional_call, are somebody else's.
        held = [p for p in parameters_of(module).values() if isinstance(p, nn.Parameter)]
        hidden = not self._newcomers.is_new(module)
        if not hidden and not self._is_built(module):
            # A copy of a layer, whose weights are those of the layer: nothing registers them.
            self._owned.update(map(id, held))
            return
        # What is hidden and asks for no gradient, as a teacher may be, is hidden on purpose.
        # One whose weights the model has registered elsewhere hides nothing.
        inside = held_once(module, parameters_of).values()
        held = [p for p in inside if isinstance(p, nn.Parameter) and id(p) not in self._owned]
        # The weights of a layer that is told of are not told of again.
        self._owned.update(map(id, held))
        if any(p.requires_grad if hidden else self._newcomers.is_new(p) for p in held):
            self._note_strange("hidden" if hidden else "made", module, type(module).__name__)

    def _after_call(self, module: nn.Module, args: Any, output: Any) -> None:
        if self._stack:
            self._stack.pop()
        if id(module) == self._root and not self._stack:
            self.kept = tensors_with_history(self._places)
            now = _marks(module)
            self._updated = {name for name, mark in self._marks.items() if now.get(name) != mark}

    def _on_registration(self, module: nn.Module, name: str, parameter: Any) -> None:
        # What is made and not used, as a layer that is given another's weights, does no harm.
        if parameter is not None:
            self._registered[id(module)].append(parameter)
            self._kept.append(module)

    def _is_built(self, module: nn.Module) -> bool:
        """Whether a layer was given parameters in the forward that were made in it."""
        return any(map(self._newcomers.is_new, self._registered.get(id(module), ())))

    def _entered_block(self, enabled: bool, text: str) -> None:
        if self._stack:
            self._histories.entered(enabled, text, self._path)

    def _left_block(self) -> None:
        if self._stack:
            self._histories.left()

    # -- functions --------------------------------------------------------------------------

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        control = rule(func)
        if control is not None:
            with self:
                return control(lambda condition, _: bool(condition), *args, **kwargs)
        name = function_name(func)
        given = list(shallow_tensors((args, kwargs)))
        starting = name.endswith("_") or name in _LOOKS
        for tensor in given:
            self._read(tensor, starting)
        if name in _REDRAWS and given and id(given[0]) in self._filled:
            self._note("redrawn", self._names[id(given[0])])
        if func in _SIZES:
            self._sized.update(self.given[id(t)] for t in given if id(t) in self.given)
        elif self._drawn:
            self._weighed(name, given)
        result = func(*args, **kwargs)
        if name not in _LOOKS and self._from_before:
            self._note_carried(given, result)
        if name in _DRAWS and kwargs.get("requires_grad"):
            self._drawn.update(map(id, shallow_tensors(result)))
            self._kept.append(result)
        if func in _SYNCS:
            self._note("syncs", _SYNCS[func])
        elif any(tensor.requires_grad for tensor in given):
            self._histories.stopped(name, self._path, given, list(shallow_tensors(result)))
        return result

    def _read(self, tensor: torch.Tensor, starting: bool) -> None:
        """Note a tensor that is not the model's; ``starting`` is where one only gets its values."""
        key = id(tensor)
        if key in self._owned:
            self._met.add(key)
            return
        attribute = self._attributes.get(key)
        # One without data is a template, as functional_call takes it: it has no values to learn.
        if isinstance(tensor, nn.Parameter) and not tensor.is_meta:
            kind = "made" if self._newcomers.is_new(tensor) else "hidden"
            if not starting if kind == "made" else tensor.requires_grad:
                self._note_strange(kind, tensor, "nn.Parameter")
            self._kept.append(tensor)
        elif attribute is not None:
            wanting = tensor.requires_grad and tensor.is_leaf
            if wanting or key not in self._moved:
                self._note("untrained" if wanting else "loose", attribute)

    def _note_carried(self, given: list[torch.Tensor], result: Any) -> None:
        """Note what comes from the call before, unless its history ends here, as in ``detach``."""
        kept = [t for t in given if id(t) in self._from_before and t.grad_fn is not None]
        before = [self._from_before[id(t)][0] for t in kept]
        if before and any(tensor.requires_grad for tensor in shallow_tensors(result)):
            self._carried.update({Occurrence(what, self._path, *caller()): None for what in before})

    def _weighed(self, name: str, given: list[torch.Tensor]) -> None:
        """Note a random leaf of the forward's own that is used as a layer's weight would be.

        Where it meets parameters it is an input, such as the points of a differential equation.
        """
        drawn = [tensor for tensor in given if id(tensor) in self._drawn]
        others = len(given) > len(drawn) > 0
        if others and name in _PRODUCTS and not any(isinstance(t, nn.Parameter) for t in given):
            self._note("made", "a random tensor with requires_grad=True")

    @property
    def _path(self) -> str:
        return self._stack[-1] if self._stack else ""

    def _note_strange(self, kind: str, part: nn.Module | nn.Parameter, what: str) -> None:
        """Note a part that the model has not registered; one in a container by that one's name."""
        holder = self._contained.get(id(part))
        self._note(*((kind, what) if holder is None else ("contained", holder.name)))
        self._kept.append(part)

    def _note(self, kind: str, what: str) -> None:
        self._found[kind][Occurrence(what, self._path, *caller())] = None


def _rebound(method: Any, owner: nn.Module) -> Any:
    """A method of one module as that of another."""
    return MethodType(method.__func__, owner) if isinstance(method, MethodType) else method
