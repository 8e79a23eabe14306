"""The storages behind the tensors of a forward: one record for each block of memory."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .names import device_name
from .ragged import numel_of
from .recipes import device_of
from .records import OpRecord, StoreRecord, StoreReference
from .torch_internals import storage_key


class Stores:
    """Finds the record of a tensor's memory, and notes when the memory is freed.

    ``moment`` gives the number of ops that are over, and the op that is running.
    """

    def __init__(self, moment: Callable[[], tuple[int, OpRecord | None]]) -> None:
        self.numbered: list[StoreRecord] = []
        self._moment = moment
        self._by_address: dict[int, StoreRecord] = {}
        self._closed = False

    def of(
        self, tensor: torch.Tensor, maker: OpRecord | None, device: str | None = None
    ) -> tuple[StoreRecord, bool]:
        """The record of the tensor's memory, and whether it is new: then ``maker`` made it.

        ``device`` is the name of the one that it is on, where that is known.
        """
        try:
            storage = tensor.untyped_storage()
            key = storage_key(storage)
            store = self._by_address.get(key)
            if store is not None:
                if not store.viewed:
                    store.viewed = tensor.is_nested or store.shape != tensor.shape
                return store, False
            size = storage.nbytes()
        except (NotImplementedError, RuntimeError):
            # Sparse tensors and some subclasses have no storage of their own to look at.
            size = numel_of(tensor) * tensor.element_size()
            return StoreRecord(size, device_name(device_of(tensor)), maker), True
        store = StoreRecord(size, device or device_name(device_of(tensor)), maker)
        store.shape = None if tensor.is_nested else tensor.shape
        reference = StoreReference(storage, self._freed)
        reference.key = key
        reference.store = store
        store.reference = reference
        self._by_address[key] = store
        return store, True

    def unite(self, tensor: torch.Tensor, other: torch.Tensor) -> None:
        """``other`` stands for ``tensor`` in kernels: their memory is one."""
        store, _ = self.of(tensor, None)
        store.viewed = True
        try:
            self._by_address[storage_key(other.untyped_storage())] = store
        except (NotImplementedError, RuntimeError):
            return

    def number(self, store: StoreRecord) -> None:
        """Give ``store`` an id, if it has none yet."""
        if store.id is None:
            store.id = len(self.numbered)
            self.numbered.append(store)

    def close(self) -> None:
        """Take no more notes of memory that is freed."""
        self._closed = True

    def forget(self) -> None:
        """Untie the records from the storages, so that both go without garbage collection."""
        for store in (*self.numbered, *self._by_address.values()):
            store.reference = None
        self._by_address.clear()
        del self._moment  # leads back to who holds this

    def _freed(self, reference: StoreReference) -> None:
        if self._closed:
            return
        store = reference.store
        store.reference = None
        if self._by_address.get(reference.key) is store:
            del self._by_address[reference.key]
        over, running = self._moment()
        store.freed = over + (running is not None)
        if running is not None and store.maker is running:
            running.allocated -= store.bytes
