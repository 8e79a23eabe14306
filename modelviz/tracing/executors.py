"""How kernels run: for real, or on fake tensors that have shapes and no data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from .attribute_set import attribute_set
from .bounds import bounds_of
from .counterparts import Counterparts
from .devices import StandIns, claim
from .fake_internals import known_values_pass, swaps_followed
from .guard import Guard
from .known import (
    doubt,
    forget_overwritten,
    is_known,
    known_view,
    numbers_of,
    spared,
    value_of_settings,
)
from .mode_internals import disable_current_modes, disable_torch_dispatch, pop_mode, push_mode
from .no_compiler import learn
from .recipes import Output, Recipe, may_be_known
from .recorder import Recorder
from .refusals import Refusal, index_error, own_words, refusal
from .shapes import SHAPES, WHOLE, memory_of_loss
from .structure import kernel_tensors
from .torch_internals import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    HigherOrderOperator,
    UnsupportedOperatorException,
    is_functorch_wrapped_tensor,
)

_alias = torch.ops.aten.alias.default
_lift_fresh = torch.ops.aten.lift_fresh.default
_PLAIN = (torch.Tensor, nn.Parameter)


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
    """Runs kernels on fake tensors: those that stand for real ones, and what comes of them."""

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
        self._caching = mode.cache_enabled
        self._stand_ins = stand_ins
        self._recorder = recorder
        self._counterparts = Counterparts(mode, recorder, guard, stand_ins)
        self._fake = self._counterparts.fake
        self.made = self._counterparts.made
        self.alias = self._counterparts.alias
        self.takes_data = self._counterparts.takes_data
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
            attribute_set(converter, "new", self._counterparts.new),
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
            forget_overwritten(self._mode, function, fake_kwargs)
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
            fake_args = spared(self.made, function, fake_args, fake_kwargs)
            result = None
            if not fake_kwargs and self._stand_ins is None:
                result = known_view(self._mode, function, fake_args)
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
            self._counterparts.reshaped(function, args, fake_args, kwargs, fake_kwargs)
        if not swapped and isinstance(result, FakeTensor):
            value = value_of_settings(result, function, args, fake_kwargs)
            result = result if value is None else self._counterparts.known(value)
        if claimed is not None:
            claim(result, claimed)
        doubt(result, function, (*fake_args, *fake_kwargs.values()))
        return self._counterparts.real(result) if swapped or kwargs else result

    def value_of(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """What ``tensor`` holds, with data, where that is known."""
        fake = self._counterparts.met(tensor)
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

    def classes(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise what ``one_hot`` does for classes that are known and of which it has too few.

        It is made of kernels none of which would see that.
        """
        known = self.value_of(args[0]) if args and isinstance(args[0], torch.Tensor) else None
        if known is None or not known.numel() or known.dtype != torch.int64:
            return
        with disable_current_modes():
            most = torch.stack(torch.aminmax(known))
            try:
                function(most, *args[1:], **kwargs)
            except RuntimeError as error:
                raise self._refuse(Refusal(error, certain=True)) from None

    def _out_of_bounds(self, function: Any, args: list[Any]) -> bool:
        """Whether a known index is out of bounds of what a kernel looks up by it."""
        found = bounds_of(function, args)
        if found is None:
            return False
        op = self._recorder.open_op
        outside = False
        for index, bounds in found:
            if op is not None:
                op.bounds = (*op.bounds, (id(self._counterparts.real(index)), bounds))
            value = self.value_of(index)
            outside = outside or (value is not None and bounds.exclude(value))
        return outside

    def _enlarge(self, result: torch.Tensor, size: int) -> None:
        """Let the memory of ``result`` have ``size`` bytes, if it has fewer."""
        with disable_torch_dispatch():
            memory = result.untyped_storage()
            if memory.nbytes() < size:
                memory.resize_(size)
                if self._recorder.open_op is not None:
                    self._recorder.open_op.repeatable = False

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

    def _make(self, output: Output | None, tensors: list[torch.Tensor]) -> Any:
        if output is None:
            return None
        if output.same and output.source is not None:
            return tensors[output.source]
        return self.made(output, tensors)

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
