"""Real forwards that differ in all samples but one: does what that one gets change?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..graph import Shape
from ..tracing.inputs import Inputs
from ..tracing.names import function_name
from ..tracing.source import caller
from ..tracing.structure import shallow_tensors, tensors
from ..tracing.torch_internals import is_functorch_wrapped_tensor
from .batches import with_samples
from .copies import called, model_copy, real_inputs

_SAMPLES = (5, 7, 11, 13)
"""How many are run: the first of these that is not the size of an output's other dimension."""
_KEPT = 2
"""The sample that stays: others come before it and after it, as in a recurrence over the batch."""
_TOLERANCE = 1e-4
"""Relative to the largest value: more than rounding, less than any influence that matters."""
_MAX_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Mixing:
    """Whether the result of one sample changed with the other samples.

    If it did, ``name``, ``file`` and ``line`` say which op did it first, where that is known.
    ``placed`` says that equal samples got other results in other places of the batch.
    """

    mixed: bool
    name: str | None = None
    file: str | None = None
    line: int | None = None
    placed: bool = False


def find_mixing(
    model: nn.Module,
    method: str,
    arguments: Mapping[str, Any],
    batch: int,
    mode: str | None,
    outputs: Iterable[Shape],
) -> Mixing | None:
    """What two forwards show; None where the results of a sample cannot be told apart.

    ``outputs`` are the shapes of what the forward gives with ``batch`` samples.
    """
    taken = {size for shape in outputs for size in shape[1:]}
    samples = next((number for number in _SAMPLES if number not in taken), _SAMPLES[0])
    several = with_samples(arguments, batch, lambda tensor: tensor[[0] * samples], samples)
    if several is None:
        return None
    first = real_inputs(model, several.inputs)
    other = first.remade(lambda tensor: _other_samples(tensor, samples))
    if not _differ(first, other):
        return None
    watch = _Lockstep(samples)
    results = []
    for inputs, keep in ((first, True), (first, None), (other, False)):
        twin = model_copy(model, mode)
        with torch.no_grad():
            if keep is None:
                results.append(called(twin, method, _again(inputs)))
                continue
            with watch.run(keep):
                results.append(called(twin, method, _again(inputs)))
    before, repeated, after = (_kept_samples(result, samples) for result in results)
    if before is None or after is None or repeated is None or _apart(before, repeated):
        return None  # no samples in the outputs, or another result each time
    if watch.other_shapes and watch.culprit is None:
        return None  # the other samples decide sizes, as the longest sequence does: no comparison
    if not _apart(before, after):
        return Mixing(False, placed=_depends_on_place(model, method, first, mode, samples))
    again = [_after(model, method, first, inputs, mode, samples) for inputs in (first, other)]
    if again[0] is not None and again[1] is not None and not _apart(again[0], again[1]):
        return Mixing(False)  # the first forward alone takes something of its batch, once
    return Mixing(True, *(watch.culprit or (None, None, None)))


def _after(
    model: nn.Module, method: str, first: Inputs, then: Inputs, mode: str | None, samples: int
) -> list[torch.Tensor] | None:
    """What the kept sample gets in a second forward of one copy of the model."""
    twin = model_copy(model, mode)
    with torch.no_grad():
        return _kept_samples(called(twin, method, _again(first), _again(then)), samples)


def _depends_on_place(
    model: nn.Module, method: str, inputs: Inputs, mode: str | None, samples: int
) -> bool:
    """Whether samples that are all equal get other results, without random numbers."""
    equal = inputs.remade(
        lambda t: t[[_KEPT] * samples] if t.dim() and t.shape[0] == samples else t.clone()
    )
    drawn = _Draws()
    with torch.no_grad(), drawn:
        result = called(model_copy(model, mode), method, equal)
    return not drawn.seen and any(
        _different(tensor[_KEPT], tensor[other])
        for tensor in _tables(result, samples)
        if tensor.is_floating_point()
        for other in range(samples)
    )


class _Draws(TorchFunctionMode):
    """Sees whether random numbers are drawn."""

    seen = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        before = torch.default_generator.get_state()
        result = func(*args, **(kwargs or {}))
        self.seen = self.seen or not torch.equal(before, torch.default_generator.get_state())
        return result


def _again(inputs: Inputs) -> Inputs:
    return inputs.mapped(torch.clone)


def _other_samples(tensor: torch.Tensor, samples: int) -> torch.Tensor:
    """The tensor with other samples but for the kept one, of values like those it has."""
    if not tensor.dim() or tensor.shape[0] != samples:
        return tensor
    result = tensor.clone()
    others = [sample for sample in range(samples) if sample != _KEPT]
    if tensor.is_floating_point():
        generator = torch.Generator().manual_seed(1)
        noise = torch.rand(tensor[others].shape, generator=generator)
        result[others] = (tensor[others].float() * -0.7 + noise).to(tensor.dtype)
    elif tensor.dtype != torch.bool:
        # Numbers may be indices: only such as are there already, or 1 in place of nothing but 0.
        values = tensor[0].flatten()
        turned = values.roll(1)
        if not values.numel() or bool((turned == values).all()):
            turned = torch.where(values == 0, values + 1, values - 1)
        result[others] = turned.reshape(tensor.shape[1:])
    return result


def _differ(one: Inputs, other: Inputs) -> bool:
    pairs = zip(tensors((one.args, one.kwargs)), tensors((other.args, other.kwargs)), strict=True)
    return any(not torch.equal(a, b) for a, b in pairs)


def _kept_samples(result: Any, samples: int) -> list[torch.Tensor] | None:
    return [tensor[_KEPT].detach().clone() for tensor in _tables(result, samples)] or None


def _tables(result: Any, samples: int) -> list[torch.Tensor]:
    """The outputs that have something for each sample."""
    return [
        tensor
        for tensor in tensors(result)
        # A table of samples by samples, such as the logits of a contrastive model, is meant so.
        if tensor.layout is torch.strided
        and tensor.shape[:1] == (samples,)
        and tensor.shape.count(samples) == 1
    ]


def _apart(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    if len(one) != len(other):
        return True
    return any(_different(a, b) for a, b in zip(one, other, strict=True))


def _different(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape:
        return True
    if not (one.is_floating_point() or one.is_complex()):
        return not torch.equal(one, other)
    if one.element_size() == 1:  # no kernel computes with eight bits
        one, other = one.float(), other.float()
    a, b = torch.nan_to_num(one.detach()), torch.nan_to_num(other.detach())
    scale = max(float(a.abs().max()), 1e-6) if a.numel() else 1.0
    return bool(a.numel()) and float((a - b).abs().max()) > _TOLERANCE * scale


class _Lockstep(TorchFunctionMode):
    """Compares the kept samples of what each function gives in two runs."""

    def __init__(self, samples: int) -> None:
        super().__init__()
        self._samples = samples
        self.culprit: tuple[str, str | None, int | None] | None = None
        self.other_shapes = False
        self._kept: list[tuple[str, torch.Tensor | None]] = []
        self._position = 0
        self._keep = True
        self._bytes = 0

    def run(self, keep: bool) -> _Lockstep:
        """Itself, to be entered: keeping what it sees, or comparing with what it kept."""
        self._keep = keep
        self._position = 0
        return self

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        made = next(iter(shallow_tensors(result)), None)
        if made is not None and self.culprit is None and not self.other_shapes:
            self._look(function_name(func), made)
        return result

    def _look(self, name: str, made: torch.Tensor) -> None:
        # Inside vmap and its like a tensor has other samples, and no values to be asked for.
        plain = made.layout is torch.strided and not is_functorch_wrapped_tensor(made)
        strided = plain and made.dim() and made.shape[0] == self._samples
        sample = made[_KEPT].detach().clone() if strided else None
        if self._keep:
            if sample is not None:
                self._bytes += sample.numel() * sample.element_size()
            self._kept.append((name, sample if self._bytes <= _MAX_BYTES else None))
            return
        position = self._position
        self._position += 1
        if position >= len(self._kept) or self._kept[position][0] != name:
            self._position = len(self._kept)  # the runs went different ways
            return
        before = self._kept[position][1]
        if before is None or sample is None:
            return
        if before.shape != sample.shape:
            # Padded to the longest of the batch, for which other random numbers may be drawn, too.
            self.other_shapes = True
        elif _different(before, sample):
            self.culprit = (name, *caller())
