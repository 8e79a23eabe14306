"""Tensors: shape, memory, gradient and flags, remembered at once; their data, before it changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from ..mode_internals import disable_current_modes
from ..torch_internals import (
    DisableTorchFunction,
    FakeTensor,
    backward_hooks,
    is_traceable_wrapper_subclass,
    set_backward_hooks,
    set_version,
    sparse_parts,
    storage_key,
    tensor_facts,
)
from .keepers import LeftChanged

_NONE = (None, id(None))
_NO_HOOKS = (id(None), id(None))
_BARE = (None, None)
_PLAIN = frozenset({torch.Tensor, torch.nn.Parameter})


@contextmanager
def unwatched() -> Iterator[None]:
    """No mode sees what happens inside: it is not part of the forward."""
    with DisableTorchFunction(), disable_current_modes(), torch.no_grad():
        yield


class TensorKeeper:
    """A tensor object but for its data.

    ``alias`` is another tensor with the same memory, shape and strides, which it can be given back.
    """

    __slots__ = ("_grad", "_hooks", "alias", "facts", "target")

    def __init__(self, target: torch.Tensor) -> None:
        self.target: Any = target
        self.facts = facts = tensor_facts(target)
        self._grad = target.grad if facts[5] not in _NONE else None
        self._hooks = backward_hooks(target) if facts[6:] != _NO_HOOKS else _BARE
        self.alias = _alias(target)

    @property
    def held(self) -> tuple[Any, ...]:
        """What hangs on it: its gradient and its hooks."""
        if self._grad is None and self._hooks is _BARE:
            return ()
        return tuple([one for one in (self._grad, *self._hooks) if one is not None])

    @property
    def written(self) -> bool:
        """Whether something was written to it, as autograd counts."""
        return bool(tensor_facts(self.target)[1] != self.facts[1])

    def restore(self) -> None:
        """Put back its class and the memory that it shows."""
        target, kind = self.target, self.facts[0]
        if type(target) is not kind:
            target.__class__ = kind
        if self.alias is not None and not _same_memory(target, self.alias):
            target.data = self.alias

    def restore_rest(self) -> None:
        """Put its flags, gradient and hooks back, once all tensors have their memory again."""
        target = self.target
        _, version, _, requires_grad, leaf, *_ = self.facts
        if leaf and not target.is_leaf:
            target.detach_()
        if not leaf and target.is_leaf:
            raise LeftChanged("a tensor was detached from the graph that it was computed in")
        if target.requires_grad is not requires_grad:
            target.requires_grad_(requires_grad)
        if (leaf or self._grad is not None) and target.grad is not self._grad:
            target.grad = self._grad
        set_backward_hooks(target, self._hooks)
        if version is not None and self.written:
            set_version(target, version)
        if self.facts[5] is None and target.retains_grad:
            raise LeftChanged("a tensor that is no leaf keeps its gradient from now on")


def _alias(tensor: Any) -> torch.Tensor | None:
    if type(tensor) not in _PLAIN and (
        is_lazy(tensor) or type(tensor) is FakeTensor or is_traceable_wrapper_subclass(tensor)
    ):
        return None
    try:
        alias: torch.Tensor = tensor.detach()
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return alias


def _same_memory(tensor: torch.Tensor, alias: torch.Tensor) -> bool:
    if tensor.dtype is not alias.dtype or tensor.layout is not alias.layout:
        return False
    if tensor.shape != alias.shape or tensor.device != alias.device:
        return False
    if tensor.layout is not torch.strided:
        return True
    try:
        return (
            tensor.stride() == alias.stride()
            and tensor.storage_offset() == alias.storage_offset()
            and storage_key(tensor.untyped_storage()) == storage_key(alias.untyped_storage())
            and tensor.is_neg() is alias.is_neg()
            and tensor.is_conj() is alias.is_conj()
        )
    except (RuntimeError, NotImplementedError):
        return False


class Memory:
    """The data of tensors, copied when something is about to change it."""

    def __init__(self) -> None:
        self._copies: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        self._wholes: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def keep(self, tensor: torch.Tensor) -> None:
        """Copy what ``tensor`` holds, unless that is done."""
        with unwatched():
            self._keep(tensor)

    def _keep(self, tensor: Any) -> None:
        if type(tensor) is FakeTensor or is_lazy(tensor) or id(tensor) in self._wholes:
            return
        if is_traceable_wrapper_subclass(tensor):
            for name in tensor.__tensor_flatten__()[0]:
                self._keep(getattr(tensor, name))
            return
        if tensor.layout is torch.strided:
            try:
                storage = tensor.untyped_storage()
            except (NotImplementedError, RuntimeError):
                return
            self.keep_storage(storage)
        else:
            self._wholes[id(tensor)] = (tensor, tensor.detach().clone())

    def keep_storage(self, storage: torch.UntypedStorage) -> None:
        """Copy what a storage holds, unless that is done."""
        key = storage_key(storage)
        if storage.device.type != "meta" and key not in self._copies:
            self._copies[key] = (storage, storage.clone())

    def keep_parts(self, tensor: torch.Tensor) -> None:
        """Copy the values and indices of a sparse tensor, which may be written by themselves."""
        for part in sparse_parts(tensor):
            self.keep_storage(part.untyped_storage())

    def restore(self) -> None:
        """Put all data back."""
        for storage, copy in self._copies.values():
            if storage.nbytes() != copy.nbytes():
                storage.resize_(copy.nbytes())
            storage.copy_(copy)
        for tensor, whole in self._wholes.values():
            tensor.copy_(whole)
