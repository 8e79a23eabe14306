"""The walk over everything that is reachable from a model and its inputs."""

from __future__ import annotations

import contextlib
import dis
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import torch

from ..weak import behind
from .chance import NumpyBits, PythonGenerator, StateKeeper
from .data import ArrayKeeper, BytesKeeper, RawKeeper, ReferenceKeeper, StreamKeeper
from .doubles import Copied, Doubles
from .keepers import (
    MISSING,
    AttributeKeeper,
    CellKeeper,
    ClassKeeper,
    CodeKeeper,
    DictKeeper,
    EmptyKeeper,
    Keeper,
    LibraryKeeper,
    NamesKeeper,
    PartialKeeper,
    SequenceKeeper,
    SetKeeper,
    SlotKeeper,
    TypeKeeper,
)
from .kinds import ATOMS, HEAP_TYPE, REFERENCES, Kind, is_users, kind_of
from .locks import EventKeeper, LockKeeper, MachineryKeeper, ProcessLockKeeper
from .memory import Memory, TensorKeeper, unwatched
from .opaque import (
    CacheKeeper,
    DecimalKeeper,
    LoggerKeeper,
    PickledKeeper,
    QueueKeeper,
    StepsKeeper,
    database_keeper,
)
from .replay import Tape
from .script import ScriptKeeper

# What most of a module's attributes are, and with nothing in them.
_OFTEN_EMPTY = frozenset({dict, OrderedDict, set})
_NAMES = frozenset({str})
# What a function calls that sets a global of any name.
_BY_ANY_NAME = frozenset({"globals", "exec", "eval"})
# What attributes of a library's class may be: settings, and registries.
_CONTAINERS = frozenset({dict, list, set, tuple, defaultdict, OrderedDict})


class Reach:
    """A keeper for each thing that can change, of all that ``roots`` lead to.

    What only a function or a class leads to (closures, defaults, class attributes, globals that the
    user's own functions name) is walked last, and there only the user's own objects, Python's
    containers and what torch and NumPy hold a state in.
    """

    def __init__(self, roots: Iterable[Any], memory: Memory) -> None:
        self.keepers: list[Keeper] = []
        self.tensors: list[TensorKeeper] = []
        self.notes: list[SequenceKeeper] = []
        self.doubles = Doubles()
        self.visited = 0
        self._memory = memory
        self._empty = EmptyKeeper()
        self._types = TypeKeeper()
        self._names: dict[int, NamesKeeper] = {}
        self._libraries: dict[int, LibraryKeeper] = {}
        self._classes: dict[type, None] = {}
        self._seen_classes: set[type] = set()
        self._kinds: dict[type, Kind] = {}
        # By ``id``. What is found by asking (a default, a slot) may be held by nobody else.
        self._seen: dict[int, Any] = {}
        self._stack: list[Any] = []
        self._later: list[Any] = []
        self._around: list[Any] = []
        self._near = self._noting = False
        self.keepers += [self._empty, self._types]
        self.include(roots)

    def include(self, roots: Iterable[Any]) -> None:
        """Walk all that ``roots`` lead to and that was not found before."""
        self._near = False
        with unwatched():
            self._walk(roots)
            self.doubles.find_places(self.keepers)

    def _walk(self, roots: Iterable[Any]) -> None:
        self._push(roots)
        self._drain()
        self._near = True
        while self._later or self._classes or self._around:
            classes, self._classes = self._classes, {}
            for cls in classes:
                self._class_of_objects(cls)
            self._noting = not self._later
            values = self._around if self._noting else self._later
            self._push(values)
            values.clear()
            self._drain()
        self._noting = False

    def _drain(self) -> None:
        stack, seen, kinds = self._stack, self._seen, self._kinds
        while stack:
            value = stack.pop()
            key = id(value)
            if key in seen:
                continue
            seen[key] = value
            cls = type(value)
            kind = kinds.get(cls)
            if kind is None:
                kind = kinds[cls] = kind_of(cls)
                if kind.heap and kind.sort not in ("nothing", "tensor"):
                    self._classes.setdefault(cls)
            if kind.sort == "nothing" or (self._near and not kind.near):
                continue
            self.visited += 1
            sort = kind.sort
            if sort in _HANDLERS:
                _HANDLERS[sort](self, value)
            if kind.has_dict:
                self._keep_dict(object.__getattribute__(value, "__dict__"))
            if kind.heap and (kind.has_dict or kind.slots):
                self._types.add(value, cls)
            for slot in kind.slots:
                keeper = SlotKeeper(value, slot)
                self.keepers.append(keeper)
                if keeper.before is not MISSING:
                    self._push((keeper.before,))

    def _push(self, values: Iterable[Any]) -> None:
        rest = [value for value in values if type(value) not in ATOMS]
        filled = [value for value in rest if type(value) not in _OFTEN_EMPTY or value]
        if len(filled) < len(rest):
            # Nearly all of them are hook dictionaries.
            self._empty.targets += [v for v in rest if type(v) in _OFTEN_EMPTY and not v]
        self._stack += filled

    # -- containers -----------------------------------------------------------------------

    def _keep_dict(self, target: dict[Any, Any]) -> None:
        if type(target) is dict and not target:
            self._empty.targets.append(target)
            return
        keeper = DictKeeper(target)
        self.keepers.append(keeper)
        self._push(keeper.before.values())

    def _dict(self, target: dict[Any, Any]) -> None:
        self._keep_dict(target)
        if not _NAMES.issuperset(map(type, dict.keys(target))):
            self._push(dict.keys(target))
        if isinstance(target, defaultdict):
            self.keepers.append(AttributeKeeper(target, "default_factory"))

    def _sequence(self, target: Any) -> None:
        keeper = SequenceKeeper(target)
        (self.notes if self._noting else self.keepers).append(keeper)
        self._push(keeper.before)

    def _set(self, target: set[Any]) -> None:
        keeper = SetKeeper(target)
        self.keepers.append(keeper)
        self._push(keeper.before)

    # -- data -----------------------------------------------------------------------------

    def _tensor(self, tensor: torch.Tensor) -> None:
        keeper = TensorKeeper(tensor)
        self.tensors.append(keeper)
        if tensor.layout is not torch.strided:
            self._memory.keep_parts(tensor)
        attributes = tensor.__dict__
        if attributes:
            self._keep_dict(attributes)
        else:
            self._empty.targets.append(attributes)
        self._stack += keeper.held

    def _storage(self, storage: Any) -> None:
        with_bytes = storage if isinstance(storage, torch.UntypedStorage) else storage.untyped()
        self._memory.keep_storage(with_bytes)

    def _array(self, target: Any) -> None:
        self.keepers.append(ArrayKeeper(target))
        if target.dtype.hasobject:
            self._push(target.ravel().tolist())
        if target.base is not None:
            self._push((target.base,))

    def _bytes(self, target: Any) -> None:
        if isinstance(target, memoryview):
            self._push((target.obj,))
            if target.readonly or not target.contiguous:
                return
        self.keepers.append(BytesKeeper(target))

    def _raw_memory(self, target: Any) -> None:
        if getattr(target, "_type_", None) in REFERENCES:
            # Its memory is an address, of what lives only as long as C's object knows of it.
            with contextlib.suppress(ValueError):  # no object
                self.keepers.append(ReferenceKeeper(target))
                self._push((target.value,))
            return
        try:
            with memoryview(target) as window:
                if window.readonly:
                    return
        except (BufferError, TypeError, ValueError):  # closed, or of a form that has no bytes
            return
        self.keepers.append(RawKeeper(target))

    def _stream(self, target: Any) -> None:
        standard = (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
        if target.closed or any(target is stream for stream in standard):
            return
        if target.seekable():
            keeper = StreamKeeper(target)
            self.keepers.append(keeper)
            self._seen[id(keeper.memory)] = keeper.memory

    def _numpy_bits(self, target: Any) -> None:
        self.keepers.append(NumpyBits(target))
        self._push((getattr(target, "seed_seq", None),))  # NumPy before 1.25 hides it

    # -- objects of C ---------------------------------------------------------------------

    def _bound(self, method: Any) -> None:
        if not isinstance(method.__self__, (type, ModuleType)):
            self._push((method.__self__,))

    def _pointer(self, pointer: Any) -> None:
        self._raw_memory(pointer)
        if pointer:
            self._push((pointer.contents,))

    def _queue(self, target: Any) -> None:
        keeper = QueueKeeper(target)
        self.keepers.append(keeper)
        self._push(keeper.items)

    def _pickled(self, target: Any) -> None:
        keeper = PickledKeeper(target)
        self.keepers.append(keeper)
        self._push((keeper.before,))

    def _machinery(self, target: Any) -> None:
        self.keepers.append(MachineryKeeper(target))
        parts = vars(target).values()
        self._push(part for part in parts if _is_lock(type(part)))

    def _cache(self, target: Any) -> None:
        if is_users(getattr(target, "__module__", None)):
            self.keepers.append(CacheKeeper(target))

    def _logger(self, target: Any) -> None:
        if not is_users(target.name):
            return
        self.keepers += [LoggerKeeper(target)]
        for parts in (target.handlers, target.filters):
            self.keepers.append(SequenceKeeper(parts))
            self._push(part for part in parts if is_users(type(part).__module__))

    # -- code -----------------------------------------------------------------------------

    def _function(self, function: FunctionType) -> None:
        if function.__closure__:
            self._around.extend(function.__closure__)
        self._keep_dict(function.__dict__)
        # Not ``__module__``, which a wrapper has of what it wraps.
        if not is_users(function.__globals__.get("__name__")):
            return
        self.keepers += [
            CodeKeeper(function),
            AttributeKeeper(function, "__defaults__"),
            AttributeKeeper(function, "__kwdefaults__"),
        ]
        self._later += [function.__defaults__, function.__kwdefaults__]
        names = self._names.get(id(function.__globals__))
        if names is None:
            names = self._names[id(function.__globals__)] = NamesKeeper(function.__globals__)
            self.keepers.append(names)
        used = list(_names_in(function.__code__))
        if not _BY_ANY_NAME.isdisjoint(used) and _calls_by_any_name(function.__code__):
            names.add_all()
        found = [names.add(name) for name in used]
        self._around += found
        self._library(found, set(used))

    def _library(self, found: Iterable[Any], used: set[str]) -> None:
        """Keep what a function may replace in a library that it names: ``torch.relu = mine``."""
        waiting = [value for value in found if isinstance(value, (ModuleType, type))]
        met: set[int] = set()
        while waiting:
            owner = waiting.pop()
            name = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
            if id(owner) in met or is_users(name):
                continue
            met.add(id(owner))
            keeper = self._libraries.get(id(owner))
            if keeper is None:
                keeper = self._libraries[id(owner)] = LibraryKeeper(owner)
                self.keepers.append(keeper)
            waiting += keeper.add(used)

    def _method(self, method: Any) -> None:
        self._push((method.__self__,))
        self._later.append(method.__func__)

    def _cell(self, cell: CellType) -> None:
        keeper = CellKeeper(cell)
        self.keepers.append(keeper)
        self._push((keeper.before,))

    def _wrapper(self, wrapper: Any) -> None:
        names = ("__func__", "fget", "fset", "fdel")
        self._push([getattr(wrapper, name, None) for name in names])

    def _proxy(self, proxy: Any) -> None:
        self._push((behind(proxy),))

    def _context_variable(self, variable: ContextVar[Any]) -> None:
        with contextlib.suppress(LookupError):
            self._push((variable.get(),))

    def _partial(self, target: Any) -> None:
        keeper = PartialKeeper(target)
        self.keepers.append(keeper)
        self._push((target.func, target.args, target.keywords))

    def _module(self, module: ModuleType) -> None:
        if is_users(module.__name__):
            self._keep_dict(vars(module))

    def _class(self, cls: type) -> None:
        if is_users(cls.__module__):
            self._classes[cls] = None

    def _class_of_objects(self, cls: type) -> None:
        for base in cls.__mro__:
            if base in self._seen_classes or not base.__flags__ & HEAP_TYPE:
                continue
            self._seen_classes.add(base)
            keeper = ClassKeeper(base)
            self.keepers.append(keeper)
            users = is_users(base.__module__)
            self._later += [
                value
                for value in keeper.before.values()
                if type(value) not in ATOMS and (users or type(value) in _CONTAINERS)
            ]

    # -- modules --------------------------------------------------------------------------

    def _object(self, target: Any) -> None:
        if isinstance(target, torch.jit.ScriptModule):
            keeper = ScriptKeeper(target)
            self.keepers.append(keeper)
            self._push(keeper.before.values())


def _is_lock(cls: type) -> bool:
    """Whether it is a lock, or made of those of processes, which hold their state in C."""
    of_processes = cls.__module__ == "multiprocessing.synchronize"
    return of_processes or kind_of(cls).sort == "lock"


def _names_in(code: CodeType) -> Iterator[str]:
    """The names of globals that a function may use; some are names of attributes."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _calls_by_any_name(code: CodeType) -> bool:
    """Whether a function reads a global that leads to all others: ``eval``, not ``model.eval``."""
    return any(
        step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in _BY_ANY_NAME
        for step in dis.get_instructions(code)
    ) or any(_calls_by_any_name(part) for part in code.co_consts if isinstance(part, CodeType))


_HANDLERS: dict[str, Callable[[Reach, Any], None]] = {
    "dict": Reach._dict,
    "sequence": Reach._sequence,
    "set": Reach._set,
    "parts": Reach._push,
    "view of a dict": lambda reach, value: reach._push([*value, *value.values()]),
    "part of a dict": lambda reach, value: reach._push([*value.mapping, *value.mapping.values()]),
    "error": lambda reach, value: reach._push(value.args),
    "record": lambda reach, value: reach._push((value.base,)),
    "tensor": Reach._tensor,
    "storage": Reach._storage,
    "array": Reach._array,
    "bytes": Reach._bytes,
    "raw memory": Reach._raw_memory,
    "stream": Reach._stream,
    "torch generator": lambda reach, value: reach.keepers.append(StateKeeper(value)),
    "python generator": lambda reach, value: reach.keepers.append(PythonGenerator(value)),
    "numpy state": lambda reach, value: reach.keepers.append(StateKeeper(value)),
    "numpy bits": Reach._numpy_bits,
    "numpy generator": lambda reach, value: reach._push((value.bit_generator,)),
    "function": Reach._function,
    "method": Reach._method,
    "class": Reach._class,
    "cell": Reach._cell,
    "wrapper": Reach._wrapper,
    "partial": Reach._partial,
    "bound": Reach._bound,
    "iterator": lambda reach, value: reach.doubles.add(value, Tape),
    "copied": lambda reach, value: reach.doubles.add(value, Copied),
    "pickled": Reach._pickled,
    "steps": lambda reach, value: reach.keepers.append(StepsKeeper(value)),
    "lock": lambda reach, value: reach.keepers.append(LockKeeper(value)),
    "process lock": lambda reach, value: reach.keepers.append(ProcessLockKeeper(value)),
    "machinery": Reach._machinery,
    "queue": Reach._queue,
    "event": lambda reach, value: reach.keepers.append(EventKeeper(value)),
    "shared value": lambda reach, value: reach._push((value.get_obj(),)),
    "database": lambda reach, value: reach.keepers.extend(database_keeper(value)),
    "decimals": lambda reach, value: reach.keepers.append(DecimalKeeper(value)),
    "cache": Reach._cache,
    "logger": Reach._logger,
    "pointer": Reach._pointer,
    "reference": lambda reach, value: reach._push((value(),)),
    "proxy": Reach._proxy,
    # That of this thread.
    "thread local": lambda reach, value: reach._keep_dict(value.__dict__),
    "context variable": Reach._context_variable,
    "module": Reach._module,
    "object": Reach._object,
}
