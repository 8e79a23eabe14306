"""What each op of a graph reads, as numbers that the viewer turns into edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..graph import ModelGraph, NamedShape, Tensor
from .owners import Owners
from .weights import Slot


class Flow:
    """Writes reads and results, and collects what they point to.

    ``tensors`` are the shapes and dtypes that flow, ``outside`` the items that feed the model's
    ops from outside, ``ends`` those of the outputs.
    """

    def __init__(self, usual: str) -> None:
        self._usual = usual
        self._tensors: dict[tuple[NamedShape, str], int] = {}
        self._outside: dict[str, int] = {}
        self._ends: dict[str, int] = {}

    @property
    def tensors(self) -> list[dict[str, Any]]:
        """Shapes, each with its dtype where that is not the usual one."""
        return [
            {"shape": list(shape)} | ({} if dtype == self._usual else {"dtype": dtype})
            for shape, dtype in self._tensors
        ]

    @property
    def outside(self) -> list[str]:
        """Ids of the inputs and weights that are read."""
        return list(self._outside)

    @property
    def ends(self) -> list[str]:
        """Ids of the outputs."""
        return list(self._ends)

    def reads(
        self,
        graph: ModelGraph,
        owners: Owners,
        inputs: Mapping[int, str],
        weights: Mapping[Slot, str],
    ) -> list[int]:
        """Triples (op, source, tensor), in the order of execution.

        A source is the op that made the tensor, or -1 minus a place in ``outside``.
        """
        result: list[int] = []
        for op in graph.ops:
            for position, tensor_id in enumerate(op.inputs):
                tensor = graph.tensors[tensor_id]
                source = tensor.producer
                if source is None:
                    item = inputs.get(tensor_id) or weights.get((owners.canonical[op.id], position))
                    if item is None:
                        continue
                    source = self._from_outside(item)
                result += (op.id, source, self._tensor(tensor))
        return result

    def results(
        self, graph: ModelGraph, inputs: Mapping[int, str], outputs: Mapping[int, str]
    ) -> list[int]:
        """Triples (place in ``ends``, source, tensor) of what leaves the model."""
        result: list[int] = []
        for position, tensor_id in enumerate(graph.outputs):
            tensor = graph.tensors[tensor_id]
            source = tensor.producer
            if source is None:
                item = inputs.get(tensor_id)
                if item is None:
                    continue
                source = self._from_outside(item)
            end = self._ends.setdefault(outputs[position], len(self._ends))
            result += (end, source, self._tensor(tensor))
        return result

    def _from_outside(self, item: str) -> int:
        return -1 - self._outside.setdefault(item, len(self._outside))

    def _tensor(self, tensor: Tensor) -> int:
        return self._tensors.setdefault((tensor.named_shape, tensor.dtype), len(self._tensors))


def labels(graph: ModelGraph, tensors: Iterable[int]) -> list[dict[str, Any]]:
    """Shapes and dtypes of tensors."""
    found = (graph.tensors[tensor] for tensor in tensors)
    return [{"shape": list(tensor.named_shape), "dtype": tensor.dtype} for tensor in found]
