"""The peak of a real step, by the events of the CPU's allocator."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile


def real_peak(
    model: nn.Module,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
    *,
    optimizer: Callable[[Any], torch.optim.Optimizer] | None,
    loss: Callable[[Any], torch.Tensor] | None = None,
    autocast: torch.dtype | None = None,
    steps: int = 2,
    passes: int = 1,
) -> int:
    """Bytes: what is there before, and the most that the allocator gave beyond it.

    A copy of ``model`` takes ``steps`` steps of so many ``passes``, each a function that lets go of
    what the forward gave, or as many forwards without an optimizer.
    """
    model = copy.deepcopy(model).train(optimizer is not None)
    kwargs = kwargs or {}
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    made = None if optimizer is None else optimizer(learning)

    def one_pass() -> Any:
        assert loss is not None
        with _cast(autocast):
            output = model(*args, **kwargs)
            value = loss(output)
        value.backward()
        return output, value

    def step() -> None:
        if made is None:
            with torch.no_grad(), _cast(autocast):
                output = model(*args, **kwargs)
            del output
            return
        for _ in range(passes - 1):
            one_pass()
        kept = one_pass()
        made.step()
        made.zero_grad()
        del kept

    # Some optimizers make their states at once.
    before = {}
    states = () if made is None else tuple(made.state.values())
    tensors = (*model.parameters(), *model.buffers(), *_tensors((args, kwargs, states)))
    for tensor in tensors:
        storage = tensor.untyped_storage()
        before[storage.data_ptr()] = storage.nbytes()
    return sum(before.values()) + allocated(step, steps)


def allocated(step: Callable[[], None], steps: int) -> int:
    """Bytes: the most that the allocator gave in ``steps`` steps beyond what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as events:
        for _ in range(steps):
            step()
    inner: Any = events.profiler
    memory = [e for e in inner.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(memory, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def _cast(dtype: torch.dtype | None) -> Any:
    return nullcontext() if dtype is None else torch.autocast("cpu", dtype=dtype)


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value
    return [t for part in parts if isinstance(part, (tuple, list, Mapping, torch.Tensor))
            for t in _tensors(part)]  # fmt: skip
