"""Everything that a model and its inputs lead to, as facts that can be compared before and after.

Written apart from the guard: a plain recursion that asks every object for all that it holds.
"""

from __future__ import annotations

import array
import ctypes
import decimal
import gc
import io
import mmap
import os
import random
import sys
import threading
import types
import warnings
import weakref
from collections import OrderedDict, defaultdict, deque
from typing import Any

import numpy
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor

PLAIN = (
    type(None), bool, int, float, complex, str, bytes, range, slice, torch.dtype, torch.device,
    torch.Size, torch.layout, torch.memory_format, types.BuiltinFunctionType, types.ModuleType,
)  # fmt: skip
OUR_OWN = ("modelviz", "_pytest", "pytest", "hypothesis")


class Fingerprint:
    """Facts by place. Holds what it saw, so that no ``id`` is used twice."""

    def __init__(self, **roots: Any) -> None:
        self.facts: dict[str, Any] = {}
        self.alive: list[Any] = []
        self._seen: dict[int, str] = {}
        with warnings.catch_warnings(), torch._C.DisableTorchFunction():
            warnings.simplefilter("ignore")
            for name, root in roots.items():
                self._look(name, root)
        self.facts["process"] = process()

    def _fact(self, place: str, value: Any) -> None:
        assert place not in self.facts, place
        self.facts[place] = value

    def _look(self, place: str, value: Any) -> None:
        if isinstance(value, PLAIN):
            self._fact(place, (type(value).__name__, repr(value)))
            return
        self.alive.append(value)
        if id(value) in self._seen:
            self._fact(place, ("again", self._seen[id(value)]))
            return
        self._seen[id(value)] = place
        self._fact(place, (id(value), type(value).__qualname__, id(type(value))))
        for name in ("tensor", "containers", "data", "chance", "code", "attributes"):
            getattr(self, f"_{name}")(place, value)

    def _tensor(self, place: str, value: Any) -> None:
        if isinstance(value, (torch.UntypedStorage, torch.TypedStorage)):
            storage = value if isinstance(value, torch.UntypedStorage) else value.untyped()
            self._fact(f"{place}:bytes", bytes(storage.tolist()))  # type: ignore[attr-defined]
        if not isinstance(value, torch.Tensor) or nn.parameter.is_lazy(value):
            return
        facts: dict[str, Any] = {
            "shape": tuple(value.shape),
            "dtype": value.dtype,
            "device": str(value.device),
            "requires_grad": value.requires_grad,
            "leaf": value.is_leaf,
            "grad": id(value.grad) if value.is_leaf and value.grad is not None else None,
            "version": None if value.is_inference() else value._version,
            "fake": isinstance(value, FakeTensor),
            "grad_fn": value.grad_fn is None,
        }
        if value.layout is torch.strided:
            storage = value.untyped_storage()
            facts["stride"] = value.stride(), value.storage_offset()
            facts["storage"] = storage._cdata, storage.nbytes()
            if value.device.type == "cpu":
                facts["bytes"] = bytes(storage.tolist())  # type: ignore[attr-defined]
        else:
            facts["dense"] = value.detach().to_dense().tolist()
        for name, fact in facts.items():
            self._fact(f"{place}:{name}", fact)
        if value.is_leaf and value.grad is not None:
            self._look(f"{place}.grad", value.grad)
        for name in ("_backward_hooks", "_post_accumulate_grad_hooks"):
            hooks = getattr(value, name)
            self._fact(f"{place}:{name}", None if not hooks else list(hooks))

    def _containers(self, place: str, value: Any) -> None:
        if isinstance(value, dict):
            items = OrderedDict.items(value) if isinstance(value, OrderedDict) else value.items()
            items = list(items)
            self._fact(
                f"{place}:keys", [repr(k) if isinstance(k, PLAIN) else id(k) for k, _ in items]
            )
            for index, (key, part) in enumerate(items):
                if not isinstance(key, PLAIN):
                    self._look(f"{place}:key{index}", key)
                self._look(
                    f"{place}[{key!r}]" if isinstance(key, PLAIN) else f"{place}[#{index}]", part
                )
            if isinstance(value, defaultdict):
                self._fact(f"{place}:factory", id(value.default_factory))
        elif isinstance(value, (list, tuple, deque)):
            self._fact(f"{place}:len", len(value))
            for index, part in enumerate(value):
                self._look(f"{place}[{index}]", part)
        elif isinstance(value, (set, frozenset)):
            self._fact(
                f"{place}:ids",
                sorted(repr(p) if isinstance(p, PLAIN) else str(id(p)) for p in value),
            )
            self.alive += value
        elif isinstance(value, weakref.ref):
            self._look(f"{place}()", value())

    def _data(self, place: str, value: Any) -> None:
        if isinstance(value, numpy.ndarray):
            facts = (value.shape, value.strides, str(value.dtype), value.flags.writeable)
            self._fact(f"{place}:array", facts)
            if value.dtype.hasobject:
                for index, part in enumerate(value.ravel().tolist()):
                    self._look(f"{place}:object{index}", part)
            else:
                self._fact(f"{place}:numbers", value.tobytes())
            if value.base is not None:
                self._look(f"{place}.base", value.base)
        elif isinstance(value, (bytearray, array.array)):
            self._fact(f"{place}:bytes", bytes(value))
        elif isinstance(value, (mmap.mmap, ctypes.Array, ctypes.Structure)):
            self._fact(f"{place}:bytes", bytes(memoryview(value)))
            self._fact(f"{place}:place", value.tell() if isinstance(value, mmap.mmap) else None)
        elif isinstance(value, types.MappingProxyType):
            for key, part in value.items():
                self._look(f"{place}[{key!r}]", part)
        elif isinstance(value, memoryview):
            self._fact(f"{place}:bytes", value.tobytes())
            self._look(f"{place}.obj", value.obj)
        elif isinstance(value, (io.BytesIO, io.StringIO)):
            self._fact(f"{place}:stream", (value.tell(), value.getvalue()))
        elif isinstance(value, io.IOBase) and value.seekable():
            self._fact(f"{place}:stream", value.tell())
        elif type(value) in (type(iter([])), type(iter(())), type(iter(range(0)))):
            self._fact(f"{place}:left", value.__length_hint__())
        elif isinstance(value, types.GeneratorType):
            self._fact(f"{place}:frame", None if value.gi_frame is None else value.gi_frame.f_lasti)
        elif type(value).__module__ == "itertools":
            self._fact(f"{place}:repr", repr(value))

    def _chance(self, place: str, value: Any) -> None:
        if isinstance(value, torch.Generator):
            self._fact(f"{place}:state", value.get_state().tolist())
        elif isinstance(value, random.Random):
            self._fact(f"{place}:state", value.getstate())
        elif isinstance(value, numpy.random.RandomState):
            self._fact(
                f"{place}:state", repr(value.get_state()[1:]) + repr(value.get_state()[1].tolist())
            )
        elif isinstance(value, numpy.random.Generator):
            self._fact(f"{place}:state", repr(value.bit_generator.state))

    def _code(self, place: str, value: Any) -> None:
        if isinstance(value, types.FunctionType):
            self._fact(f"{place}:code", id(value.__code__))
            self._look(f"{place}.__defaults__", value.__defaults__)
            self._look(f"{place}.__kwdefaults__", value.__kwdefaults__)
            self._look(f"{place}.__dict__", value.__dict__)
            for index, cell in enumerate(value.__closure__ or ()):
                try:
                    self._look(f"{place}.cell{index}", cell.cell_contents)
                except ValueError:
                    self._fact(f"{place}.cell{index}:empty", None)
        elif isinstance(value, types.MethodType):
            self._look(f"{place}.__self__", value.__self__)
            self._look(f"{place}.__func__", value.__func__)
        elif type(value).__name__ == "partial":
            for name in ("func", "args", "keywords"):
                self._look(f"{place}:{name}", getattr(value, name))
        elif isinstance(value, type) and not value.__module__.startswith(("torch", "builtins")):
            for name, part in sorted(vars(value).items()):
                if name not in ("__dict__", "__weakref__") and not name.startswith(
                    ("__annot", "_abc")
                ):
                    self._look(f"{place}.{name}", part)

    def _attributes(self, place: str, value: Any) -> None:
        if isinstance(value, (type, types.FunctionType, types.MethodType)):
            return
        cls = type(value)
        if cls.__module__.startswith(OUR_OWN):
            return
        if isinstance(value, threading.local) or cls.__dictoffset__:
            own = isinstance(value, threading.local)
            attributes = value.__dict__ if own else object.__getattribute__(value, "__dict__")
            self._fact(f"{place}:attributes", list(attributes))
            for name, part in attributes.items():
                self._look(f"{place}.{name}", part)
        for base in cls.__mro__:
            for name, slot in vars(base).items():
                if isinstance(slot, types.MemberDescriptorType) and base.__flags__ & (1 << 9):
                    try:
                        part = slot.__get__(value)
                    except AttributeError:
                        self._fact(f"{place}.{name}:unset", None)
                    else:
                        self._look(f"{place}.{name}", part)
        if cls.__flags__ & (1 << 9) and not cls.__module__.startswith(
            ("torch", "collections", "weakref")
        ):
            self._look(f"{place}:class", cls)


def process() -> dict[str, Any]:
    """The settings and the generators of the process."""
    from torch.backends import cuda, cudnn, mha

    return {
        "python": random.getstate(),
        "torch": torch.get_rng_state().tolist(),
        "numpy": numpy.random.get_state()[1].tolist(),  # type: ignore[index]
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": [
            (torch.is_autocast_enabled(d), torch.get_autocast_dtype(d)) for d in ("cpu", "cuda")
        ],
        "cache": torch.is_autocast_cache_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "matmul": torch.get_float32_matmul_precision(),
        "threads": torch.get_num_threads(),
        "anomaly": torch.is_anomaly_enabled(),
        "fastpath": mha.get_fastpath_enabled(),
        "cudnn": (cudnn.enabled, cudnn.benchmark, cudnn.deterministic),
        "sdp": (
            cuda.flash_sdp_enabled(),
            cuda.math_sdp_enabled(),
            cuda.mem_efficient_sdp_enabled(),
        ),
        "modes": (torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()),
        "warnings": list(warnings.filters),
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "recursion": sys.getrecursionlimit(),
        "collecting": gc.isenabled(),
        "numpy errors": numpy.geterr(),
        "path": list(sys.path),
        "call": id(nn.Module.__call__),
        "decimals": repr(decimal.getcontext()),
        "hooks": list(nn.modules.module._global_forward_hooks),
    }


def differences(before: Fingerprint, after: Fingerprint) -> list[str]:
    """The places where something is not what it was, and where something has no data."""
    places = {**before.facts, **after.facts}
    found = [
        f"{place}: {_short(before.facts.get(place))} -> {_short(after.facts.get(place))}"
        for place in places
        if before.facts.get(place, places) != after.facts.get(place, places)
    ]
    if before.facts["process"] != after.facts["process"]:
        old, new = before.facts["process"], after.facts["process"]
        found += [f"process {name}" for name in old if old[name] != new[name]]
    fakes = [place for place, fact in after.facts.items() if place.endswith(":fake") and fact]
    return found + [f"{place}" for place in fakes]


def _short(value: Any) -> str:
    return repr(value)[:60]
