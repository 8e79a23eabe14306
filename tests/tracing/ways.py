"""Ways in which a forward can touch what was there before it: functions of model and input."""

from __future__ import annotations

import array
import ctypes
import decimal
import functools
import gc
import io
import itertools
import mmap
import os
import random
import sys
import threading
import types
import warnings
import weakref
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

import numpy
import torch
from torch import nn

Pair = namedtuple("Pair", "first second")
Way = Callable[[Any, Any], Any]
WAYS: dict[str, Way] = {}
GLOBAL = {"count": 0, "kept": [1, 2]}
COUNT = 0
VARIABLE: ContextVar[Any] = ContextVar("variable", default=None)
INSIDE: ContextVar[Any] = ContextVar("inside")
INSIDE.set({"kept": 1})
THREAD = threading.local()


class Plain:
    """A plain object, with an attribute of its class."""

    shared: ClassVar[list[int]] = [1]
    level = 1

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


class Other(Plain):
    """What a plain object may be turned into."""


class Local(threading.local):
    """A thread's own state, with a class of its own."""

    def __init__(self) -> None:
        self.count = 1


class Slotted:
    """An object without a dictionary."""

    __slots__ = ("a", "b", "c")

    def __init__(self) -> None:
        self.a: Any = [1]
        self.b: Any = None


@dataclass
class Record:
    """A dataclass with a list inside."""

    count: int = 0
    parts: list[Any] = field(default_factory=lambda: [1])


class Point(ctypes.Structure):
    """A structure of C."""

    _fields_: ClassVar = [("x", ctypes.c_int)]


class Colour(Enum):
    """Members whose value can change."""

    RED = [1]  # noqa: RUF012


class Host(nn.Module):
    """Holds one of everything."""

    calls = 0

    def __init__(self, way: str, ending: BaseException | None = None) -> None:
        super().__init__()
        self.way, self.ending = way, ending
        self.linear = nn.Linear(4, 4)
        self.local = Local()
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.rare = nn.Linear(4, 4, bias=False)
        self.rare.weight.grad = torch.ones(4, 4)
        self.register_buffer("b", torch.arange(12.0).view(3, 4))
        self.register_buffer("view", torch.arange(24.0).view(6, 4)[1:4])
        self.register_buffer("flat", torch.arange(12.0))
        self.register_buffer("small", torch.ones(4, dtype=torch.float16))
        self.register_buffer("sparse", torch.eye(3).to_sparse())
        self.plain = Plain(x=1, inner=Plain(items=[1, {2: 3}]), tensor=torch.ones(4))
        self.slotted = Slotted()
        self.record = Record()
        self.items: list[Any] = [1, [2, {"deep": [3]}]]
        self.table: dict[str, Any] = {"a": 1, "b": [2], "c": 3}
        self.chosen = {1, 2}
        self.queue: deque[Any] = deque([1, 2, 3], maxlen=3)
        self.lacking: defaultdict[str, list[Any]] = defaultdict(list, a=[1])
        self.counter = Counter("aab")
        self.ordered = OrderedDict(a=1, b=2, c=3)
        self.userdict = UserDict(a=[1])
        self.userlist = UserList([1, [2]])
        self.pair = Pair([1], {"k": torch.ones(2)})
        self.weak = weakref.WeakKeyDictionary({self.linear: 1})
        self.weakset = weakref.WeakSet([self.linear])
        self.weakvalues = weakref.WeakValueDictionary({"l": self.linear})
        self.array = numpy.arange(6.0).reshape(2, 3)
        self.slice = numpy.arange(10)[2:5]
        self.boxes = numpy.array([[1], None], dtype=object)
        self.bytes = bytearray(b"abcd")
        self.numbers = array.array("i", [1, 2, 3])
        self.window = memoryview(bytearray(b"xyz"))
        self.stream = io.BytesIO(b"one two")
        self.text = io.StringIO("one two")
        self.generator = torch.Generator().manual_seed(0)
        self.rng = numpy.random.default_rng(0)
        self.state = numpy.random.RandomState(0)
        self.dice = random.Random(0)
        self.iterator = iter([1, 2, 3])
        self.counting = itertools.count(5)
        self.storage = torch.ones(3).untyped_storage()
        self.optimizer = torch.optim.Adam(self.linear.parameters(), lr=0.1)
        self.momentum = torch.optim.SGD(self.rare.parameters(), lr=0.1, momentum=0.9)
        self.partial = functools.partial(max, [1], key=None)
        self.namespace = types.SimpleNamespace(x=[1])
        self.linear.register_forward_hook(lambda module, args, output: output + 0)
        self.mapped = mmap.mmap(-1, 8)
        self.row = (ctypes.c_float * 4)()
        self.point = Point(1)
        self.colour = Colour.RED
        self.view_of_dict = types.MappingProxyType({"a": [1]})
        self.last: Any = None
        self.steps = 0
        self.closed = _closed()

    def forward(self, x: Any, extra: Any = None) -> Any:
        result = WAYS[self.way](self, x) if extra is None else WAYS[self.way](self, (x, extra))
        h = self.drop(self.norm(self.linear(x * 1.0)))
        self.last = h
        if self.ending is not None:
            raise self.ending
        return h if not isinstance(result, torch.Tensor) else h + result.sum()


def _closed() -> Callable[[Any], None]:
    total, tensor, count = {"n": 0}, torch.zeros(3), 0

    def add(value: Any, also: list[Any] = []) -> None:  # noqa: B006
        nonlocal count
        count += 1
        total["n"] += 1
        tensor.add_(1)
        total["last"] = value
        also.append(value)

    return add


def way(function: Way) -> Way:
    """Another way."""
    WAYS[function.__name__] = function
    return function


def _lines(**ways: Way) -> None:
    for name, function in ways.items():
        WAYS[name] = function


def _set(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


_lines(
    nothing=lambda m, x: None,
    # attributes
    attribute_counted=lambda m, x: _set(m, "steps", m.steps + 1),
    attribute_new=lambda m, x: _set(m, "fresh", x * 2),
    attribute_swapped=lambda m, x: _set(m, "items", [x * 2]),
    attribute_deleted=lambda m, x: delattr(m, "steps"),
    attribute_reordered=lambda m, x: vars(m).__setitem__("steps", vars(m).pop("steps")),
    attribute_of_child=lambda m, x: _set(m.linear, "seen", x * 2),
    training_switched=lambda m, x: _void(m.norm.train(not m.norm.training)),
    module_added=lambda m, x: m.add_module("late", nn.Linear(2, 2)),
    module_swapped=lambda m, x: _set(m, "linear", nn.Linear(4, 4)),
    module_deleted=lambda m, x: delattr(m, "rare"),
    module_class=lambda m, x: _set(m.drop, "__class__", nn.Identity),
    parameter_added=lambda m, x: m.register_parameter("late", nn.Parameter(torch.ones(2))),
    parameter_swapped=lambda m, x: _set(m.linear, "weight", nn.Parameter(torch.ones(4, 4))),
    parameter_deleted=lambda m, x: delattr(m.rare, "weight"),
    parameter_none=lambda m, x: _set(m.linear, "bias", None),
    parameter_reordered=lambda m, x: m.linear._parameters.__setitem__(
        "weight", m.linear._parameters.pop("weight")
    ),
    buffer_added=lambda m, x: m.register_buffer("late", x * 2),
    buffer_assigned=lambda m, x: _set(m, "b", m.b + 1),
    buffer_deleted=lambda m, x: delattr(m, "flat"),
    buffer_persistence=lambda m, x: m._non_persistent_buffers_set.add("b"),
    forward_replaced=lambda m, x: _set(m.drop, "forward", lambda y: y),
    class_attribute=lambda m, x: _set(type(m), "calls", type(m).calls + 1),
    class_attribute_new=lambda m, x: _set(Host, "brand_new", x * 2),
    class_method=lambda m, x: _set(nn.Dropout, "forward", lambda self, y: y),
    class_attribute_list=lambda m, x: Plain.shared.append(2),
    class_attribute_of_object=lambda m, x: _set(Plain, "level", x * 2),
    # objects
    object_attribute=lambda m, x: _set(m.plain, "x", x * 2),
    object_inner=lambda m, x: m.plain.inner.items[1].__setitem__(2, x * 2),
    object_deleted=lambda m, x: delattr(m.plain, "x"),
    object_class=lambda m, x: _set(m.plain, "__class__", Other),
    object_tensor=lambda m, x: m.plain.tensor.mul_(3),
    slot_set=lambda m, x: _set(m.slotted, "b", x * 2),
    slot_filled=lambda m, x: _set(m.slotted, "c", 1),
    slot_deleted=lambda m, x: delattr(m.slotted, "a"),
    slot_inner=lambda m, x: m.slotted.a.append(x * 2),
    dataclass_field=lambda m, x: _set(m.record, "count", 5),
    dataclass_list=lambda m, x: m.record.parts.append(x * 2),
    namespace=lambda m, x: m.namespace.x.append(x * 2),
    partial=lambda m, x: m.partial.args[0].append(5) or m.partial.keywords.update(default=1),
    closure=lambda m, x: m.closed(x * 2),
    global_dict=lambda m, x: GLOBAL.update(count=5, last=x * 2),
    # containers
    list_appended=lambda m, x: m.items.append(x * 2),
    list_deep=lambda m, x: m.items[1][1]["deep"].append(x * 2),
    list_cleared=lambda m, x: m.items.clear(),
    list_sorted=lambda m, x: m.items.reverse(),
    dict_set=lambda m, x: m.table.update(d=x * 2),
    dict_deleted=lambda m, x: _void(m.table.pop("a")),
    dict_swapped=lambda m, x: m.table.update(a=x * 2),
    dict_reordered=lambda m, x: m.table.__setitem__("a", m.table.pop("a")),
    set_added=lambda m, x: m.chosen.add(x * 2),
    set_removed=lambda m, x: m.chosen.remove(1),
    deque_appended=lambda m, x: m.queue.append(x * 2),
    deque_rotated=lambda m, x: m.queue.rotate(1),
    defaultdict_asked=lambda m, x: m.lacking["z"].append(x * 2),
    defaultdict_factory=lambda m, x: _set(m.lacking, "default_factory", int),
    counter=lambda m, x: m.counter.update("abc"),
    ordered_moved=lambda m, x: m.ordered.move_to_end("a"),
    ordered_set=lambda m, x: m.ordered.update(z=x * 2),
    userdict=lambda m, x: m.userdict.update(a=x * 2) or m.userdict.data.update(z=1),
    userlist=lambda m, x: m.userlist.append(x * 2) or m.userlist[1].append(1),
    namedtuple_inside=lambda m, x: m.pair.first.append(x * 2) or m.pair.second.update(k=x),
    namedtuple_tensor=lambda m, x: m.pair.second["k"].add_(1),
    weak_dict=lambda m, x: m.weak.update({m.norm: x * 2}),
    weak_dict_deleted=lambda m, x: _void(m.weak.pop(m.linear)),
    weak_set=lambda m, x: m.weakset.add(m.norm),
    weak_values=lambda m, x: m.weakvalues.update(n=m.norm),
    # data of NumPy and Python
    numpy_written=lambda m, x: m.array.__setitem__(0, 9),
    numpy_view=lambda m, x: m.array[1:].__setitem__(slice(None), -1),
    numpy_base=lambda m, x: m.slice.base.__setitem__(slice(None), 7),
    numpy_objects=lambda m, x: m.boxes.__setitem__(1, x * 2),
    numpy_objects_inside=lambda m, x: m.boxes[0].append(x * 2),
    numpy_shape=lambda m, x: _quietly(lambda: _set(m.array, "shape", (3, 2))),
    numpy_resized=lambda m, x: m.array.resize((4, 3), refcheck=False),
    numpy_locked=lambda m, x: m.array.setflags(write=False),
    bytearray_written=lambda m, x: m.bytes.__setitem__(0, 0),
    bytearray_grown=lambda m, x: m.bytes.extend(b"efg"),
    array_written=lambda m, x: m.numbers.__setitem__(0, 9) or m.numbers.append(4),
    memoryview_written=lambda m, x: m.window.__setitem__(0, 0),
    mapped_memory=lambda m, x: m.mapped.__setitem__(0, 65) or m.mapped.seek(3),
    array_of_c=lambda m, x: m.row.__setitem__(0, 2.0),
    structure_of_c=lambda m, x: _set(m.point, "x", 5),
    enum_member=lambda m, x: m.colour.value.append(x * 2),
    dict_behind_a_view=lambda m, x: m.view_of_dict["a"].append(x * 2),
    stream_read=lambda m, x: _void(m.stream.read(3)),
    stream_written=lambda m, x: _void(m.stream.write(b"zzzzzzzzzzz")),
    text_read=lambda m, x: _void(m.text.readline()),
    torch_generator=lambda m, x: torch.rand(3, generator=m.generator),
    numpy_generator=lambda m, x: _void(m.rng.random(3)),
    numpy_random_state=lambda m, x: _void(m.state.rand(3)),
    python_generator=lambda m, x: _void(m.dice.random()),
    global_random=lambda m, x: _void((random.random(), numpy.random.rand(), torch.rand(2))),
    global_seeds=lambda m, x: _void((random.seed(1), numpy.random.seed(1), torch.manual_seed(1))),
    iterator=lambda m, x: _void(next(m.iterator)),
    counting=lambda m, x: _void(next(m.counting)),
    # the memory of tensors
    tensor_written=lambda m, x: _void(m.b.mul_(2)),
    tensor_indexed=lambda m, x: m.b.__setitem__((0, slice(None)), 5.0),
    tensor_view=lambda m, x: _void(m.view.t()[1:].add_(1)),
    tensor_twice=lambda m, x: _void((m.flat.add_(1), m.flat.mul_(2))),
    weight_written=lambda m, x: _void(m.linear.weight.mul_(0.5)),
    weight_data=lambda m, x: _void(m.linear.weight.data.mul_(0.5)),
    weight_data_set=lambda m, x: _set(m.linear.weight, "data", m.linear.weight.data * 2),
    weight_detached=lambda m, x: _void(m.linear.weight.detach().zero_()),
    weight_init=lambda m, x: _void(nn.init.normal_(m.linear.weight)),
    max_norm=lambda m, x: nn.functional.embedding(
        torch.tensor([0, 1]), m.rare.weight, max_norm=0.1
    ),
    half=lambda m, x: _void(m.rare.half()),
    double_set=lambda m, x: _set(m.rare.weight, "data", m.rare.weight.data.double()),
    sparse_written=lambda m, x: _void(m.sparse.mul_(2)),
    resized=lambda m, x: _void(m.b.resize_(5, 4)),
    resized_larger=lambda m, x: _void(m.b.resize_(9, 9)),
    reshaped=lambda m, x: _set(m.b, "data", m.b.data.view(4, 3)),
    transposed=lambda m, x: _void(m.b.t_()),
    swapped_axes=lambda m, x: _void(m.b.transpose_(0, 1)),
    squeezed=lambda m, x: _void(m.flat.unsqueeze_(0)),
    restrided=lambda m, x: _void(m.b.as_strided_((2, 2), (1, 2))),
    set_to_other=lambda m, x: _void(m.b.set_(torch.zeros(3, 4))),
    set_to_storage=lambda m, x: _void(m.b.set_(_storage(), 0, (3, 4), (4, 1))),
    set_to_own=lambda m, x: _void(m.b.set_(m.flat)),
    freed=lambda m, x: _void(m.flat.untyped_storage().resize_(0)),
    storage_filled=lambda m, x: _void(m.b.untyped_storage().fill_(0)),
    storage_held=lambda m, x: _void(m.storage.fill_(0)),
    storage_shared=lambda m, x: _void(m.b.share_memory_()),
    through_numpy=lambda m, x: m.b.numpy().__setitem__(0, 7.0),
    through_numpy_flat=lambda m, x: _void(m.flat.data.numpy().__iadd__(1)),
    through_dlpack=lambda m, x: _dlpack(m.b),
    through_memoryview=lambda m, x: memoryview(m.flat.numpy()).__setitem__(0, 3.0),
    through_pointer=lambda m, x: _void(ctypes.memset(m.b.data_ptr(), 0, 16)),
    swapped_tensors=lambda m, x: torch.utils.swap_tensors(m.plain.tensor, torch.zeros(4)),
    input_written=lambda m, x: _void(x.add_(1)),
    input_resized=lambda m, x: _void(x.t_().t_()),
    input_attribute=lambda m, x: _set(x, "note", [1]),
    # flags, gradients and hooks
    frozen=lambda m, x: _void(m.linear.weight.requires_grad_(False)),
    unfrozen_buffer=lambda m, x: _void(m.b.requires_grad_()),
    input_requires_grad=lambda m, x: _void(x.requires_grad_()),
    buffer_in_graph=lambda m, x: _graph(m),
    parameter_attribute=lambda m, x: _set(m.linear.weight, "note", x * 2),
    parameter_class=lambda m, x: _set(m.rare.weight, "__class__", _Weight),
    parameter_hook=lambda m, x: _void(m.linear.weight.register_hook(lambda g: g)),
    parameter_post_hook=lambda m, x: _void(
        m.linear.weight.register_post_accumulate_grad_hook(lambda p: None)
    ),
    module_hook=lambda m, x: _void(m.drop.register_forward_hook(lambda *_: None)),
    module_hook_removed=lambda m, x: m.linear._forward_hooks.clear(),
    gradient_set=lambda m, x: _set(m.linear.weight, "grad", torch.ones(4, 4)),
    gradient_none=lambda m, x: m.rare.zero_grad(set_to_none=True),
    gradient_zeroed=lambda m, x: m.rare.zero_grad(set_to_none=False),
    gradient_scaled=lambda m, x: _void(m.rare.weight.grad.mul_(3)),
    gradient_clipped=lambda m, x: _void(nn.utils.clip_grad_norm_(m.rare.parameters(), 0.1)),
    input_gradient=lambda m, x: _set(x, "grad", x * 2),
    # the process
    default_dtype=lambda m, x: torch.set_default_dtype(torch.float64),
    default_device=lambda m, x: torch.set_default_device("meta"),
    autocast=lambda m, x: torch.set_autocast_enabled("cpu", True),
    autocast_dtype=lambda m, x: torch.set_autocast_dtype("cpu", torch.float16),
    deterministic=lambda m, x: torch.use_deterministic_algorithms(True, warn_only=True),
    matmul_precision=lambda m, x: torch.set_float32_matmul_precision("medium"),
    threads=lambda m, x: torch.set_num_threads(1 + torch.get_num_threads() % 2),
    grad_mode=lambda m, x: _void(torch.set_grad_enabled(True)),
    anomaly=lambda m, x: _void(torch.autograd.set_detect_anomaly(True)),
    fast_path=lambda m, x: torch.backends.mha.set_fastpath_enabled(False),
    benchmark=lambda m, x: _set(torch.backends.cudnn, "benchmark", True),
    attention_kernels=lambda m, x: torch.backends.cuda.enable_math_sdp(False),
    warning_filters=lambda m, x: warnings.simplefilter("ignore"),
    environment=lambda m, x: os.environ.update(MODELVIZ_TEST="1"),
    directory=lambda m, x: os.chdir("/"),
    recursion_limit=lambda m, x: sys.setrecursionlimit(sys.getrecursionlimit() + 100),
    collector=lambda m, x: gc.enable(),
    numpy_errors=lambda m, x: _void(numpy.seterr(all="ignore")),
    decimal_numbers=lambda m, x: _set(decimal.getcontext(), "prec", 7),
    hook_of_all_modules=lambda m, x: _void(
        nn.modules.module.register_module_forward_hook(lambda *_: None)
    ),
    module_path=lambda m, x: sys.path.append("/nowhere"),
)


class _Weight(nn.Parameter):
    pass


def _storage() -> torch.UntypedStorage:
    return torch.zeros(12).untyped_storage()


def _void(value: Any) -> None:
    return None


def _quietly(change: Callable[[], None]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        change()


def _dlpack(tensor: torch.Tensor) -> None:
    torch.utils.dlpack.from_dlpack(tensor.__dlpack__()).fill_(3.0)


def _graph(m: Any) -> None:
    with torch.enable_grad():
        m.flat.mul_(m.linear.weight.sum())


@way
def backward(m: Any, x: Any) -> None:
    with torch.enable_grad():
        m.linear(x * 1.0).sum().backward()


@way
def backward_accumulates(m: Any, x: Any) -> None:
    with torch.enable_grad():
        m.rare(x * 1.0).sum().backward()


@way
def backward_to_input(m: Any, x: Any) -> None:
    with torch.enable_grad():
        x.requires_grad_()
        m.rare(x * 1.0).sum().backward()


@way
def gradient_used(m: Any, x: Any) -> Any:
    with torch.enable_grad():
        y = (x * 1.0).requires_grad_()
        return torch.autograd.grad(m.linear(y).sum(), y)[0]


@way
def optimizer_steps(m: Any, x: Any) -> None:
    with torch.enable_grad():
        m.linear(x * 1.0).sum().backward()
    m.optimizer.step()
    m.optimizer.zero_grad()


@way
def optimizer_group(m: Any, x: Any) -> None:
    m.optimizer.param_groups[0]["lr"] = 5.0
    m.momentum.step()


@way
def global_count(m: Any, x: Any) -> None:
    global COUNT
    COUNT += 1


@way
def context_variable(m: Any, x: Any) -> None:
    VARIABLE.set(m.linear(x))
    INSIDE.get()["more"] = x


@way
def thread_local(m: Any, x: Any) -> None:
    THREAD.kept = m.linear(x)
    m.local.count += 1
    m.local.new = x


@way
def everything(m: Any, x: Any) -> None:
    """Many of them at once."""
    names = "attribute_counted list_deep object_inner dict_reordered weight_data_set numpy_view"
    for name in (*names.split(), "frozen", "optimizer_steps", "module_hook", "slot_set"):
        WAYS[name](m, x)
