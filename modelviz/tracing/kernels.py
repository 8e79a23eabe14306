"""A dispatch mode: the aten kernels below each op, with FLOPs, bytes, views and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ..findings import note
from ..units import count_text
from .arguments import plain_arguments
from .captured import is_flex_attention, read_captured
from .counting import Formula
from .formulas import estimate_of, kernel_formula, uncounted
from .linear_algebra import values_alone
from .missing import error_text
from .mode_internals import UncompiledMode
from .names import function_name
from .ragged import PRODUCTS, flops_of_parts, is_ragged, numel_of
from .recipes import Recipe
from .recorder import Recorder
from .records import OpRecord
from .structure import PLAIN, kernel_tensors, shallow_tensors
from .torch_internals import DisableTorchFunction, is_composite, schema_of

# What these return depends on the shape of their arguments, not on the data.
_SHAPE_ONLY = {
    "empty_like",
    "zeros_like",
    "ones_like",
    "full_like",
    "rand_like",
    "randn_like",
    "randint_like",
    "new_empty",
    "new_empty_strided",
    "new_zeros",
    "new_ones",
    "new_full",
    "_efficientzerotensor",
    "sym_size",
    "sym_stride",
    "sym_numel",
    "sym_storage_offset",
    "is_same_size",
}
# In-place kernels that overwrite their first argument without looking at it.
_OVERWRITES = {
    "copy_",
    "fill_",
    "zero_",
    "normal_",
    "uniform_",
    "random_",
    "exponential_",
    "geometric_",
    "cauchy_",
    "log_normal_",
    "set_",
    "resize_",
}
# Kernels that read only the rows they pick, not the whole first argument.
_GATHERS = {"embedding", "index_select", "gather", "index", "take", "_embedding_bag"}
# Statistics that these update in training, though their schemas do not say so.
_HIDDEN_WRITES = {
    "native_batch_norm": (3, 4),
    "cudnn_batch_norm": (3, 4),
    "miopen_batch_norm": (3, 4),
    "batch_norm_update_stats": (1, 2),
    "batch_norm_gather_stats_with_counts": (3, 4),
}
# Where the argument stands that says whether they do.
_TRAINING_FLAG = {
    "native_batch_norm": 5,
    "cudnn_batch_norm": 5,
    "miopen_batch_norm": 5,
    "_native_batch_norm_legit": 5,
}
_MASKS = (torch.bool, torch.uint8)
# What such kernels return depends on the values in their arguments.
_VALUE_TAGS = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


@dataclass(frozen=True, slots=True)
class KernelTraits:
    """What the schema and the name of a kernel say about it."""

    name: str
    question: bool
    writes: bool
    written: tuple[int, ...]
    written_names: tuple[str, ...]
    reads: bool
    overwrites: bool
    metadata_only: bool
    gathers: bool
    repeatable: bool
    picks: bool
    composite: bool
    formula: Formula | None
    uncounted: str | None
    estimate: Formula | None


class Executor(Protocol):
    """Runs kernels and functions: for real, or on fake tensors."""

    fake: bool
    assumes: bool

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the kernel returns, in terms of the tensors that the user's code holds."""

    def remember(self, kernels: bool) -> None:
        """Whether to remember what kernels give: not where the whole function is remembered."""

    def before_write(self, tensor: torch.Tensor) -> None:
        """Called before a kernel writes to a tensor that was there before the forward."""

    def repeat(
        self,
        recipe: Recipe,
        tensors: list[torch.Tensor],
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """What a function returns of which it is known what it does."""

    def alias(self, tensor: torch.Tensor) -> torch.Tensor:
        """Another tensor object with the same data."""


class KernelMode(UncompiledMode):
    """Tells the recorder what each kernel reads, makes and writes."""

    # Higher-order ops run as they are; the kernels inside them are seen one by one.
    supports_higher_order_operators = True

    def __init__(self, recorder: Recorder, executor: Executor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.recorder = recorder
        self.executor = executor
        self.paused = False
        self._named: set[str] = set()
        # By ``id``: hashing an OpOverload costs more than the look-up, and torch keeps them alive.
        self._traits: dict[int, KernelTraits] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        recorder = self.recorder
        traits = self._traits.get(id(func))
        if traits is None:
            traits = self._traits[id(func)] = _traits(func)
        if self.paused or traits.question:
            return self.executor.run(func, args, kwargs)
        op = recorder.open_op
        if op is not None:
            try:
                return self._observe(op, traits, func, args, kwargs)
            except Exception as error:
                op.said = error_text(error)
                raise
        with DisableTorchFunction():
            op = recorder.begin(function_name(func), func, plain_arguments(args, kwargs))
            op.backward = recorder.passes > 0
            try:
                result = self._observe(op, traits, func, args, kwargs)
            except BaseException as error:
                recorder.fail(op, error, shallow_tensors((args, kwargs)))
                raise
            recorder.finish(op, shallow_tensors(result))
        return result

    def _observe(
        self,
        op: OpRecord,
        traits: KernelTraits,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        recorder = self.recorder
        sources = kernel_tensors(args)
        if kwargs:
            sources += kernel_tensors(kwargs.values())
        if traits.composite and torch.is_inference_mode_enabled() and all(map(_is_plain, sources)):
            # Everywhere else autograd has taken it apart before it comes here.
            with self:
                return func.decompose(*args, **kwargs)
        recorder.meet(sources)
        written = _written(traits, args, kwargs) if traits.writes else ()
        read = [t for t in sources if not _among(t, written)] if traits.overwrites else sources
        for tensor in written:
            if recorder.from_outside(tensor):
                self.executor.before_write(tensor)
            if traits.reads:
                for source in read:
                    recorder.read(op, source)
        if traits.name == "flex_attention" and is_flex_attention(func):
            self._look_inside(op, func, args, kwargs)
        result = self.executor.run(func, args, kwargs)
        outputs = kernel_tensors(result if isinstance(result, (tuple, list)) else (result,))
        if not traits.repeatable or (traits.picks and _by_mask(args[1])):
            op.repeatable = False
        if traits.metadata_only:
            recorder.reshape_in_place(op, outputs)
            return result
        for tensor in written:
            recorder.write(op, tensor)
        fresh = [tensor for tensor in outputs if recorder.produce(op, tensor, sources)]
        if traits.reads and (fresh or not outputs) and not written:
            for source in read:
                recorder.read(op, source)
        if fresh or written:
            op.moved_data = True
            op.bytes_written += _bytes(fresh) + _bytes(written)
            if traits.gathers and fresh:
                op.bytes_read += _bytes(fresh[:1]) + _bytes(read[1:])
            elif traits.reads:
                op.bytes_read += _bytes(read)
        ragged = is_ragged(sources)
        if ragged or traits.formula is not None or traits.uncounted is not None:
            self._count(op, traits, func, args, kwargs, result, ragged)
        return result

    def _count(
        self,
        op: OpRecord,
        traits: KernelTraits,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        ragged: bool,
    ) -> None:
        """Add the FLOPs of a kernel, or say that they are not known."""
        known = PRODUCTS.get(traits.name, traits.formula) if ragged else traits.formula
        arguments = {name: value for name, value in kwargs.items() if name != "out"}
        if known is not None:
            if ragged:
                flops: Any = flops_of_parts(known, args, arguments, result)
            else:
                flops = known(*args, out=result, **arguments)
            if flops is None:
                self._name_uncounted(op, func, "it depends on values that are not known here")
            else:
                op.flops += int(flops)
        elif traits.uncounted is not None:
            reason = traits.uncounted
            if traits.estimate is not None:
                estimate = values_alone(op.name, traits.name) or traits.estimate
                about = None if ragged else estimate(*args, out=result, **arguments)
                reason += "" if about is None else f" (about {count_text(about, 'FLOPs')})"
            self._name_uncounted(op, func, reason)

    def _name_uncounted(self, op: OpRecord, func: Any, reason: str) -> None:
        """A finding on the first op of a kind whose FLOPs are not known."""
        op.repeatable = False
        name = str(getattr(func, "overloadpacket", func)).replace(".", "::", 1)
        if name in self._named:
            return
        self._named.add(name)
        self.recorder.findings[
            note(
                "MV002",
                f"no FLOPs formula for {name}: counted as 0, since {reason}",
                path=self.recorder.calls[op.call].module,
                file=op.file,
                line=op.line,
                hint=f"modelviz.register_flops({name!r}, formula) counts it",
            )
        ] = None

    def _look_inside(
        self, op: OpRecord, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Let ``op`` read what the functions among its arguments read; it costs nothing."""
        figures = op.flops, op.bytes_read, op.bytes_written
        with self:
            read_captured(*args, **kwargs)
        op.flops, op.bytes_read, op.bytes_written = figures


def _is_plain(tensor: torch.Tensor) -> bool:
    return type(tensor) in PLAIN and not tensor.is_nested


def _among(tensor: torch.Tensor, others: tuple[torch.Tensor, ...]) -> bool:
    return any(tensor is other for other in others)


def _by_mask(indices: Iterable[Any]) -> bool:
    """Whether an element is picked where a mask is true: how many that are, its values decide."""
    return any(index is not None and index.dtype in _MASKS for index in indices)


def _bytes(tensors: Iterable[torch.Tensor]) -> int:
    return sum([numel_of(tensor) * tensor.element_size() for tensor in tensors])


def _written(
    traits: KernelTraits, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[torch.Tensor, ...]:
    flag = _TRAINING_FLAG.get(traits.name)
    if flag is not None and not (len(args) > flag and args[flag]):
        return ()
    chosen: list[Any] = [args[position] for position in traits.written if position < len(args)]
    chosen += [kwargs[name] for name in traits.written_names if name in kwargs]
    return tuple(kernel_tensors(chosen))


def _traits(func: Any) -> KernelTraits:
    name = function_name(func)
    schema = schema_of(func)
    written: list[int] = []
    names: list[str] = []
    if schema is not None:
        for position, argument in enumerate(schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                names.append(argument.name)
                if not argument.kwarg_only:
                    written.append(position)
    hidden = _HIDDEN_WRITES.get(name, ())
    outs_only = bool(names) and not written
    tags = getattr(func, "tags", ())
    gives_tensor = schema is None or any("Tensor" in str(r.type) for r in schema.returns)
    reshapes = torch.Tag.inplace_view in tags
    unknown = uncounted(func)
    picks = getattr(func, "overloadpacket", None) is torch.ops.aten.index
    by_values = not picks and bool(_VALUE_TAGS.intersection(tags))
    # Such as ``prim.device``, asked of every fake tensor: no data in, no tensor out.
    question = not (gives_tensor or names or torch.Tag.data_dependent_output in tags)
    return KernelTraits(
        name=name,
        question=question,
        writes=bool(names or hidden),
        written=(*written, *hidden),
        written_names=tuple(names),
        reads=name not in _SHAPE_ONLY,
        overwrites=outs_only or name in _OVERWRITES,
        metadata_only=reshapes,
        gathers=name in _GATHERS,
        repeatable=schema is not None and unknown is None and not by_values,
        picks=picks,
        composite=not question and is_composite(func),
        formula=kernel_formula(func),
        uncounted=unknown,
        estimate=estimate_of(func),
    )
