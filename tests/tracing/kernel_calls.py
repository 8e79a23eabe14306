"""Each kernel that the zoo runs, with the smallest arguments of each kind that it was given.

python -m tests.tracing.kernel_calls     writes data/kernel_calls.json anew
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

PATH = Path(__file__).parent / "data" / "kernel_calls.json"
# Of each kernel, so many kinds of arguments are kept.
_KINDS = 4


@dataclass(frozen=True)
class KernelCall:
    """A kernel with its arguments, in which tensors are shape, strides and dtype."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]

    @property
    def kernel(self) -> Any:
        """The kernel itself."""
        namespace, packet, overload = self.name.split(".")
        return getattr(getattr(getattr(torch.ops, namespace), packet), overload)

    @property
    def dtypes(self) -> list[str]:
        """The dtype of each tensor among the arguments."""
        return [row[2] for row in _tensors([self.args, list(self.kwargs.values())])]

    def arguments(
        self, dtypes: dict[int, str], make: Callable[..., torch.Tensor]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Real arguments: ``make(shape, stride, dtype)`` gives tensors, some of other dtypes."""
        decode = _Decoder(dtypes, make)
        args = [decode(value) for value in self.args]
        return args, {name: decode(value) for name, value in self.kwargs.items()}


class _Decoder:
    def __init__(self, dtypes: dict[int, str], make: Callable[..., torch.Tensor]) -> None:
        self._dtypes, self._make = dtypes, make
        self._position = 0

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self(part) for part in value]
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "tensor":
            shape, stride, dtype = content
            dtype = self._dtypes.get(self._position, dtype)
            self._position += 1
            return self._make(shape, stride, getattr(torch, dtype))
        return torch.device(content) if kind == "device" else getattr(torch, content)


def kernel_calls() -> list[KernelCall]:
    """The calls that are kept, by kernel."""
    return [KernelCall(*row) for row in json.loads(PATH.read_text())]


def _tensors(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict) and "tensor" in value:
        yield value["tensor"]


class _Unusual(Exception):
    """An argument that is not kept."""


def _encoded(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        plain = type(value) in (torch.Tensor, torch.nn.Parameter) and not value.is_nested
        if not plain or value.layout is not torch.strided or value.is_quantized:
            raise _Unusual
        return {"tensor": [list(value.shape), list(value.stride()), _short(value.dtype)]}
    if isinstance(value, (list, tuple)):
        return [_encoded(part) for part in value]
    if isinstance(value, (torch.dtype, torch.memory_format, torch.layout)):
        return {"setting": _short(value)}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, torch.Generator):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise _Unusual


def _short(value: Any) -> str:
    return str(value).removeprefix("torch.")


def _kind(value: Any) -> Any:
    """What two calls of one kernel have in common whose dtypes matter alike."""
    if isinstance(value, dict) and "tensor" in value:
        shape, _, dtype = value["tensor"]
        return len(shape), dtype
    if isinstance(value, dict):
        return tuple((name, _kind(part)) for name, part in value.items())
    if isinstance(value, list) and any(isinstance(part, (dict, list)) for part in value):
        return tuple(map(_kind, value))
    return type(value).__name__


def _size(row: list[Any]) -> tuple[int, str]:
    return sum(prod(shape) for shape, _, _ in _tensors(row[1:])), json.dumps(row)


class _Collector(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[Any, list[Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        try:
            row = [str(func), _encoded(args), {n: _encoded(v) for n, v in kwargs.items()}]
        except _Unusual:
            return result
        if func.namespace == "aten":
            key = (row[0], _kind(row[1]), _kind(row[2]))
            self.found[key] = min(self.found.get(key, row), row, key=_size)
        return result


def _write() -> None:
    from benchmarks.zoo import missing, zoo

    collector = _Collector()
    for entry in zoo():
        if missing(entry.family) is None and entry.name != "torch-transformer-encoder-padded":
            sample = entry.build()
            with torch.no_grad(), collector:
                sample.forward()
    by_kernel: dict[str, list[Any]] = {}
    for row in collector.found.values():
        by_kernel.setdefault(row[0], []).append(row)
    kept = [
        row for name in sorted(by_kernel) for row in sorted(by_kernel[name], key=_size)[:_KINDS]
    ]
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in kept)
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(f"[\n{lines}\n]\n")
    print(f"{len(by_kernel)} kernels, {len(kept)} calls")


if __name__ == "__main__":
    _write()
