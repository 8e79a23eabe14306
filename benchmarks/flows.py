"""Data flow between module calls: what perturbing a real forward shows, what a graph claims.

``python -m benchmarks.flows [PATTERN ...]`` compares the two over the zoo and prints totals.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import logging
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
from typing import Any

import torch
from torch import nn

from modelviz import ModelGraph, trace

from .reference import unfused
from .report import table, write_section
from .zoo import Entry, Sample, missing, zoo

Key = tuple[str, int]  # (first path of the module, index of the call)
Flow = tuple[Key, Key]
Change = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


@dataclasses.dataclass(frozen=True, slots=True)
class Flows:
    """Pairs of calls (A, B), B entered after A had returned, where A's output reached B's input.

    ``shown`` are those where another output of A changed what B was given; ``claimed``, those
    where the graph has a path. Both are about the same calls A.
    """

    shown: frozenset[Flow]
    claimed: frozenset[Flow]

    @property
    def missed(self) -> frozenset[Flow]:
        """Flows that are there and that the graph does not have."""
        return self.shown - self.claimed

    @property
    def unshown(self) -> frozenset[Flow]:
        """Flows that the graph has and that no perturbation showed."""
        return self.claimed - self.shown


def compare(
    entry: Entry, sources: int = 12, execution: str = "auto", seed: int = 0
) -> tuple[Flows, ModelGraph]:
    """The flows out of up to ``sources`` calls of the model, and the graph that was asked."""
    sample = entry.build(seed=seed)
    enliven(sample.module, seed)
    torch.manual_seed(seed)
    graph = trace(sample.module, execution=execution, **sample.trace_arguments())  # type: ignore[arg-type]
    calls = {(call.module, call.index): call for call in graph.calls}
    clean = _Run(sample, seed)
    clean.go()
    unknown = [key for key in clean.entered if key not in calls]
    absent = [key for key in calls if key not in clean.entered and calls[key].module]
    if unknown or absent:
        raise AssertionError(f"calls that differ: not in graph {unknown}, only in graph {absent}")
    shown: set[Flow] = set()
    claimed: set[Flow] = set()
    for source in _choose(list(clean.outputs), sources, seed):
        later = [key for key in clean.entered if clean.entered[key] > clean.left[source]]
        targets = _shown(sample, clean, source, seed)
        if targets is None or not later:
            continue
        shown |= {(source, target) for target in later if target in targets}
        reached = reach(graph, _starts(graph, calls[source].id, clean.outputs[source]))
        claimed |= {
            (source, target)
            for target in later
            if any(tensor in reached for tensor in calls[target].inputs)
        }
    return Flows(frozenset(shown), frozenset(claimed)), graph


def reach(graph: ModelGraph, starts: Iterator[int] | list[int]) -> set[int]:
    """The tensors that depend on the tensors ``starts``, those included."""
    reached = set(starts)
    for op in graph.ops:
        if any(tensor in reached for tensor in op.inputs):
            reached.update(op.outputs)
    return reached


def enliven(module: nn.Module, seed: int) -> None:
    """Give the weights the spread of a trained model's, so that what flows is not lost.

    A fresh model hides its flows: scales and codebooks that start at 0 block them, and weights
    that start small make signals vanish in rounding. Weight matrices get a standard deviation of
    at least sqrt(2 / inputs), scales a mean size of at least 0.5; what is all the same number gets
    some noise.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if not parameter.is_floating_point() or parameter.numel() == 0:
                continue
            if _spread(parameter) < 1e-3:
                parameter.add_(_normal(parameter, generator), alpha=0.2)
            inputs = parameter.numel() // parameter.shape[0] if parameter.dim() >= 2 else 1
            if inputs > 1:
                parameter.mul_(max(1.0, (2 / inputs) ** 0.5 / max(_spread(parameter), 1e-6)))
            elif not name.endswith("bias") and float(parameter.abs().mean()) < 0.5:
                parameter.add_(1.0)
        for buffer in module.buffers():
            if buffer.is_floating_point() and buffer.numel() > 1 and not bool(buffer.any()):
                buffer.add_(_normal(buffer, generator), alpha=0.2)


def _normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(like.shape, generator=generator).to(like.dtype)


def _spread(tensor: torch.Tensor) -> float:
    return float(tensor.float().std()) if tensor.numel() > 1 else 0.0


def _choose(keys: list[Key], count: int, seed: int) -> list[Key]:
    return sorted(random.Random(seed).sample(keys, min(count, len(keys))))


def _starts(graph: ModelGraph, call: int, changed: list[bool]) -> list[int]:
    """The output tensors of a call that were perturbed: those of floating point."""
    outputs = graph.calls[call].outputs
    if len(outputs) != len(changed):
        return list(outputs)
    return [tensor for tensor, was in zip(outputs, changed, strict=True) if was]


# -- perturbing -------------------------------------------------------------------------------


def _add_noise(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return tensor + _noise(tensor, generator)


def _replace(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return 3 * _noise(tensor, generator)


def _flip(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return -tensor - 0.5 * _noise(tensor, generator).abs().to(tensor.dtype)


def _overwhelm(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    # Large enough to be seen behind many layers that each pass on a part of it.
    return tensor + 1000 * _noise(tensor, generator)


_CHANGES: tuple[Change, ...] = (_add_noise, _replace, _flip, _overwhelm)


def _noise(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Noise of the tensor's own scale, and of its kind of number."""
    finite = tensor.detach().abs().float()
    finite = finite[finite < 1e30]
    scale = float(finite.mean()) if finite.numel() else 1.0
    dtype = torch.complex64 if tensor.is_complex() else torch.float32
    noise = torch.randn(tensor.shape, generator=generator, dtype=dtype)
    return ((scale or 1.0) * noise).to(tensor.dtype)


def _shown(sample: Sample, clean: _Run, source: Key, seed: int) -> set[Key] | None:
    """The calls given something else when ``source`` returned something else; None if it failed."""
    if not any(clean.outputs[source]):
        return None
    targets: set[Key] = set()
    worked = False
    for in_place in (False, True) if source in clean.wrote_input else (False,):
        for number, change in enumerate(_CHANGES):
            run = _Run(sample, seed, clean, source, change, in_place, seed + number)
            try:
                run.go()
            except Exception:
                continue
            worked = True
            targets |= run.changed
    return targets if worked else None


class _Run:
    """One real forward with hooks on every module.

    Without ``source`` it remembers what each call was given and returned. With it, the output of
    that call is changed, and ``changed`` are the calls that were then given something else.
    """

    def __init__(
        self,
        sample: Sample,
        seed: int,
        clean: _Run | None = None,
        source: Key | None = None,
        change: Change | None = None,
        in_place: bool = False,
        noise_seed: int = 0,
    ) -> None:
        self.sample = sample
        self.seed = seed
        self.clean = clean
        self.source = source
        self.change = change
        self.in_place = in_place
        self.generator = torch.Generator().manual_seed(noise_seed)
        self.entered: dict[Key, int] = {}
        self.left: dict[Key, int] = {}
        self.inputs: dict[Key, list[torch.Tensor]] = {}
        self.outputs: dict[Key, list[bool]] = {}
        self.wrote_input: set[Key] = set()
        self.changed: set[Key] = set()
        self._clock = 0
        self._counts: dict[int, int] = {}
        self._stack: list[tuple[Key, dict[int, int]]] = []
        self._paths: dict[int, str] = {}
        for path, module in sample.module.named_modules(remove_duplicate=False):
            self._paths.setdefault(id(module), path)

    def go(self) -> None:
        """Run the forward, the same random numbers each time."""
        with torch.no_grad(), ExitStack() as stack:
            stack.enter_context(unfused())
            stack.enter_context(_kept(self.sample.module))
            for module in self.sample.module.modules():
                if isinstance(module, torch.jit.ScriptModule):
                    continue
                before = module.register_forward_pre_hook(self._enter, with_kwargs=True)
                after = module.register_forward_hook(self._leave, with_kwargs=True)
                stack.callback(before.remove)
                stack.callback(after.remove)
            torch.manual_seed(self.seed)
            random.seed(self.seed)
            self.sample.forward()

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        index = self._counts.get(id(module), 0)
        self._counts[id(module)] = index + 1
        key = (self._paths[id(module)], index)
        given = [tensor for tensor, _ in _walk((args, kwargs))]
        self._stack.append((key, {id(tensor): tensor._version for tensor in given}))
        self._clock += 1
        self.entered[key] = self._clock
        if self.clean is None:
            self.inputs[key] = [tensor.detach().clone() for tensor in given]
        elif key in self.clean.inputs and _differ(given, self.clean.inputs[key]):
            self.changed.add(key)

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, result: Any) -> Any:
        key, versions = self._stack.pop()
        self._clock += 1
        self.left[key] = self._clock
        if self.clean is None:
            returned = _walk(result)
            self.outputs[key] = [reachable and _is_float(tensor) for tensor, reachable in returned]
            if any(versions.get(id(t), t._version) != t._version for t, _ in returned):
                self.wrote_input.add(key)
        if key != self.source or self.change is None:
            return None
        if self.in_place:
            for tensor, reachable in _walk(result):
                if reachable and _is_float(tensor):
                    tensor.copy_(self.change(tensor, self.generator))
            return None
        return _replaced(result, self._other, {})

    def _other(self, tensor: torch.Tensor) -> torch.Tensor:
        assert self.change is not None
        return self.change(tensor, self.generator) if _is_float(tensor) else tensor


@contextmanager
def _kept(module: nn.Module) -> Iterator[None]:
    """Buffers and parameters that the forward writes to are put back."""
    saved = [(t, t.detach().clone()) for t in (*module.buffers(), *module.parameters())]
    try:
        yield
    finally:
        for tensor, value in saved:
            if not torch.equal(tensor, value):
                tensor.data.copy_(value)


def _is_float(tensor: torch.Tensor) -> bool:
    strided = tensor.layout == torch.strided and not tensor.is_quantized
    return strided and tensor.numel() > 0 and (tensor.is_floating_point() or tensor.is_complex())


def _differ(given: list[torch.Tensor], before: list[torch.Tensor]) -> bool:
    if len(given) != len(before):
        return True
    return any(not _equal(one, other) for one, other in zip(given, before, strict=True))


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype or one.layout != other.layout:
        return False
    if one.is_quantized:
        return torch.equal(one.int_repr(), other.int_repr())
    if one.layout != torch.strided:
        return torch.equal(one.to_dense(), other.to_dense())
    if one.is_floating_point():
        return bool(((one == other) | (one.isnan() & other.isnan())).all())
    return torch.equal(one, other)


def _walk(value: Any) -> list[tuple[torch.Tensor, bool]]:
    """The tensors in ``value``, each object once, and whether ``_replaced`` gets at them."""
    found: dict[int, tuple[torch.Tensor, bool]] = {}
    seen: set[int] = set()

    def visit(part: Any, reachable: bool, depth: int) -> None:
        if isinstance(part, torch.Tensor):
            found.setdefault(id(part), (part, reachable))
            return
        if depth > 6 or id(part) in seen or isinstance(part, (nn.Module, str, bytes, type)):
            return
        seen.add(id(part))
        if isinstance(part, (tuple, list)):
            for item in part:
                visit(item, reachable, depth + 1)
        elif isinstance(part, Mapping):
            for item in part.values():
                visit(item, reachable, depth + 1)
        elif dataclasses.is_dataclass(part):
            for field in dataclasses.fields(part):
                visit(getattr(part, field.name, None), reachable, depth + 1)
        else:
            for item in getattr(part, "__dict__", {}).values():
                visit(item, False, depth + 1)

    visit(value, True, 0)
    return list(found.values())


def _replaced(
    value: Any, swap: Callable[[torch.Tensor], torch.Tensor], memo: dict[int, torch.Tensor]
) -> Any:
    """``value`` with other tensors in its tuples, lists, dicts and dataclasses."""
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            memo[id(value)] = swap(value)
        return memo[id(value)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_replaced(part, swap, memo) for part in value))
    if isinstance(value, (tuple, list)):
        return type(value)(_replaced(part, swap, memo) for part in value)
    if isinstance(value, Mapping) and hasattr(value, "__setitem__"):
        mapping: Any = copy(value)
        for key in value:
            mapping[key] = _replaced(value[key], swap, memo)
        return mapping
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = copy(value)
        for field in dataclasses.fields(value):
            part = _replaced(getattr(value, field.name, None), swap, memo)
            object.__setattr__(changed, field.name, part)
        return changed
    return value


@dataclasses.dataclass(slots=True)
class _Total:
    """Sums over the models of a family."""

    models: int = 0
    shown: int = 0
    missed: int = 0
    claimed: int = 0
    unshown: int = 0

    def add(self, flows: Flows) -> None:
        self.models += 1
        self.shown += len(flows.shown)
        self.missed += len(flows.missed)
        self.claimed += len(flows.claimed)
        self.unshown += len(flows.unshown)

    def cells(self) -> list[str]:
        share = self.unshown / self.claimed if self.claimed else 0.0
        counts = [self.models, self.shown, self.missed, self.claimed, self.unshown]
        return [*(f"{count:,}" for count in counts), f"{share:.2%}"]


def main(arguments: list[str] | None = None) -> int:
    """Compare over the zoo; 1 if a flow was missed or a model failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="names of zoo models, as globs")
    parser.add_argument("--sources", type=int, default=12, help="calls perturbed in each model")
    parser.add_argument("--execution", default="auto", choices=("auto", "fake", "real"))
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    torch.set_num_threads(1)
    totals: dict[str, _Total] = {"all": _Total()}
    failures: list[str] = []
    for entry in zoo():
        if not any(fnmatch.fnmatch(entry.name, pattern) for pattern in options.patterns):
            continue
        if missing(entry.family):
            print(f"{entry.name}: {missing(entry.family)}", file=sys.stderr)
            continue
        start = time.perf_counter()
        try:
            flows, graph = compare(entry, options.sources, options.execution)
        except Exception as error:
            failures.append(f"{entry.name}: {type(error).__name__}: {error}".splitlines()[0][:400])
            print(failures[-1], file=sys.stderr)
            continue
        totals.setdefault(entry.family, _Total()).add(flows)
        totals["all"].add(flows)
        _print_line(entry.name, flows, graph.execution, time.perf_counter() - start)
    rows = [[name, *total.cells()] for name, total in totals.items() if name != "all"]
    rows.append(["all", *totals["all"].cells()])
    head = ["family", "models", "shown", "missed", "claimed", "not shown", "of claimed"]
    text = table(head, rows)
    if failures:
        text += "\n\nNot compared:\n\n" + "\n".join(f"- {failure}" for failure in failures)
    print(text)
    if options.patterns == ["*"]:
        write_section("flows", text)
    return 1 if totals["all"].missed or failures else 0


def _print_line(name: str, flows: Flows, execution: str, seconds: float) -> None:
    print(
        f"{name}: {len(flows.shown)} shown, {len(flows.missed)} missed, "
        f"{len(flows.claimed)} claimed, {len(flows.unshown)} unshown, "
        f"{execution}, {seconds:.1f} s",
        file=sys.stderr,
    )
    for kind, pairs in (("missed", flows.missed), ("unshown", flows.unshown)):
        if pairs and (kind == "missed" or len(pairs) > 0.03 * len(flows.claimed)):
            for source, target in sorted(pairs)[:3]:
                print(f"    {kind} {source} -> {target}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
