"""Builds ``ModelGraph``s by hand, so that tests of what reads a graph need no trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from modelviz.graph import (
    Buffer,
    Call,
    Failure,
    FunctionCall,
    ModelGraph,
    Module,
    Op,
    Parameter,
    Shape,
    Storage,
    Tensor,
)


class GraphBuilder:
    """Records modules, calls and ops as a trace would, and gives the graph."""

    def __init__(self, name: str = "Net") -> None:
        self.name = name
        self._modules: dict[str, Module] = {}
        self._calls: list[Call] = []
        self._ops: list[Op] = []
        self._tensors: list[Tensor] = []
        self._storages: list[Storage] = []
        self._inputs: list[int] = []
        self._stack: list[int] = []
        self._functions: list[FunctionCall] = []
        self._running: list[tuple[int, int]] = []
        self._weights: dict[str, int] = {}
        self.module("", name)

    def module(
        self,
        path: str,
        class_name: str = "Block",
        config: str = "",
        weights: dict[str, Shape] | None = None,
        shared_with: str | None = None,
        tied: dict[str, str] | None = None,
        training: bool = True,
    ) -> str:
        """Declare a module, and its parents where they are missing; its path."""
        if "." in path and path.rpartition(".")[0] not in self._modules:
            self.module(path.rpartition(".")[0], "ModuleList")
        ties = tied or {}
        parameters = tuple(
            Parameter(name, shape, "float32", 4 * _numel(shape), True, ties.get(name))
            for name, shape in (weights or {}).items()
        )
        self._modules[path] = Module(
            path,
            class_name,
            f"test.{class_name}",
            None,
            None,
            config,
            parameters,
            (),
            training,
            shared_with=shared_with,
        )
        return path

    def input(self, *shape: int, name: str = "x") -> int:
        """An input of the model: its tensor."""
        tensor = self._tensor(shape, "input", None, name)
        self._inputs.append(tensor)
        return tensor

    def weight(self, path: str) -> int:
        """The tensor of the parameter at ``path``."""
        if path not in self._weights:
            owner, _, name = path.rpartition(".")
            shape = next(p.shape for p in self._modules[owner].parameters if p.name == name)
            self._weights[path] = self._tensor(shape, "parameter", None, path)
        return self._weights[path]

    @contextmanager
    def call(self, path: str, *inputs: int) -> Iterator[list[int]]:
        """Run a module: ops recorded inside belong to it; fill the list with its outputs."""
        index = sum(call.module == path for call in self._calls)
        parent = self._stack[-1] if self._stack else None
        number = len(self._calls)
        start = len(self._ops)
        function = self._function
        self._calls.append(
            Call(number, path, index, parent, inputs, (), (), (), start, start, function=function)
        )
        self._stack.append(number)
        outputs: list[int] = []
        yield outputs
        self._stack.pop()
        ops = tuple(op.id for op in self._ops[start:] if op.call == number)
        children = tuple(call.id for call in self._calls if call.parent == number)
        self._calls[number] = replace(
            self._calls[number],
            outputs=tuple(outputs),
            ops=ops,
            children=children,
            stop=len(self._ops),
        )

    @contextmanager
    def function(self, name: str) -> Iterator[None]:
        """Run a function of the current call: ops and calls recorded inside belong to it."""
        call = self._stack[-1]
        number = len(self._functions)
        self._functions.append(FunctionCall(number, name, call, self._function, "net.py", 1))
        self._running.append((call, number))
        yield
        self._running.pop()

    @property
    def _function(self) -> int | None:
        """The function that the current call is in."""
        call, number = self._running[-1] if self._running else (None, None)
        return number if self._stack and call == self._stack[-1] else None

    def op(
        self,
        name: str,
        *inputs: int,
        shape: Sequence[int] | None = None,
        flops: int = 0,
        args: tuple[tuple[str, Any], ...] = (),
        view: bool = False,
        failed: bool = False,
    ) -> int:
        """Run an op in the current call: the tensor it gives."""
        number = len(self._ops)
        size = tuple(shape) if shape is not None else self._tensors[inputs[0]].shape
        output = self._tensor(size, "activation", number, None)
        self._ops.append(
            Op(
                number,
                name,
                self._stack[-1],
                inputs,
                (output,),
                args,
                flops=flops,
                view=view,
                failed=failed,
                function=self._function,
            )
        )
        return output

    def layer(self, path: str, x: int, op: str = "linear", flops: int = 0) -> int:
        """Call a module that runs one op on ``x`` and its weights: the tensor it gives."""
        weights = [self.weight(f"{path}.{p.name}") for p in self._modules[path].parameters]
        with self.call(path, x) as outputs:
            outputs.append(self.op(op, x, *weights, flops=flops))
        return outputs[0]

    def graph(self, *outputs: int, failure: Failure | None = None) -> ModelGraph:
        """The graph of all that was recorded."""
        order = _depth_first(self._modules)
        return ModelGraph(
            self.name,
            "fake" if self._calls else "none",
            tuple(self._modules[path] for path in order),
            tuple(self._calls),
            tuple(self._ops),
            tuple(self._tensors),
            tuple(self._storages),
            tuple(self._inputs),
            outputs,
            failure=failure,
            functions=tuple(self._functions),
        )

    def _tensor(self, shape: Sequence[int], kind: Any, producer: int | None, name: Any) -> int:
        number = len(self._tensors)
        size = 4 * _numel(shape)
        self._storages.append(Storage(number, size, "cpu", producer, None))
        self._tensors.append(
            Tensor(number, tuple(shape), "float32", "cpu", size, kind, producer, number, name)
        )
        return number


def buffer(name: str, *shape: int) -> Buffer:
    """A float buffer."""
    return Buffer(name, shape, "float32", 4 * _numel(shape))


def _numel(shape: Sequence[int]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def _depth_first(modules: dict[str, Module]) -> list[str]:
    children: dict[str, list[str]] = {}
    for path, module in modules.items():
        if module.parent is not None:
            children.setdefault(module.parent, []).append(path)
    order: list[str] = []
    waiting = [""]
    while waiting:
        path = waiting.pop()
        order.append(path)
        waiting.extend(reversed(children.get(path, [])))
    return order
