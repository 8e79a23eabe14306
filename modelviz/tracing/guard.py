"""Leaves the model, and the process, exactly as they were before the trace."""

from __future__ import annotations

import logging
import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from operator import is_not
from typing import Any

import torch
from torch import nn

from ..collecting import collection_paused
from ..errors import InputError
from .torch_internals import (
    FAKE_LOGGER,
    DisableTorchFunction,
    compiler_imported,
    disable_current_modes,
    parameters_of,
)

_CONTAINERS = (list, dict, set, OrderedDict, deque)


class Guard:
    """Remembers what a forward may change, and puts it back.

    Tensors that existed before the forward are copied at the moment a kernel is about to write
    to them, so that a forward that writes to none costs nothing.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        modules = list(modules)
        self._attributes = [(vars(module), dict(vars(module))) for module in modules]
        containers = [
            value
            for _, attributes in self._attributes
            for value in attributes.values()
            if type(value) in _CONTAINERS
        ]
        # Nearly all of them are hook dictionaries, and empty.
        self._empty = [container for container in containers if not container]
        self._filled = [(container, container.copy()) for container in containers if container]
        self._parameters = [
            (parameter, parameter.requires_grad, parameter.grad)
            for module in modules
            for parameter in parameters_of(module).values()
            if parameter is not None
        ]
        self._copies: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        self._datas: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def before_write(self, tensor: torch.Tensor) -> None:
        """Keep a copy of the memory of ``tensor``, which was there before the forward."""
        try:
            storage = tensor.untyped_storage()
        except (NotImplementedError, RuntimeError):
            return
        if storage.device.type != "meta" and storage.data_ptr() not in self._copies:
            self._copies[storage.data_ptr()] = (storage, storage.clone())

    def before_set(self, tensor: torch.Tensor) -> None:
        """Remember the memory behind ``tensor``, which is about to get other memory."""
        if id(tensor) not in self._datas:
            with DisableTorchFunction(), disable_current_modes():
                self._datas[id(tensor)] = (tensor, tensor.detach())

    def restore(self) -> None:
        """Put everything back."""
        for tensor, data in self._datas.values():
            tensor.data = data
        for storage, copy in self._copies.values():
            storage.copy_(copy)
        for state, attributes in self._attributes:
            if not _same_values(state, attributes):
                state.clear()
                state.update(attributes)
        for container, before in self._filled:
            _refill(container, before)
        for container in filter(None, self._empty):
            container.clear()
        for parameter, requires_grad, grad in self._parameters:
            if parameter.requires_grad is not requires_grad:
                parameter.requires_grad_(requires_grad)
            if parameter.grad is not grad:
                parameter.grad = grad


@contextmanager
def training_mode(
    model: nn.Module, places: Iterable[tuple[str, nn.Module]], mode: str | None
) -> Iterator[None]:
    """The model in ``"train"`` or ``"eval"`` mode, or as it is; afterwards as it was."""
    if mode not in (None, "train", "eval"):
        raise InputError(f"mode={mode!r}: expected 'train', 'eval' or None")
    flags = [(module, module.training) for _, module in places]
    try:
        if mode is not None:
            model.train(mode == "train")
        yield
    finally:
        for module, training in flags:
            if module.training is not training:
                module.training = training


@contextmanager
def quiet_process() -> Iterator[Callable[[], None]]:
    """Random generators and switches of torch as they were; no garbage collection inside.

    What it gives puts the random generators back before the end, to run something again.

    Collecting cycles at a moment that depends on the past of the process would make the
    lifetimes of tensors differ from run to run.
    """
    generators = _random_states()
    fast_path = torch.backends.mha.get_fastpath_enabled()
    cached = torch.is_autocast_cache_enabled()
    # The fused path would hide the layers inside nn.TransformerEncoderLayer.
    torch.backends.mha.set_fastpath_enabled(False)
    # A weight cast once and used twice would look like data flowing between its users.
    torch.set_autocast_cache_enabled(False)
    # A failing kernel is reported by the error itself; torch would log it to stderr as well.
    log = logging.getLogger(FAKE_LOGGER)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with collection_paused(), _eager():
            yield lambda: _set_random_states(generators)
    finally:
        log.setLevel(level)
        torch.set_autocast_cache_enabled(cached)
        torch.backends.mha.set_fastpath_enabled(fast_path)
        _set_random_states(generators)


@contextmanager
def _eager() -> Iterator[None]:
    """Compiled modules and functions run as they were written."""
    # Nothing can have been compiled where the compiler was never imported.
    if not compiler_imported():
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


def _random_states() -> list[Any]:
    states: list[Any] = [random.getstate(), torch.get_rng_state()]
    states.append(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None)
    numpy = sys.modules.get("numpy")
    states.append(numpy.random.get_state() if numpy is not None else None)
    return states


def _set_random_states(states: list[Any]) -> None:
    random.setstate(states[0])
    torch.set_rng_state(states[1])
    if states[2] is not None:
        torch.cuda.set_rng_state_all(states[2])
    if states[3] is not None:
        sys.modules["numpy"].random.set_state(states[3])


def _refill(container: Any, before: Any) -> None:
    if isinstance(container, dict):
        if not _same_values(container, before):
            container.clear()
            container.update(before)
    elif isinstance(container, set):
        container.clear()
        container.update(before)
    elif len(container) != len(before) or any(map(is_not, container, before)):
        container.clear()
        container.extend(before)


def _same_values(state: dict[Any, Any], before: dict[Any, Any]) -> bool:
    """Whether the same keys hold the very same objects; comparing tensors would not do."""
    return len(state) == len(before) and not any(
        map(is_not, map(state.get, before), before.values())
    )
