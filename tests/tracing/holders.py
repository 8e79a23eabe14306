"""Unusual things that hold a state: how one is made, how a forward touches it, what it then shows.

What it shows may be read to the end: each is looked at once, and compared with one that nobody
touched.
"""

from __future__ import annotations

import argparse
import array
import atexit
import bisect
import collections
import colorsys
import configparser
import contextlib
import contextvars
import csv
import ctypes
import decimal
import functools
import hashlib
import heapq
import io
import itertools
import locale
import logging
import multiprocessing
import os
import queue
import random
import re
import signal
import sqlite3
import sys
import tempfile
import threading
import types
import warnings
import weakref
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, NamedTuple
from xml.etree import ElementTree

import numpy
import torch
from torch import nn


class Holder(NamedTuple):
    """``make`` makes one, ``touch(one, x)`` is the forward, ``look(one)`` is what it shows."""

    make: Callable[[], Any]
    touch: Callable[[Any, Any], Any]
    look: Callable[[Any], Any]


HOLDERS: dict[str, Holder] = {}


def holder(name: str, make: Any, touch: Any, look: Any) -> None:
    HOLDERS[name] = Holder(make, touch, look)


class Model(nn.Module):
    """Holds one, and touches it in its forward."""

    def __init__(self, name: str, decides: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.name, self.decides = name, decides
        self.held = HOLDERS[name].make()

    def forward(self, x: Any) -> Any:
        HOLDERS[self.name].touch(self.held, x)
        y = self.linear(x)
        # A fake forward ends here where the value is asked for.
        return -y if self.decides and y.sum() > 1e9 else y


_FILES = tempfile.TemporaryDirectory()
_OPEN = contextlib.ExitStack()
atexit.register(_OPEN.close)
_NUMBERS = itertools.count()


def _file(text: str = "one\ntwo\nthree\nfour\n") -> str:
    path = os.path.join(_FILES.name, f"{next(_NUMBERS)}.txt")
    with open(path, "w") as file:
        file.write(text)
    return path


def vars_set(target: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(target, name, value)
    return target


# -- the four that were known ---------------------------------------------------------------

holder(
    "iterators in a tuple",
    lambda: (iter([1, 2, 3]), itertools.count(3), enumerate("abc")),
    lambda held, x: [next(stage) for stage in held],
    lambda held: [next(stage) for stage in held],
)


def _simple_queue() -> Any:
    made: Any = queue.SimpleQueue()
    for item in (1, 2, 3):
        made.put(item)
    return made


def _drained(held: Any) -> list[Any]:
    return [held.get() for _ in range(held.qsize())]


holder("SimpleQueue", _simple_queue, lambda held, x: held.put(held.get() + 3), _drained)


def _database() -> Any:
    made = _OPEN.enter_context(contextlib.closing(sqlite3.connect(":memory:")))
    made.execute("create table seen (n integer)")
    made.execute("insert into seen values (1)")
    made.commit()
    return made


holder(
    "rows of sqlite3",
    _database,
    lambda held, x: held.execute("insert into seen values (2)"),
    lambda held: held.execute("select n from seen").fetchall(),
)
holder(
    "SeedSequence",
    lambda: numpy.random.SeedSequence(5),
    lambda held, x: held.spawn(2),
    lambda held: (held.n_children_spawned, held.spawn(1)[0].spawn_key),
)

# -- written before any was run -------------------------------------------------------------


class Slots:
    __slots__ = ("it",)

    def __init__(self) -> None:
        self.it = itertools.cycle([1, 2, 3])


holder("cycle in a slot", Slots, lambda held, x: next(held.it), lambda held: next(held.it))


def _closed() -> Callable[[], int]:
    numbers = iter(range(10))
    return lambda: next(numbers)


holder("iterator in a closure", _closed, lambda held, x: held(), lambda held: held())
holder(
    "iterator in a partial",
    lambda: functools.partial(next, iter([4, 5, 6])),
    lambda held, x: held(),
    lambda held: held(),
)


def _memoised() -> Any:
    @functools.cache
    def double(n: int) -> Any:
        return torch.full((4,), 2.0 * n)

    double(1)
    return double


holder(
    "lru_cache of tensors",
    _memoised,
    lambda held, x: held(7),
    lambda held: held.cache_info().currsize,
)


class Cached:
    @functools.cached_property
    def table(self) -> Any:
        return torch.arange(4.0)


holder(
    "cached_property of an object",
    Cached,
    lambda held, x: held.table + x,
    lambda held: "table" in vars(held),
)
holder(
    "context variable with a list by default",
    lambda: contextvars.ContextVar("v", default=[1]),  # noqa: B039
    lambda held, x: held.get().append(2),
    lambda held: held.get(),
)


class Registered:
    registry: ClassVar[dict[str, list[int]]] = collections.defaultdict(list)
    local: ClassVar[Any] = threading.local()


def _registered() -> Any:
    Registered.registry.clear()
    Registered.registry["a"].append(1)
    Registered.local.n = 1
    return Registered()


def _touch_registry(held: Any, x: Any) -> None:
    type(held).registry["b"].append(2)
    type(held).local.n += 1


holder(
    "registry of a class",
    _registered,
    _touch_registry,
    lambda held: (dict(type(held).registry), type(held).local.n),
)


def _generator() -> Any:
    def numbers() -> Any:
        n = 0
        while True:
            n += yield n

    made = numbers()
    next(made)
    return [{"g": made}]


holder(
    "generator deep inside",
    _generator,
    lambda held, x: held[0]["g"].send(2),
    lambda held: held[0]["g"].send(1),
)
holder(
    "text around bytes",
    lambda: io.TextIOWrapper(io.BytesIO(b"one\ntwo\nthree\n")),
    lambda held, x: held.readline(),
    lambda held: held.read(),
)
holder(
    "file read line by line",
    lambda: open(_file()),  # noqa: SIM115
    lambda held, x: next(held),
    lambda held: (held.read(), held.close()),
)
holder(
    "csv reader",
    lambda: csv.reader(io.StringIO("a,b\n1,2\n3,4\n")),
    lambda held, x: next(held),
    lambda held: list(held),
)


class Recent(collections.OrderedDict):  # type: ignore[type-arg]
    def __getitem__(self, key: Any) -> Any:
        self.move_to_end(key)
        return super().__getitem__(key)


holder(
    "recent keys",
    lambda: Recent(a=1, b=2, c=3),
    lambda held, x: held["a"],
    lambda held: list(held),
)


def _heap() -> Any:
    made = [5, 3, 4, 1]
    heapq.heapify(made)
    return types.SimpleNamespace(heap=made, order=[1, 4, 9])


def _touch_heap(held: Any, x: Any) -> None:
    heapq.heappush(held.heap, heapq.heappop(held.heap) + 9)
    bisect.insort(held.order, 5)


holder("heap", _heap, _touch_heap, lambda held: (held.heap, held.order))


class Stage(Enum):
    FIRST = 1
    SECOND = 2


def _stage() -> Any:
    Stage.FIRST.calls = 0  # type: ignore[attr-defined]
    return Stage.FIRST


holder(
    "attribute of a member of an enum",
    _stage,
    lambda held, x: setattr(held, "calls", held.calls + 1),
    lambda held: held.calls,
)


class Counted:
    """A descriptor that keeps its values itself."""

    def __init__(self) -> None:
        self.values: Any = weakref.WeakKeyDictionary()

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self.values.get(owner, 0)

    def __set__(self, owner: Any, value: Any) -> None:
        self.values[owner] = value


class Described:
    n = Counted()


holder(
    "descriptor",
    Described,
    lambda held, x: setattr(held, "n", held.n + 1),
    lambda held: held.n,
)


class Counting(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.records.append(record.getMessage())


def _logger() -> Any:
    made = logging.Logger("counted")
    made.addHandler(Counting())
    return made


def _touch_logger(held: Any, x: Any) -> None:
    held.warning("seen")
    held.setLevel(logging.ERROR)


holder(
    "logger with a handler that counts",
    _logger,
    _touch_logger,
    lambda held: (held.level, held.handlers[0].count, held.handlers[0].records),
)


class Dice(random.Random):
    def __init__(self) -> None:
        super().__init__(3)
        self.rolled = 0

    def roll(self) -> int:
        self.rolled += 1
        return self.randint(1, 6)


holder(
    "random.Random of one's own",
    lambda: (Dice(), random.SystemRandom()),
    lambda held, x: (held[0].roll(), held[0].gauss(0, 1), held[1].random()),
    lambda held: (held[0].rolled, held[0].getstate()),
)
holder(
    "numpy generator that spawns",
    lambda: {"rng": numpy.random.Generator(numpy.random.Philox(4))},
    lambda held, x: held["rng"].spawn(1)[0].random() + held["rng"].random(),
    lambda held: (held["rng"].random(), held["rng"].spawn(1)[0].random()),
)
holder(
    "torch generators in a tuple",
    lambda: [({"g": torch.Generator().manual_seed(1)},)],
    lambda held, x: torch.rand(3, generator=held[0][0]["g"]),
    lambda held: torch.rand(3, generator=held[0][0]["g"]).tolist(),
)
holder(
    "context of decimal numbers",
    lambda: decimal.Context(prec=5),
    lambda held, x: [held.divide(decimal.Decimal(1), decimal.Decimal(3)), vars_set(held, prec=9)],
    lambda held: (held.prec, dict(held.flags)),
)


def _warns(held: Any, x: Any) -> None:
    warnings.warn("once", UserWarning, stacklevel=1)


def _shown(held: Any) -> int:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        globals().get("__warningregistry__", {}).pop("version", None)
        _warns(None, None)
    return len(seen)


holder("warning that is shown once", lambda: _warns, _warns, _shown)


def _touch_output(held: Any, x: Any) -> None:
    sys.stdout = held.out
    sys.excepthook = held.hook
    sys.setswitchinterval(0.5)
    os.umask(0o077)


def _look_output(held: Any) -> Any:
    mask = os.umask(0o022)
    found = (sys.stdout is held.out, sys.excepthook is held.hook, sys.getswitchinterval(), mask)
    sys.stdout, sys.excepthook = held.before
    sys.setswitchinterval(0.005)
    return found


holder(
    "settings of the interpreter",
    lambda: types.SimpleNamespace(
        out=io.StringIO(), hook=lambda *_: None, before=(sys.stdout, sys.excepthook)
    ),
    _touch_output,
    _look_output,
)


def _touch_torch(held: Any, x: Any) -> None:
    torch.autograd.set_multithreading_enabled(False)
    torch.sparse.check_sparse_tensor_invariants.enable()
    torch.hub.set_dir("/nowhere")


def _look_torch(held: Any) -> Any:
    found = (
        torch._C._is_multithreading_enabled(),
        torch.sparse.check_sparse_tensor_invariants.is_enabled(),
        torch.hub.get_dir() == "/nowhere",
    )
    torch.autograd.set_multithreading_enabled(True)
    torch.sparse.check_sparse_tensor_invariants.disable()
    torch.hub._hub_dir = None
    return found


holder("settings of torch", lambda: None, _touch_torch, _look_torch)
holder(
    "window of other shape on an array",
    lambda: memoryview(array.array("f", [0.0] * 6)).cast("B").cast("f", [2, 3]),
    lambda held, x: held.__setitem__((1, 2), 5.0),
    lambda held: held.tolist(),
)


def _mapped() -> Any:
    path = _file("0" * 32)
    return numpy.memmap(path, dtype="uint8", mode="r+", shape=(4, 8))


def _look_mapped(held: Any) -> Any:
    held.flush()
    with open(held.filename, "rb") as file:
        return file.read()


holder("memmap", _mapped, lambda held, x: held.__setitem__((2, 3), 9), _look_mapped)


def _queue(kind: Any) -> Any:
    made = kind()
    for item in (3, 1, 2):
        made.put(item)
    return made


holder(
    "queues",
    lambda: [_queue(kind) for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue)],
    lambda held, x: [each.put(each.get() + 5) for each in held],
    lambda held: [[*_drained(each), each.unfinished_tasks] for each in held],
)


def _count_on(held: Any, x: Any) -> None:
    number, several = held
    with number.get_lock():
        number.value += 1
    several[1] = 9


holder(
    "shared numbers",
    lambda: (multiprocessing.Value("i", 3), multiprocessing.Array("i", [1, 2])),
    _count_on,
    lambda held: (held[0].value, list(held[1])),
)
holder(
    "ChainMap",
    lambda: collections.ChainMap({"a": 1}, {"b": 2}),
    lambda held, x: (held.update(b=3), held.maps.append({"c": 4})),
    lambda held: [dict(each) for each in held.maps],
)


class Easy(dict):  # type: ignore[type-arg]
    """A dict whose keys are attributes, and a property that fails."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    @property
    def broken(self) -> Any:
        raise RuntimeError("never ask")


holder(
    "dict with attributes",
    lambda: Easy(a=Easy(b=1)),
    lambda held, x: [vars_set(held.a, b=2), vars_set(held, c=x)],
    lambda held: dict(held),
)


def counted(n: int) -> int:
    counted.calls += 1  # type: ignore[attr-defined]
    return n


def _function() -> Any:
    counted.calls = 0  # type: ignore[attr-defined]
    return counted


holder("attribute of a function", _function, lambda held, x: held(1), lambda held: held.calls)


class Kept:
    every: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self.n = 1
        Kept.every.append(self)


holder(
    "weak proxy",
    lambda: weakref.proxy(Kept()),
    lambda held, x: setattr(held, "n", 2),
    lambda held: held.n,
)
holder(
    "XML element",
    lambda: ElementTree.fromstring("<a n='1'><b/></a>"),
    lambda held, x: (held.set("n", "2"), held.append(ElementTree.Element("c"))),
    lambda held: ElementTree.tostring(held),
)


def _configured() -> Any:
    made = configparser.ConfigParser()
    made.read_string("[net]\nn = 1\n")
    return argparse.Namespace(parser=made, n=1)


def _touch_configured(held: Any, x: Any) -> None:
    held.parser.set("net", "n", "2")
    held.parser.add_section("more")
    held.n = 2


holder(
    "ConfigParser",
    _configured,
    _touch_configured,
    lambda held: (held.parser.get("net", "n"), held.parser.sections(), held.n),
)
holder(
    "pointer of C",
    lambda: ctypes.pointer(ctypes.c_int(5)),
    lambda held, x: setattr(held.contents, "value", 6),
    lambda held: held.contents.value,
)
holder(
    "hash and compressor",
    lambda: (hashlib.sha256(b"a"), zlib.compressobj()),
    lambda held, x: (held[0].update(b"b"), held[1].compress(b"c")),
    lambda held: (held[0].hexdigest(), held[1].flush()),
)


def _loader() -> Any:
    data = torch.utils.data.TensorDataset(torch.arange(6.0))
    return iter(torch.utils.data.DataLoader(data, batch_size=2))


holder(
    "batches of a DataLoader",
    _loader,
    lambda held, x: next(held),
    lambda held: next(held)[0].tolist(),
)


@dataclass
class Several:
    queue: Any
    ordered: Any
    array: Any
    matches: Any
    own: Any
    tensor: Any


class Sequence:
    def __getitem__(self, index: int) -> int:
        return index


holder(
    "iterators of many kinds",
    lambda: Several(
        iter(collections.deque([1, 2, 3])),
        iter(collections.OrderedDict(a=1, b=2, c=3)),
        iter(array.array("i", [1, 2, 3])),
        re.finditer("[abc]", "abc"),
        iter(Sequence()),
        iter(numpy.arange(3).flat),
    ),
    lambda held, x: [next(each) for each in vars(held).values()],
    lambda held: [str(next(each)) for each in vars(held).values()],
)


def _scheduled() -> Any:
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    return torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)


def _touch_scheduled(held: Any, x: Any) -> None:
    held.optimizer.step()
    held.step()


holder(
    "schedule of a learning rate",
    _scheduled,
    _touch_scheduled,
    lambda held: (held.last_epoch, held.optimizer.param_groups[0]["lr"], held._step_count),
)


def _in_graph() -> Any:
    with torch.enable_grad():
        return nn.Parameter(torch.ones(2)) * 2


def _touch_graph(held: Any, x: Any) -> None:
    held.retain_grad()
    held.register_hook(lambda grad: grad * 100)


def _look_graph(held: Any) -> Any:
    (grad,) = torch.autograd.grad(held.sum(), held.grad_fn.next_functions[0][0].variable)
    return held.retains_grad, grad.tolist()


holder("hooks of a tensor in a graph", _in_graph, _touch_graph, _look_graph)
holder(
    "parts of a sparse tensor",
    lambda: [torch.eye(3).to_sparse_csr(), torch.eye(3).to_sparse()],
    lambda held, x: (held[0].values().mul_(2), held[1]._values().mul_(2)),
    lambda held: [each.to_dense().tolist() for each in held],
)


class Raising(dict):  # type: ignore[type-arg]
    """A dict that does not tell how long it is."""

    def __len__(self) -> int:
        raise RuntimeError("never ask")


holder(
    "dict that raises",
    lambda: Raising(),
    lambda held, x: dict.update(held, a=x),
    lambda held: list(held.keys()),
)


class Failed(Exception):
    """Remembers what failed."""

    def __init__(self, parts: list[int]) -> None:
        super().__init__(parts)
        self.seen: dict[str, Any] = {}


holder(
    "error with a state",
    lambda: Failed([1]),
    lambda held, x: (held.seen.update(a=x), held.args[0].append(2)),
    lambda held: (held.seen, held.args),
)
holder(
    "views of a dict",
    lambda: [{"a": [1]}.values(), {"a": {"k": 1}}.items()],
    lambda held, x: (next(iter(held[0])).append(x), next(iter(held[1]))[1].update(k=x)),
    lambda held: [list(each) for each in held],
)


def _locked() -> Any:
    made = numpy.arange(3.0)
    made.flags.writeable = False
    return made


def _unlock(held: Any, x: Any) -> None:
    held.flags.writeable = True
    held[0] = 5
    held.flags.writeable = False


holder(
    "array that is unlocked",
    _locked,
    _unlock,
    lambda held: (held.tolist(), held.flags.writeable),
)
holder(
    "row of an array of records",
    lambda: numpy.zeros(2, dtype=[("a", "i4")])[1],
    lambda held, x: held.__setitem__("a", 5),
    lambda held: held.item(),
)


class Printed(io.StringIO):
    """Counts what is written to it."""

    count = 0

    def write(self, text: str) -> int:
        self.count += 1
        return super().write(text)


holder(
    "stream of one's own",
    lambda: (Printed(), io.BytesIO(b"abc")),
    lambda held, x: (held[0].write("a"), held[1].truncate(1)),
    lambda held: (held[0].getvalue(), held[0].count, held[1].getvalue(), held[1].tell()),
)
holder(
    "text and object of C",
    lambda: (ctypes.c_char_p(b"abc"), ctypes.py_object([1])),
    lambda held, x: (vars_set(held[0], value=b"z"), vars_set(held[1], value=[2])),
    lambda held: (held[0].value, held[1].value),
)


class Texts(ctypes.Structure):
    """A structure of C that points to a text."""

    _fields_: ClassVar = [("text", ctypes.c_char_p)]


holder(
    "structure that points to a text",
    lambda: Texts(b"abc"),
    lambda held, x: vars_set(held, text=b"z"),
    lambda held: held.text,
)
holder(
    "bases and name of a class",
    lambda: type("Child", (type("Parent", (), {"n": 1}),), {})(),
    lambda held, x: vars_set(
        type(held),
        __bases__=(type("Other", type(held).__bases__, {"n": 2}),),
        __name__="Renamed",
    ),
    lambda held: (held.n, type(held).__name__),
)


def _set_by_name(held: Any, x: Any) -> None:
    globals()["BY_NAME"] = x
    exec("BY_EXEC = 1", globals())


holder(
    "globals of any name",
    lambda: [globals().pop(name, None) for name in ("BY_NAME", "BY_EXEC")],
    _set_by_name,
    lambda held: [name for name in ("BY_NAME", "BY_EXEC") if name in globals()],
)


def _touch_logging(held: Any, x: Any) -> None:
    logging.getLogger().setLevel(5)
    logging.getLogger().addHandler(logging.NullHandler())
    logging.disable(logging.ERROR)


def _look_logging(held: Any) -> Any:
    found = (logging.root.level, logging.root.manager.disable, list(logging.root.handlers))
    logging.root.setLevel(logging.WARNING)
    logging.disable(logging.NOTSET)
    logging.root.handlers = [h for h in held if type(h) is not logging.NullHandler]
    return found


holder(
    "locale",
    lambda: locale.setlocale(locale.LC_NUMERIC),
    lambda held, x: locale.setlocale(locale.LC_NUMERIC, "C" if held != "C" else "C.UTF-8"),
    lambda held: locale.setlocale(locale.LC_NUMERIC),
)
holder("all loggers", lambda: list(logging.root.handlers), _touch_logging, _look_logging)
holder(
    "hooks that see what is registered",
    lambda: nn.modules.module.register_module_buffer_registration_hook,
    lambda held, x: held(lambda *_: None),
    lambda held: len(nn.modules.module._global_buffer_registration_hooks),
)


async def _steps() -> Any:
    for n in range(3):
        yield n


def _ran(held: Any) -> Any:
    try:
        held.__anext__().send(None)
    except StopIteration as item:
        return item.value


holder("asynchronous generator", _steps, lambda held, x: _ran(held), _ran)
holder(
    "lock that is kept",
    threading.Lock,
    lambda held, x: held.acquire(),
    lambda held: held.locked(),
)
holder(
    "semaphore",
    lambda: threading.Semaphore(1),
    lambda held, x: held.acquire(),
    lambda held: held._value,
)
holder(
    "condition",
    threading.Condition,
    lambda held, x: held.acquire(),
    lambda held: held._is_owned(),
)


def _watched() -> Any:
    made = (n for n in range(4))
    return types.SimpleNamespace(made=made, weak=weakref.WeakValueDictionary(a=made))


holder(
    "generator behind a weak dict",
    _watched,
    lambda held, x: next(held.weak["a"]),
    lambda held: next(held.weak["a"]),
)


def _computed() -> Any:
    with torch.enable_grad():
        return nn.Parameter(torch.ones(2)) * 2


holder(
    "tensor that is detached",
    _computed,
    lambda held, x: held.detach_(),
    lambda held: held.is_leaf,
)


def _replaced(held: Any, x: Any) -> None:
    torch.hypot = torch.nn.functional.threshold = torch.atan2
    torch.Tensor.hypot = torch.nn.Tanhshrink.extra_repr = lambda self, *other: self
    del colorsys.hsv_to_rgb


holder(
    "functions of libraries",
    lambda: None,
    _replaced,
    lambda held: (
        torch.hypot.__name__,
        torch.nn.functional.threshold.__name__,
        "hypot" in vars(torch.Tensor),
        "extra_repr" in vars(torch.nn.Tanhshrink),
        "hsv_to_rgb" in vars(colorsys),
    ),
)
holder(
    "lock of processes",
    multiprocessing.Lock,
    lambda held, x: held.acquire(),
    lambda held: held.acquire(block=False),
)
holder(
    "semaphore of processes",
    lambda: multiprocessing.Semaphore(2),
    lambda held, x: held.acquire(),
    lambda held: held.get_value() if sys.platform == "linux" else None,
)


def _taken() -> Any:
    made = multiprocessing.RLock()
    made.acquire()
    return made


holder(
    "lock of processes that was taken",
    _taken,
    lambda held, x: held.release(),
    lambda held: held._semlock._count(),
)
holder(
    "event of processes",
    multiprocessing.Event,
    lambda held, x: held.set(),
    lambda held: held.is_set(),
)
holder(
    "timer of the process",
    lambda: None,
    lambda held, x: signal.setitimer(signal.ITIMER_VIRTUAL, 600),
    lambda held: signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0,
)
