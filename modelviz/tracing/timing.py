"""The seconds that each op takes, measured on forwards that run again without the trace.

A trace watches every kernel, which costs more than a small kernel does. So what was traced runs
again, several times, and only a clock is read before and after each function. What Python does in
between is not part of any op.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from time import perf_counter

import torch

from ..errors import InputError
from ..findings import note
from ..graph import Finding, ModelGraph
from ..units import seconds_text
from .gradients import Gradients
from .inputs import Inputs
from .timer import Again, LapKey, Laps, Timer
from .timing_parts import PartTimer, parts, parts_needed
from .torch_internals import FakeTensor

RUNS = 7
"""Most forwards that are measured; of each op the median counts."""
ENOUGH = 3.0
"""Seconds after which no further forward is started."""


def require_data(tensors: Iterable[torch.Tensor]) -> None:
    """Raises InputError where a tensor has a shape and no data: nothing would be computed."""
    if any(tensor.is_meta or isinstance(tensor, FakeTensor) for tensor in tensors):
        raise InputError(
            "time and values are those of a real forward, and the model or its inputs have shapes "
            "but no data (device 'meta' or fake): give them data, or look at FLOPs instead"
        )


def measured(graph: ModelGraph, again: Again, gradients: Gradients) -> ModelGraph:
    """``graph`` with the seconds of its ops, the median of a few forwards.

    ``gradients`` are as for the trace that gave the graph. Raises InputError when the forward fails
    or runs other modules this time.
    """
    waits, paths = devices_to_wait_for(graph), again.paths
    watch = Timer(paths, waits, gradients)

    def plainly(inputs: Inputs) -> Laps:
        return Laps(whole=watch.plain(again, inputs))

    def rounds(makes: Iterable[Callable[[], Timer]]) -> list[list[Laps]]:
        """Rounds of a plain forward and one with each timer: what slows one slows the others."""
        return in_turn(graph, again, [plainly, *(partial(_run, make, again) for make in makes)])

    found = rounds([partial(Timer, paths, waits, gradients)])
    count = parts_needed(_slower(found))
    if count > 1:
        chosen = parts(graph, count)
        found = rounds(partial(PartTimer, graph, part, paths, waits, gradients) for part in chosen)
    plain, *watched = zip(*found, strict=True)
    graph = with_seconds(graph, list(chain.from_iterable(watched)))
    told = _told(graph, [laps.whole for laps in plain], _slower(found))
    return replace(graph, findings=(*graph.findings, told))


def _slower(rounds: Sequence[Sequence[Laps]]) -> float:
    """How many times as long a watched forward takes as the plain one of its round, the median."""
    found = [lap.whole / plain.whole for plain, *laps in rounds for lap in laps if plain.whole]
    return statistics.median(found) if found else 1.0


def _run(make: Callable[[], Timer], again: Again, inputs: Inputs) -> Laps:
    timer = make()
    timer.run(again, inputs)
    return timer.laps


def in_turn(
    graph: ModelGraph, again: Again, forwards: Sequence[Callable[[Inputs], Laps]]
) -> list[list[Laps]]:
    """What a few rounds of ``forwards`` give; each finds the model and its inputs fresh.

    The first round fills caches that the trace did not, and is left out unless it is all there is.
    Raises InputError when a forward fails.
    """
    found: list[list[Laps]] = []
    start = perf_counter()
    while len(found) < RUNS and (not found or perf_counter() - start < ENOUGH):
        results = []
        for forward in forwards:
            try:
                results.append(forward(again.prepared()))
            except Exception as error:
                raise failed_again(graph, error) from error
            finally:
                again.rewind()
        found.append(results)
    return found[1:] or found


def devices_to_wait_for(graph: ModelGraph) -> list[torch.device]:
    """The devices that compute while Python goes on."""
    devices = {torch.device(tensor.device) for tensor in graph.tensors}
    return [device for device in devices if device.type not in ("cpu", "meta")]


def failed_again(graph: ModelGraph, error: Exception) -> InputError:
    """The error for a forward that ran when it was traced, and not when it was measured."""
    return InputError(
        f"the forward of {graph.name} ran once and failed when it ran again to measure "
        f"time: {type(error).__name__}: {error}"
    )


def _told(graph: ModelGraph, plain: Sequence[float], slower: float) -> Finding:
    """What was measured, in words: the whole, the ops, and what is neither."""
    whole, ops = statistics.median(plain), graph.total_seconds or 0.0
    between = (
        f"the other {seconds_text(whole - ops)} are Python between them"
        if whole > ops
        else "ops wait for one another less where no clock is read between them"
    )
    cost = (
        f"makes a forward {slower:.2f} times as long while it is read"
        if slower >= 1
        else "made no forward longer while it was read"
    )
    return note(
        "MV020",
        f"a forward takes {seconds_text(whole)} (median of {len(plain)} after one more), its ops "
        f"{seconds_text(ops)}; {between}; reading the clock is not counted, and {cost}",
    )


def with_seconds(graph: ModelGraph, runs: Sequence[Laps]) -> ModelGraph:
    """``graph`` with the median of what each of its ops took; a note says which were not seen.

    Raises InputError where the runs called other modules than the graph.
    """
    if any(run.calls != _expected(graph, run.chosen) for run in runs):
        raise InputError(
            f"{graph.name} called other modules when it ran again, with the same inputs and random "
            "numbers, to measure time: the times cannot be told apart"
        )
    ops, unseen = [], dict[str, None]()
    count: defaultdict[LapKey, int] = defaultdict(int)
    for op in graph.ops:
        place = (op.call, op.name)
        turn = count[place]
        count[place] += 1
        laps = (run.seconds[place] for run in runs if place in run.seconds)
        taken = [lap[turn] for lap in laps if turn < len(lap)]
        if op.name == "identity" and not taken:
            taken = [0.0]  # what a module hands on as it is, without any function
        if not taken:
            unseen[op.name] = None
        ops.append(replace(op, seconds=round(statistics.median(taken), 9) if taken else None))
    findings = graph.findings
    if unseen:
        names = ", ".join(unseen)
        findings += (
            note("MV006", f"no time was measured for ops outside PyTorch's functions: {names}"),
        )
    return replace(graph, ops=tuple(ops), findings=findings)


def _expected(graph: ModelGraph, chosen: frozenset[str] | None) -> list[str]:
    """The modules that a run calls, of those that were watched."""
    calls = [call.module for call in graph.calls]
    return calls if chosen is None else [path for path in calls if path in chosen]
