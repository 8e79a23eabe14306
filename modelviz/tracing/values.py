"""What is in weights and activations: mean, deviation, range, zeros, values that are no numbers."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from ..findings import note
from ..graph import Finding, ModelGraph
from .gradients import Gradients
from .structure import shallow_tensors, tensors, unwrapped
from .timer import Again, LapKey, Timer
from .timing import failed_again

FIGURES = ("mean", "std", "min", "max", "zeros", "non-finite")
"""The figures, by name; ``zeros`` is a share, ``non-finite`` a number of values."""
UNITS = {"zeros": "%"}
WEIGHTS = "weight "
"""What stands before the names of those of weights."""


@dataclass(slots=True)
class Values:
    """Sums over the values of tensors; mean and range are those of the finite ones."""

    count: int = 0
    finite: int = 0
    zeros: int = 0
    total: float = 0.0
    squares: float = 0.0
    least: float = math.inf
    most: float = -math.inf

    def add(self, tensor: torch.Tensor) -> None:
        """Take the values of one more tensor."""
        plain = _plain(tensor)
        if plain is None or not plain.numel():
            return
        finite = torch.isfinite(plain)
        kept = plain if bool(finite.all()) else plain[finite]
        self.count += plain.numel()
        self.finite += kept.numel()
        self.zeros += int((kept == 0).sum())
        if kept.numel():
            self.total += float(kept.sum())
            self.squares += float((kept * kept).sum())
            self.least = min(self.least, float(kept.min()))
            self.most = max(self.most, float(kept.max()))

    def join(self, other: Values) -> None:
        """Take what another one took as well."""
        self.count += other.count
        self.finite += other.finite
        self.zeros += other.zeros
        self.total += other.total
        self.squares += other.squares
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)

    def figures(self) -> dict[str, float]:
        """The figures by name, those that there are."""
        if not self.count:
            return {}
        found: dict[str, float] = {
            "zeros": self.zeros / self.count,
            "non-finite": self.count - self.finite,
        }
        if self.finite:
            mean = self.total / self.finite
            found["mean"] = mean
            found["std"] = math.sqrt(max(0.0, self.squares / self.finite - mean * mean))
            found["min"], found["max"] = self.least, self.most
        return found


@dataclass(slots=True)
class Seen:
    """What one forward showed: values by call, and the first place that spoilt them."""

    values: defaultdict[int, Values] = field(default_factory=lambda: defaultdict(Values))
    first: tuple[LapKey, int, str] | None = None


def with_values(graph: ModelGraph, again: Again, gradients: Gradients) -> ModelGraph:
    """``graph`` with figures of the values in weights and activations, from one more forward."""
    watcher = _Watcher(again.paths, (), gradients)
    weights: defaultdict[str, Values] = defaultdict(Values)
    try:
        inputs = again.prepared()
        with torch.no_grad():
            for module in again.modules:
                for parameter in module.parameters(recurse=False):
                    weights[again.paths[id(module)]].add(parameter)
        watcher.run(again, inputs)
    except Exception as error:
        raise failed_again(graph, error) from error
    finally:
        again.rewind()
    ran = watcher.laps.calls
    activations: defaultdict[str, Values] = defaultdict(Values)
    for call, values in watcher.seen.values.items():
        activations[ran[call]].join(values)
    several = {path for path, count in Counter(ran).items() if count > 1}
    # Where this forward went another way than the trace, its calls are not those of the graph.
    same = ran == [call.module for call in graph.calls]
    by_call = {c: v for c, v in watcher.seen.values.items() if same and ran[c] in several}
    graph = _figured(_figured(graph, "", activations, by_call), WEIGHTS, weights, {})
    findings = [*_bad_weights(weights), *_first(graph, watcher.seen)]
    return replace(graph, findings=(*graph.findings, *findings))


def _figured(
    graph: ModelGraph, prefix: str, values: Mapping[str, Values], calls: Mapping[int, Values]
) -> ModelGraph:
    """The graph with each figure of these values, by module and by call."""
    by_module = {path: one.figures() for path, one in values.items()}
    by_call = {call: one.figures() for call, one in calls.items()}
    for name in FIGURES:
        numbers: dict[str | int, float] = {
            path: known[name] for path, known in by_module.items() if name in known
        }
        if numbers:
            single = {call: known[name] for call, known in by_call.items() if name in known}
            unit = UNITS.get(name, "")
            graph = graph.with_figures(prefix + name, numbers, unit=unit, calls=single)
    return graph


class _Watcher(Timer):
    """Looks at what each function and each module gives."""

    def __init__(
        self, paths: Mapping[int, str], waits: Sequence[torch.device], gradients: Gradients
    ) -> None:
        super().__init__(paths, waits, gradients)
        self.seen = Seen()

    def _timed(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        place = (self._call, name)
        # Before the function, which may write into what it is given.
        given = [_state(part) for part in _numbers((*args, *kwargs.values()))]
        result = super()._timed(name, function, args, kwargs)
        if self.seen.first is None:
            made = [_state(part) for part in shallow_tensors(result)]
            for kind, word in ((1, "NaN"), (0, "infinity")):
                if any(one[kind] for one in made) and not any(one[0] or one[1] for one in given):
                    turn = len(self.laps.seconds[place]) - 1
                    self.seen.first = (place, turn, word)
                    break
        return result

    def _enter(
        self,
        module: nn.Module,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        call = len(self.laps.calls)
        result = super()._enter(module, function, args, kwargs)
        for tensor in tensors(result):
            self.seen.values[call].add(tensor)
        return result


def _plain(tensor: torch.Tensor) -> torch.Tensor | None:
    """The values as float64, of all samples inside ``vmap``; None for what has no such numbers."""
    tensor = unwrapped(tensor)
    if tensor.is_meta or tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    plain = tensor.detach()
    return (torch.view_as_real(plain.resolve_conj()) if plain.is_complex() else plain).double()


def _numbers(values: Iterable[Any]) -> list[Any]:
    """Tensors and numbers among the arguments of a function, also in lists."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, (torch.Tensor, float)):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += _numbers(value)
    return found


def _state(value: torch.Tensor | float) -> tuple[bool, bool]:
    """Whether there is infinity in it, and NaN."""
    if isinstance(value, float):
        return math.isinf(value), math.isnan(value)
    plain = _plain(value)
    if plain is None:
        return False, False
    return bool(torch.isinf(plain).any()), bool(torch.isnan(plain).any())


def _bad_weights(weights: Mapping[str, Values]) -> list[Finding]:
    bad = [path for path, values in weights.items() if values.finite < values.count]
    if not bad:
        return []
    listed = ", ".join(path or "the model itself" for path in bad[:3])
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    return [
        note(
            "MV021",
            f"there are NaN or infinite weights in {listed}{more}",
            path=bad[0],
            hint="load the weights again, or see where training diverged",
        )
    ]


def _first(graph: ModelGraph, seen: Seen) -> list[Finding]:
    """The first op that made NaN or infinity out of finite values."""
    if seen.first is None:
        return []
    (call, name), turn, word = seen.first
    alike = [op for op in graph.ops if (op.call, op.name) == (call, name)]
    op = alike[turn] if turn < len(alike) else None
    path = graph.calls[call].module if call < len(graph.calls) else None
    return [
        note(
            "MV021",
            f"{name} in {path or 'the model itself'} is the first op that gives {word}, "
            "from finite values",
            path=path,
            op=None if op is None else op.id,
            file=None if op is None else op.file,
            line=None if op is None else op.line,
            hint="look at the range of what it reads: a root, logarithm or division of 0, "
            "an overflow in half precision",
        )
    ]
