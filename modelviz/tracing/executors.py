"""How kernels run: for real, or on fake tensors that have shapes and no data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import prod
from typing import Any

import torch
from torch import nn

from .attribute_set import attribute_set
from .bounds import bounds_of
from .devices import StandIns, claim
from .fake_internals import known_values_pass, swaps_followed
from .fakes import FakeMaker
from .guard import Guard
from .known import doubt, is_known, numbers_of, value_of_settings
from .no_compiler import learn
from .recipes import MAX_KNOWN, Output, Recipe, is_small, may_be_known
from .recorder import Recorder
from .refusals import Refusal, index_error, own_words, refusal
from .shapes import SHAPES, WHOLE, memory_of_loss
from .state.memory import unwatched
from .structure import kernel_tensors
from .torch_internals import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    HigherOrderOperator,
    UnsupportedOperatorException,
    disable_current_modes,
    disable_torch_dispatch,
    is_functorch_wrapped_tensor,
    pop_mode,
    push_mode,
    schema_of,
)

_alias = torch.ops.aten.alias.default
_lift_fresh = torch.ops.aten.lift_fresh.default
_PLAIN = (torch.Tensor, nn.Parameter)
_SETTING = frozenset(getattr(torch.ops.aten.set_, name) for name in torch.ops.aten.set_.overloads())
"""What gives a tensor other memory, though it may have the same shape there."""


def _same_geometry(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.layout is not torch.strided or one.is_nested or one.is_quantized:
        return True  # which no kernel reshapes
    return one.shape == other.shape and one.stride() == other.stride()


class RealExecutor:
    """Runs kernels as they are."""

    fake = False
    assumes = False
    refused = None

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def context(self) -> AbstractContextManager[None]:
        """What has to be active while the forward runs: nothing."""
        return nullcontext()

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the kernel returns."""
        return function(*args, **kwargs)

    def remember(self, kernels: bool) -> None:
        """Real kernels run each time."""

    def before_write(self, tensor: torch.Tensor) -> None:
        """Keep what ``tensor`` holds, to put it back afterwards."""
        self._guard.before_write(tensor)

    def repeat(
        self,
        recipe: Recipe,
        tensors: list[torch.Tensor],
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """What ``function`` returns, its kernels unseen by the innermost dispatch mode."""
        mode = pop_mode(None)
        try:
            return function(*args, **kwargs)
        finally:
            push_mode(mode)

    def alias(self, tensor: torch.Tensor) -> torch.Tensor:
        """Another tensor with the data of ``tensor``."""
        # No mode has to see it, and going through ours takes three times as long.
        with disable_torch_dispatch():
            result: torch.Tensor = _alias(tensor)
        return result


class FakeExecutor:
    """Runs kernels on fake tensors: real ones (weights, constants) get a stand-in at first use.

    The model keeps its real parameters, so nothing in it is swapped or restored; kernels never
    see them, so no data is read or written.
    """

    fake = True

    def __init__(
        self,
        mode: FakeTensorMode,
        recorder: Recorder,
        guard: Guard,
        stand_ins: StandIns | None = None,
        assumes: bool = True,
    ) -> None:
        self.assumes = assumes
        self._guard = guard
        self._mode = mode
        self._new = FakeMaker(mode)
        self._caching = mode.cache_enabled
        self._stand_ins = stand_ins
        self._recorder = recorder
        self._fakes: dict[int, FakeTensor] = {}
        self._reals: dict[int, torch.Tensor] = {}
        # What has been replaced stays, so that nothing else gets its ``id``.
        self._replaced: list[Any] = []
        self._written: set[int] = set()
        self.refused: Exception | None = None
        """What a real kernel has said last to the very arguments of the forward."""

    @contextmanager
    def context(self) -> Iterator[None]:
        """New tensors are fake."""
        absent = nullcontext() if self._stand_ins is None else self._stand_ins.functions()
        swaps = swaps_followed(self._recorder.exchange)
        converter: Any = self._mode.fake_tensor_converter
        with (
            known_values_pass(),
            swaps,
            self._mode,
            absent,
            attribute_set(converter, "new", self._new),
        ):
            yield

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the kernel returns on stand-ins; a real tensor it changed comes back itself."""
        if isinstance(function, HigherOrderOperator):
            learn(function)
        swapped = False
        fake_args = []
        for value in args:
            fake = self._fake(value)
            swapped = swapped or fake is not value
            fake_args.append(fake)
        fake_kwargs = {name: self._fake(value) for name, value in kwargs.items()}
        if self._stand_ins is not None:
            self._stand_ins.redirect(fake_kwargs)
        if torch.is_inference_mode_enabled() and any(map(is_known, kernel_tensors(fake_args))):
            # The mode cannot make a fake tensor of what is a view only here.
            with torch.inference_mode(False), torch.no_grad():
                return self.run(function, args, kwargs)
        if kwargs:
            self._overwritten(function, fake_kwargs)
        refused = refusal(function, fake_args, fake_kwargs)
        if refused is None and self._stand_ins is not None:
            refused = self._stand_ins.apart(function, fake_args)
        if refused is None and self._out_of_bounds(function, fake_args):
            refused = index_error(function, fake_args, fake_kwargs)
        if refused is not None:
            raise self._refuse(refused)
        if (
            function is _lift_fresh
            and swapped
            and self._stand_ins is None
            and is_known(fake_args[0])
        ):
            return args[0]  # what ``torch.tensor`` has made, of which the mode gives the same back
        shape = SHAPES.get(function)
        if shape is not None:
            return self.made(shape(*args, **kwargs))
        claimed = None
        if self._stand_ins is not None:
            claimed = self._stand_ins.computed_here(fake_args, fake_kwargs)
        try:
            fake_args = self._spared(function, fake_args, fake_kwargs)
            result = self._known_view(function, fake_args, fake_kwargs)
            if result is None:
                result = function(*fake_args, **fake_kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException):
            if not self._has_data((*args, *kwargs.values())):
                raise
            return self._run_on_data(function, args, kwargs)
        except UnsupportedOperatorException:
            raise
        except Exception:
            refused = own_words(function, fake_args, fake_kwargs)
            if refused is None:
                raise
            raise self._refuse(refused) from None
        if id(function) in WHOLE:
            self._enlarge(result, memory_of_loss(*fake_args[:2]))
        if swapped or (kwargs and any([fake_kwargs[n] is not v for n, v in kwargs.items()])):
            self._reshaped(function, args, fake_args, kwargs, fake_kwargs)
        if not swapped and isinstance(result, FakeTensor):
            value = value_of_settings(result, function, args, fake_kwargs)
            result = result if value is None else self._known(value)
        if claimed is not None:
            claim(result, claimed)
        doubt(result, function, (*fake_args, *fake_kwargs.values()))
        return self._real(result) if swapped or kwargs else result

    def value_of(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """What ``tensor`` holds, with data, where that is known."""
        fake = self._fakes.get(id(tensor), tensor)
        if isinstance(fake, FakeTensor):
            return fake.constant
        # One of a class of its own, or inside vmap and its like, stands for others.
        plain = type(tensor) in _PLAIN and not is_functorch_wrapped_tensor(tensor)
        return tensor if plain and may_be_known(tensor) else None

    def of_numbers(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function makes of a list of numbers, some of which are tensors of one value.

        PyTorch asks each for its value, where all but the value of the result is known.
        """
        found = numbers_of(args[0], self.value_of) if len(args) == 1 else None
        if found is None:
            return function(*args, **kwargs)
        numbers, dtype, known = found
        result = function(numbers, **{"dtype": dtype, **kwargs})
        if known:
            return result
        op = self._recorder.open_op
        if op is not None:
            self._recorder.read(op, result)
        return self.made(Output.of(result, None, None))

    def _out_of_bounds(self, function: Any, args: list[Any]) -> bool:
        """Whether a known index is out of bounds of what a kernel looks up by it."""
        found = bounds_of(function, args)
        if found is None:
            return False
        op = self._recorder.open_op
        outside = False
        for index, bounds in found:
            if op is not None:
                op.bounds = (*op.bounds, (id(self._reals.get(id(index), index)), bounds))
            value = self.value_of(index)
            outside = outside or (value is not None and bounds.exclude(value))
        return outside

    def _spared(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
        """``args`` without values from which one too large to be known would be computed.

        The mode finds out from the result: a mask of 60,000 tokens would take 29 GB before.
        """
        found = kernel_tensors(args)
        known = [tensor for tensor in found if is_known(tensor)]
        if not known:
            return args
        # Two that differ in shape may be broadcast against one another.
        most = prod({tuple(tensor.shape): tensor.numel() for tensor in found}.values())
        most *= prod([n for value in args if type(value) is list for n in value if type(n) is int])
        schema = schema_of(function)
        if 0 <= most <= MAX_KNOWN or schema is None or schema.is_mutable or function.is_view:
            return args
        if len(known) < len(found):
            # Shapes follow from values of indices and counts at most, never of what is picked from.
            return [self._unknown(args[0]), *args[1:]] if is_known(args[0]) else args
        unknown = [self._unknown(value) for value in args]
        try:
            results = kernel_tensors((function(*unknown, **kwargs),))
        except (DataDependentOutputException, DynamicOutputShapeException):
            return args
        return unknown if not all(map(is_small, results)) else args

    def _enlarge(self, result: torch.Tensor, size: int) -> None:
        """Let the memory of ``result`` have ``size`` bytes, if it has fewer."""
        with disable_torch_dispatch():
            memory = result.untyped_storage()
            if memory.nbytes() < size:
                memory.resize_(size)
                if self._recorder.open_op is not None:
                    self._recorder.open_op.repeatable = False

    def _overwritten(self, function: Any, kwargs: dict[str, Any]) -> None:
        """Forget the values of what is given as ``out=``.

        From known values the mode would compute the new ones, and leave a stand-in its old shape.
        """
        known = [value for value in kwargs.values() if is_known(value)]
        schema = schema_of(function) if known else None
        if schema is not None and schema.is_mutable:
            for fake in known:
                self._mode.fake_tensor_converter.invalidate_constant_aliases(fake.constant)

    def _reshaped(
        self,
        function: Any,
        args: tuple[Any, ...],
        fake_args: list[Any],
        kwargs: dict[str, Any],
        fake_kwargs: dict[str, Any],
    ) -> None:
        """A real tensor takes the shape that a kernel gave its stand-in: ``t_``, ``out=``."""
        schema = schema_of(function)
        if schema is None or not schema.is_mutable:
            return
        reals = kernel_tensors((*args, *kwargs.values()))
        fakes = kernel_tensors((*fake_args, *fake_kwargs.values()))
        for real, fake in zip(reals, fakes, strict=True):
            if real is not fake and (function in _SETTING or not _same_geometry(real, fake)):
                self._take_shape(real, fake)

    def _take_shape(self, real: Any, fake: torch.Tensor) -> None:
        """Give ``real`` memory for the shape of ``fake``, until all is put back."""
        self._guard.before_set(real)
        with unwatched():
            real.data = torch.empty_strided(
                fake.shape, fake.stride(), dtype=fake.dtype, device=real.device
            )
        self._recorder.stores.unite(fake, real)
        self._replaced.append(real.untyped_storage())

    def takes_data(self, real: Any, fake: Any) -> bool:
        """Whether ``real`` was given the data of ``fake``, which a real tensor cannot hold.

        It gets the shape, and the fake tensor as its stand-in.
        """
        if type(real) is FakeTensor or type(fake) is not FakeTensor:
            return False
        stand_in: Any = self.alias(fake)
        before = self._fakes.get(id(real))
        if before is not None:
            del self._reals[id(before)]
            self._replaced.append(before)
        self._fakes[id(real)] = stand_in
        self._reals[id(stand_in)] = real
        self._take_shape(real, fake)
        return True

    def _known_view(
        self, function: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> FakeTensor | None:
        """A view of a tensor whose value is known, as the mode makes it, in half of the time.

        None for everything else.
        """
        if not getattr(function, "is_view", False) or kwargs or self._stand_ins is not None:
            return None
        if not is_known(args[0]) or len(kernel_tensors(args)) > 1:
            return None
        with disable_torch_dispatch():
            view = function(args[0].constant, *args[1:])
            if not isinstance(view, torch.Tensor) or not self._mode.may_turn_const(view):
                return None
        return self._mode.fake_tensor_converter.from_real_tensor(
            self._mode, view, make_constant=True
        )

    def _unknown(self, value: Any) -> Any:
        """A fake tensor, or each of a list, without its value."""
        if isinstance(value, FakeTensor):
            return self.made(Output.of(value, None, None))
        if type(value) in (list, tuple):
            return type(value)(self._unknown(part) for part in value)
        return value

    def _refuse(self, refused: Refusal) -> Exception:
        """What the real kernel has raised, to raise it here."""
        if refused.certain:
            self.refused = refused.error
        return refused.error

    def beside(self, recorder: Recorder) -> FakeExecutor:
        """The same for what ``recorder`` is told, which is no part of the forward."""
        return FakeExecutor(self._mode, recorder, self._guard, self._stand_ins, self.assumes)

    def remember(self, kernels: bool) -> None:
        """Whether the mode remembers what kernels give, which takes as long as a third of them."""
        self._mode.cache_enabled = kernels and self._caching

    def before_write(self, tensor: torch.Tensor) -> None:
        """From now on the data of ``tensor`` is not what the forward would see."""
        self._written.add(id(tensor))
        self._guard.touch(tensor)
        # A view of a real tensor has other memory here, and counts writes with it.
        reference = self._recorder.stores.of(tensor, None)[0].reference
        if reference is not None:
            self._guard.touch_storage(reference.key)

    def repeat(
        self,
        recipe: Recipe,
        tensors: list[torch.Tensor],
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Tensors like those that the function returned before, without calling it."""
        made = [self._make(output, tensors) for output in recipe.outputs]
        return made[0] if recipe.container is torch.Tensor else recipe.container(made)

    def alias(self, tensor: torch.Tensor) -> torch.Tensor:
        """Another tensor with the memory of ``tensor``."""
        result = self.made(Output.of(tensor, tensor, 0), [tensor])
        constant = self._fake(tensor).constant
        if constant is not None:
            result.constant = constant
            self._mode.fake_tensor_converter.add_constant_storage_mapping(result)
        return result

    def _make(self, output: Output | None, tensors: list[torch.Tensor]) -> Any:
        if output is None:
            return None
        if output.same and output.source is not None:
            return tensors[output.source]
        return self.made(output, tensors)

    def made(self, output: Output, tensors: Sequence[torch.Tensor] = ()) -> FakeTensor:
        """A tensor like ``output``, which may be a view of one of ``tensors``."""
        # As FakeTensorMode does for an output that it has cached.
        base = None if output.source is None else self._fake(tensors[output.source])
        with disable_torch_dispatch():
            shape = torch.empty_strided(
                output.shape, output.stride, dtype=output.dtype, device="meta"
            )
            if base is not None:
                offset = base.storage_offset() + output.offset
                shape.set_(base.untyped_storage(), offset, output.shape, output.stride)
        made = self._new(shape, output.device)
        if output.learns:
            made.requires_grad_()
        return made

    def _fake(self, value: Any) -> Any:
        kind = type(value)
        if kind is FakeTensor:
            return value
        if isinstance(value, torch.Tensor):
            fake = self._fakes.get(id(value))
            if fake is None:
                fake = self._stand_in(value)
                self._fakes[id(value)] = fake
                self._reals[id(fake)] = value
                self._recorder.stores.unite(value, fake)
            return fake
        if (kind is list or kind is tuple) and any(isinstance(p, torch.Tensor) for p in value):
            return kind(self._fake(part) for part in value)
        return value

    def _stand_in(self, tensor: torch.Tensor) -> FakeTensor:
        plain = (
            type(tensor) in (torch.Tensor, nn.Parameter)
            and tensor.layout is torch.strided
            and not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
            and tensor.storage_offset() == 0
            and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        )
        if self._stand_ins is not None and tensor.is_meta:
            claiming = self._stand_ins.of(tensor)
            if isinstance(claiming, FakeTensor):
                return claiming
        if not plain:
            return self._mode.from_tensor(tensor)
        # What ``from_tensor`` comes to for a tensor that is its whole storage, in a fifth of the
        # time: it also carries gradients, views and subclasses over.
        if may_be_known(tensor):
            return self._known(tensor)
        with disable_torch_dispatch():
            shape = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
            )
        return self._new(shape, tensor.device)

    def _known(self, tensor: torch.Tensor) -> FakeTensor:
        """A fake tensor whose value is known, so that control flow may depend on it.

        FakeTensorMode computes what follows from known values alone, and forgets a value that
        is written over.
        """
        with disable_current_modes():
            return self._mode.fake_tensor_converter.from_real_tensor(
                self._mode, tensor.detach().clone(), make_constant=True
            )

    def _real(self, result: Any) -> Any:
        if isinstance(result, torch.Tensor):
            return self._reals.get(id(result), result)
        if type(result) in (list, tuple):
            return type(result)(self._real(part) for part in result)
        return result

    def _has_data(self, values: Any) -> bool:
        """Whether every tensor among ``values`` is a real one that the forward has not changed."""
        for value in values:
            if isinstance(value, (list, tuple)):
                if not self._has_data(value):
                    return False
            elif isinstance(value, torch.Tensor) and (
                isinstance(value, FakeTensor) or value.is_meta or id(value) in self._written
            ):
                return False
        return True

    def _run_on_data(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A constant of the model decides (``int(self.window)``): look at its data."""
        with disable_current_modes():
            return function(*args, **kwargs)
