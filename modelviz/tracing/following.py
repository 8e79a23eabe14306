"""Whose data each tensor of a running forward shows.

Tensors are followed as objects, and through their storages: a view shows what was written
through another view, and an in-place write gives the bytes a new tensor. ``read`` answers the
one question that makes the graph exact: whose data does this tensor show right now?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..graph import Shape, TensorKind
from .names import device_name, dtype_name
from .ragged import numel_of, shape_of
from .recipes import device_of
from .records import CallRecord, Facts, Known, OpRecord, StoreRecord, TensorRecord
from .regions import Geometry, remainder
from .stores import Stores
from .structure import PLAIN, inner_tensors, unwrapped
from .torch_internals import is_view, parameters_of

Role = tuple[TensorKind, str | None]


_VIEWS_AT_ONCE = frozenset(
    ["split", "chunk", "unbind", "tensor_split", "split_with_sizes", "hsplit", "vsplit", "dsplit"]
)


class Following:
    """Follows tensors and storages while ops read, write and make them; holds no tensor alive.

    ``ops`` are those that gave or changed a tensor, in order; ``open_op`` is the one that runs.
    """

    def __init__(self, roles: dict[int, Role]) -> None:
        self.roles = roles
        self.calls: list[CallRecord] = []
        self.ops: list[OpRecord] = []
        self.tensors: list[TensorRecord] = []
        self.stores = Stores(lambda: (len(self.ops), self.open_op))
        self.open_op: OpRecord | None = None
        # Whether a tensor that wants gradients itself, or a part of it, was written to.
        self.wrote_leaf = False
        # Whether anything else was done that PyTorch refuses where gradients are recorded.
        self.forgoes_gradients = False
        # How often anything was written to, and whether any tensor may show several writes, or one
        # in another shape than its own.
        self.clock = 0
        self.parted = False
        self._known: dict[int, Known] = {}

    def meet(self, tensors: Iterable[torch.Tensor]) -> None:
        """Take note of tensors that an op is given, whether it reads their data or not."""
        for tensor in tensors:
            if id(tensor) not in self._known:
                self._meet(tensor)

    def read(self, op: OpRecord, tensor: torch.Tensor) -> None:
        """``op`` uses the data of ``tensor``."""
        known = self._known.get(id(tensor)) or self._meet(tensor)
        if known.store.last_write <= known.time:
            if known.maker is not op:
                op.inputs[self._id(known, tensor)] = None
            return
        for tensor_id in self._visible(known, tensor):
            if self.tensors[tensor_id].maker is not op:
                op.inputs[tensor_id] = None

    def write(self, op: OpRecord, tensor: torch.Tensor) -> None:
        """``op`` has changed the data of ``tensor`` in place."""
        known = self._known.get(id(tensor)) or self._meet(tensor)
        store = known.store
        if store.maker is op:
            return
        self.clock += 1
        if known.maker is not None and known.maker.name in _VIEWS_AT_ONCE:
            self.forgoes_gradients = True
        before = known.tensor
        self._renew(op, tensor)
        if type(tensor) not in PLAIN:
            self._know_parts(tensor, written=True)
        assert known.tensor is not None
        if before is not None and self._shape(before) != self._shape(known.tensor):
            op.repeatable = False  # given as ``out=``, it was resized
        op.in_place = True
        self.wrote_leaf = self.wrote_leaf or _is_leaf(tensor)
        op.writes += 1
        store.last_write = self.clock
        geometry = _geometry(tensor)
        entry = (self.clock, geometry, known.tensor)
        stop = geometry.stop
        if stop > store.bytes and type(tensor) in PLAIN:
            self._grow(op, store, stop)
        whole = geometry.dense and stop - geometry.start >= store.bytes
        self.parted = self.parted or store.viewed or not whole
        if store.writes is None or whole:
            store.writes = [entry]
        else:
            store.writes.append(entry)

    def produce(self, op: OpRecord, tensor: torch.Tensor, sources: Iterable[torch.Tensor]) -> bool:
        """A kernel of ``op`` has returned ``tensor``; whether it is fresh memory, not a view."""
        return id(tensor) not in self._known and self._produced(op, tensor, sources)[1]

    def gathered(self, path: str, module: nn.Module) -> None:
        """Know the whole parameters that FSDP has put in the place of the shards of ``module``."""
        for name, parameter in parameters_of(module).items():
            if parameter is not None and id(parameter) not in self.roles:
                full = f"{path}.{name}" if path else name
                self.roles[id(parameter)] = ("parameter", full)
                self._known.pop(id(parameter), None)
                # What was gathered into its memory is its data, and nothing else's.
                self._meet(parameter).time = self.clock

    def reshape_in_place(self, op: OpRecord, tensors: Iterable[torch.Tensor]) -> None:
        """``op`` gave each tensor object another shape or other memory (``t_``, ``set_``)."""
        for tensor in tensors:
            known = self._known.get(id(tensor)) or self._meet(tensor)
            inside = known.tensor is None and known.maker is op
            if not inside:
                op.repeatable = False
                self.read(op, tensor)
                self.wrote_leaf = self.wrote_leaf or _is_leaf(tensor)
            known.store, _ = self.stores.of(tensor, op)
            stop = _geometry(tensor).stop
            if stop > known.store.bytes and type(tensor) in PLAIN:
                self._grow(op, known.store, stop)
            if not inside:
                self._renew(op, tensor)

    def exchange(self, one: torch.Tensor, other: torch.Tensor) -> None:
        """Two tensor objects swap all that they are."""
        self.meet((one, other))
        first, second = self._known[id(one)], self._known[id(other)]
        for name in ("tensor", "maker", "time", "store", "seen_in"):
            mine, theirs = getattr(first, name), getattr(second, name)
            setattr(first, name, theirs)
            setattr(second, name, mine)

    def shows_from_now(self, tensor: torch.Tensor, other: torch.Tensor) -> None:
        """A tensor object is given the data of another, as ``tensor.data = other`` does."""
        self.meet((tensor, other))
        mine, theirs = self._known[id(tensor)], self._known[id(other)]
        theirs.store.viewed = True
        for name in ("tensor", "maker", "time", "store"):
            setattr(mine, name, getattr(theirs, name))

    def shown(self, tensors: list[torch.Tensor]) -> list[int] | None:
        """The id of what each tensor shows; None if one shows several, written into parts of it."""
        ids = []
        for tensor in tensors:
            known = self._known.get(id(tensor)) or self._meet(tensor)
            if known.store.last_write > known.time:
                return None
            shows = known.tensor
            ids.append(self._id(known, tensor) if shows is None else shows)
        return ids

    def known_ids(self, tensors: list[torch.Tensor]) -> list[int | None]:
        """The id of what each tensor was seen to show last; None of one that was not met."""
        return [
            None if known is None else known.tensor
            for known in map(self._known.get, map(id, tensors))
        ]

    def views(
        self, arguments: list[torch.Tensor], outputs: list[torch.Tensor]
    ) -> list[int | None] | None:
        """Of which argument each output is a view, or None for fresh memory; None if unclear."""
        stores = [self._known[id(argument)].store for argument in arguments]
        own = [self._known[id(output)].store for output in outputs]
        found: list[int | None] = []
        for output, store in zip(outputs, own, strict=True):
            bases = [index for index, other in enumerate(stores) if other is store]
            bases = [i for i in bases if arguments[i] is output] or bases
            if len(bases) > 1 or (not bases and own.count(store) > 1):
                return None
            found.append(bases[0] if bases else None)
        return found

    def written(self, op: OpRecord, arguments: list[torch.Tensor]) -> tuple[int, ...] | None:
        """Which arguments ``op`` wrote to as a whole; None if it wrote to anything else."""
        found = [i for i, tensor in enumerate(arguments) if self._known[id(tensor)].maker is op]
        return tuple(found) if len(found) == op.writes else None

    def ids(self, tensors: Iterable[torch.Tensor]) -> tuple[int, ...]:
        """The ids of what ``tensors`` show right now, each once, in order."""
        result: dict[int, None] = {}
        for tensor in tensors:
            known = self._known.get(id(tensor))
            inner = tensor
            if known is None:
                inner, known = self._met(tensor)
            if known.store.last_write > known.time:
                result.update(dict.fromkeys(self._visible(known, inner)))
            elif known.tensor is None:
                result[self._id(known, inner)] = None
            else:
                result[known.tensor] = None
        return tuple(result)

    def in_parts(self, tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
        """Those of which writes to parts are what they show, and not one tensor like them."""
        found = []
        for tensor in tensors:
            known = self._known.get(id(tensor))
            if known is None:
                tensor = unwrapped(tensor)
                known = self._known.get(id(tensor))
            if known is not None and known.store.last_write > known.time:
                shown = list(self._visible(known, tensor))
                if len(shown) != 1 or self.tensors[shown[0]].facts[0] != shape_of(tensor):
                    found.append(tensor)
        return found

    def made_inside(self, tensor: torch.Tensor, call: CallRecord) -> bool:
        """Whether the data of ``tensor`` was produced by an op of ``call``."""
        known = self._known.get(id(tensor))
        if known is None:
            tensor, known = self._met(tensor)
        if known.store.last_write <= known.time:
            maker = known.maker
            return maker is not None and maker.id is not None and maker.id >= call.start
        makers = [self.tensors[tensor_id].maker for tensor_id in self._visible(known, tensor)]
        return any([_since(maker, call) for maker in makers])

    def from_outside(self, tensor: torch.Tensor) -> bool:
        """Whether the memory of ``tensor`` was there before the forward."""
        known = self._known.get(id(tensor)) or self._meet(tensor)
        return known.store.maker is None

    def computed(self, tensor: torch.Tensor) -> bool:
        """Whether an op of the forward made ``tensor``; one that it has not met, it did not."""
        known = self._known.get(id(tensor))
        return known is not None and known.store.maker is not None

    def detached(self, tensor: torch.Tensor) -> bool:
        """Whether ``tensor`` was taken out of the way of gradients where it was made."""
        known = self._known.get(id(tensor))
        maker = None if known is None else known.maker
        return maker is not None and maker.name in ("detach", "data")

    def unchanged(self, op: OpRecord, tensor: torch.Tensor) -> bool:
        """Whether ``tensor`` was there before ``op`` and ``op`` did not write to it."""
        known = self._known.get(id(tensor))
        return known is not None and known.maker is not op and known.seen_in is not op

    def name_of(self, tensor: torch.Tensor) -> str:
        """What a tensor that was there before the forward is called."""
        kind, name = self.roles.get(id(tensor), ("constant", None))
        return name or f"a {kind} of shape {list(tensor.shape)}"

    def survivors(self) -> list[torch.Tensor]:
        """The tensors made by the forward that something still holds."""
        made = [known() for known in list(self._known.values()) if known.seen_in is not None]
        return [tensor for tensor in made if tensor is not None]

    def forget(self) -> None:
        """Let go of every tensor."""
        self.stores.forget()
        self._known.clear()

    # -- inside ---------------------------------------------------------------------------

    def _keep(self, op: OpRecord) -> None:
        op.id = len(self.ops)
        self.ops.append(op)
        self.calls[op.call].ops.append(op.id)
        for store in op.made:
            if store.id is None and store.freed is None:
                self.stores.number(store)
        op.made = []

    def _produced(
        self,
        op: OpRecord,
        tensor: torch.Tensor,
        sources: Iterable[torch.Tensor],
        device: str | None = None,
    ) -> tuple[Known, bool]:
        """What is known of a tensor that ``op`` gave; whether it is fresh memory, not a view."""
        store, fresh = self.stores.of(tensor, op, device)
        if fresh:
            op.made.append(store)
            op.allocated += store.bytes
            if op.allocated > op.allocated_peak:
                op.allocated_peak = op.allocated
        else:
            for base in sources:
                known = self._known.get(id(base))
                if known is not None and known.store is store:
                    shown = known.tensor, known.maker, known.time
                    return self._know(tensor, store, *shown, seen_in=op), False
        return self._know(tensor, store, None, op, self.clock, seen_in=op), fresh

    def _adopt(
        self, op: OpRecord, tensor: torch.Tensor, arguments: Iterable[torch.Tensor]
    ) -> Known:
        """An output that no kernel was seen to make, such as ``x.data``."""
        if id(tensor) in self.roles:
            return self._meet(tensor)
        sources = list(arguments)
        self.meet(sources)
        self.produce(op, tensor, sources)
        known = self._known[id(tensor)]
        if known.maker is op and not op.inputs:
            for source_tensor in sources:
                self.read(op, source_tensor)
        return known

    def _renew(self, op: OpRecord, tensor: torch.Tensor) -> None:
        """From now on ``tensor`` shows data that ``op`` gave."""
        known = self._known[id(tensor)]
        known.tensor, known.maker, known.time = None, op, self.clock
        self._id(known, tensor)

    def _grow(self, op: OpRecord, store: StoreRecord, size: int) -> None:
        """``op`` has made a block of memory larger, which it was given as ``out=`` or resized."""
        op.allocated += size - store.bytes
        op.allocated_peak = max(op.allocated_peak, op.allocated)
        store.bytes = size

    def _shape(self, tensor: int) -> Shape:
        return self.tensors[tensor].facts[0]

    def _id(self, known: Known, tensor: torch.Tensor) -> int:
        if known.tensor is None:
            op = known.maker
            known.tensor = self._add(_facts(tensor), "activation", op, known.store, None)
            if op is not None:
                op.outputs.append(known.tensor)
                if op.id is None and op is not self.open_op:
                    self._keep(op)
        return known.tensor

    def _visible(self, known: Known, tensor: torch.Tensor) -> Iterator[int]:
        writes = known.store.writes or []
        newer = takewhile(lambda entry: entry[0] > known.time, reversed(writes))
        visible, rest = remainder(_geometry(tensor), (geometry for _, geometry, _ in newer))
        private = known.tensor is None and known.maker is self.open_op
        if rest and not private:
            yield self._id(known, tensor)
        for index in reversed(visible):
            yield writes[-1 - index][2]

    def _met(self, tensor: torch.Tensor) -> tuple[torch.Tensor, Known]:
        """The tensor that holds the data, and what is known of it."""
        known = self._known.get(id(tensor))
        if known is None:
            tensor = unwrapped(tensor)
            known = self._known.get(id(tensor)) or self._meet(tensor)
        return tensor, known

    def _meet(self, tensor: torch.Tensor) -> Known:
        """A tensor that existed before the forward, or that the forward put around others."""
        if type(tensor) not in PLAIN and (made := self._wrapped(tensor)) is not None:
            return made
        kind, name = self.roles.get(id(tensor), ("constant", None))
        if self.open_op is not None:
            # What an op brings along itself is new each time: the data of ``torch.tensor``.
            self.open_op.repeatable = False
        facts = _facts(tensor)
        store, fresh = self.stores.of(tensor, None, facts[2])
        if fresh:
            self.stores.number(store)
        same = None if fresh or kind != "constant" else self._same_data(tensor, store)
        if same is not None:
            return self._know(tensor, store, same, self.tensors[same].maker, 0, seen_in=None)
        tensor_id = self._add(facts, kind, None, store, name)
        known = self._know(tensor, store, tensor_id, maker=None, time=0, seen_in=None)
        if type(tensor) not in PLAIN:
            self._know_parts(tensor)
        return known

    def _wrapped(self, tensor: torch.Tensor) -> Known | None:
        return None

    def _know_parts(self, tensor: torch.Tensor, written: bool = False) -> None:
        """What a tensor is made of, where its class wraps others, shows what it shows itself.

        The kernels on them run out of sight. Those that are known show what they did, unless they
        were ``written`` through it.
        """
        known = self._known[id(tensor)]
        for part in inner_tensors(tensor):
            if id(part) not in self.roles and (written or id(part) not in self._known):
                store, _ = self.stores.of(part, known.maker)
                shown = known.tensor, known.maker, self.clock
                self._know(part, store, *shown, seen_in=known.seen_in)
                self._know_parts(part, written)

    def _same_data(self, tensor: torch.Tensor, store: StoreRecord) -> int | None:
        """Whose data a tensor shows that PyTorch made unseen, as ``as_subclass`` does.

        That of an input, or of what the forward has computed.
        """
        shape = tuple(tensor.shape)
        for number in reversed(range(len(self.tensors))):
            record = self.tensors[number]
            if record.store is store and record.facts[0] == shape:
                return number if record.kind in ("input", "activation") else None
        return None

    def _know(
        self,
        target: torch.Tensor,
        store: StoreRecord,
        tensor: int | None,
        maker: OpRecord | None,
        time: int,
        seen_in: OpRecord | None,
    ) -> Known:
        known = Known(target, self._forget)
        known.key = id(target)
        known.tensor = tensor
        known.maker = maker
        known.time = time
        known.store = store
        known.seen_in = seen_in
        self._known[known.key] = known
        return known

    def _forget(self, known: Known) -> None:
        if self._known.get(known.key) is known:
            del self._known[known.key]

    def _add(
        self,
        facts: Facts,
        kind: TensorKind,
        maker: OpRecord | None,
        store: StoreRecord,
        name: str | None,
    ) -> int:
        if store.id is None:
            store.id = len(self.stores.numbered)
            self.stores.numbered.append(store)
        tensors = self.tensors
        tensors.append(TensorRecord(facts, kind, maker, store, name))
        return len(tensors) - 1


def _facts(tensor: torch.Tensor) -> Facts:
    dtype = tensor.dtype
    shape: Shape
    if type(tensor) in PLAIN and not tensor.is_nested:
        shape, count = tuple(tensor.shape), tensor.numel()
    elif is_lazy(tensor):  # a parameter that the forward gives its shape
        shape, count = (), 0
    else:
        shape, count = shape_of(tensor), numel_of(tensor)
    return shape, dtype_name(dtype), device_name(device_of(tensor)), count * dtype.itemsize


def _since(op: OpRecord | None, call: CallRecord) -> bool:
    return op is not None and op.id is not None and op.id >= call.start


def _is_leaf(tensor: torch.Tensor) -> bool:
    """Whether autograd, once on, forbids to write to the tensor: a leaf, or a view of one."""
    # A view that was made without gradients must not be asked.
    base = tensor._base if is_view(tensor) else tensor
    return base is not None and base.requires_grad and base.is_leaf


def _geometry(tensor: torch.Tensor) -> Geometry:
    if tensor.layout is not torch.strided or tensor.is_nested:
        return Geometry(0, max(1, numel_of(tensor) * tensor.element_size()), ())
    return Geometry.of(tensor)
