"""What each op of a graph reads, as numbers that ``edges.py`` and the viewer turn into edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..graph import ModelGraph, NamedShape, Tensor
from .document import DataFlow, TensorLabel
from .owners import Owners
from .weights import Slot


@dataclass
class FlowWriter:
    """Writes the flow of a graph, and collects the ``tensors`` that it points to.

    ``inputs`` and ``outputs`` name the item of each tensor that enters and leaves the model, by
    tensor and by position. ``weights`` names the item of a parameter that an op reads, by the op
    of the first copies and the position among its inputs.
    """

    graph: ModelGraph
    owners: Owners
    inputs: Mapping[int, str]
    outputs: Mapping[int, str]
    weights: Mapping[Slot, str]
    _tensors: dict[tuple[NamedShape, str], int] = field(default_factory=dict)
    _outside: dict[str, int] = field(default_factory=dict)

    @property
    def tensors(self) -> tuple[TensorLabel, ...]:
        """Shapes, each with its dtype where that is not the usual one."""
        usual = usual_dtype(self.graph)
        return tuple(
            TensorLabel(shape, "" if dtype == usual else dtype) for shape, dtype in self._tensors
        )

    def flow(self, differ: Iterable[int]) -> DataFlow:
        """The flow; ``differ`` are the ops that are not hidden as those of the first copy are."""
        reads, ends = self._reads(), dict[str, int]()
        results = self._results(ends)
        outside = tuple(self._outside)
        ops = len(self.graph.ops)
        return DataFlow(ops, tuple(reads), outside, tuple(results), tuple(ends), tuple(differ))

    def _reads(self) -> list[int]:
        result: list[int] = []
        for op in self.graph.ops:
            for position, tensor_id in enumerate(op.inputs):
                tensor = self.graph.tensors[tensor_id]
                source = tensor.producer
                if source is None:
                    slot = (self.owners.canonical[op.id], position)
                    item = self.inputs.get(tensor_id) or self.weights.get(slot)
                    if item is None:
                        continue
                    source = self._from_outside(item)
                result += (op.id, source, self._tensor(tensor))
        return result

    def _results(self, ends: dict[str, int]) -> list[int]:
        result: list[int] = []
        for position, tensor_id in enumerate(self.graph.outputs):
            tensor = self.graph.tensors[tensor_id]
            source = tensor.producer
            if source is None:
                item = self.inputs.get(tensor_id)
                if item is None:
                    continue
                source = self._from_outside(item)
            end = ends.setdefault(self.outputs[position], len(ends))
            result += (end, source, self._tensor(tensor))
        return result

    def _from_outside(self, item: str) -> int:
        return -1 - self._outside.setdefault(item, len(self._outside))

    def _tensor(self, tensor: Tensor) -> int:
        return self._tensors.setdefault((tensor.named_shape, tensor.dtype), len(self._tensors))


def usual_dtype(graph: ModelGraph) -> str:
    """The dtype of most of the tensors that ops give."""
    counts = Counter(tensor.dtype for tensor in graph.tensors if tensor.producer is not None)
    return counts.most_common(1)[0][0] if counts else "float32"
