"""``check``: what is wrong with a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import InputError, TraceError
from ..graph import Finding, ModelGraph
from ..tracing import trace
from ..tracing.modules import uncompiled, walk
from . import rules
from .batches import Batches, has_batch, other_batches
from .copies import CannotRun, may_run, model_copy, real_inputs
from .hidden import hidden_parts
from .losses import loss_name
from .mixing import Mixing, find_mixing
from .report import LEVELS, Report
from .rule import RULES, Rule, Spot
from .settings import is_ignored, selection
from .subject import Subject, idle_parameters, reached_parameters
from .watching import Watched, watch
from .weights import weight_figures

if TYPE_CHECKING:
    import torch

assert rules  # importing them registers them

_NEEDS = {
    "forward": "no forward was run: give input_size or input_data",
    "batch": "the inputs have no batch that could be changed",
    "run": "",
    "mixing": "",
    "weights": "",
    "modes": "a graph does not hold the modes in which the model was given",
    "loss": "no loss was given",
}


def check(
    model: nn.Module | ModelGraph,
    input_size: Any = None,
    input_data: Any = None,
    *,
    select: Iterable[str] | str = (),
    ignore: Iterable[str] | str = (),
    loss: Any = None,
    mode: str = "eval",
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    method: str = "forward",
    execution: Any = "auto",
    **kwargs: Any,
) -> Report:
    """What is wrong with a model, or likely to be: a sequence of findings, the graver first.

    The arguments of the forward are those of ``trace``. ``select`` and ``ignore`` choose rules by
    code (``MV301``), beginning of code (``MV3``) or name (``no-gradient``); without them, those of
    ``[tool.modelviz]`` in pyproject.toml count. ``# modelviz: ignore[MV301]`` on a line of the
    model's source leaves that out there. ``loss`` is the loss that the output goes into: a module,
    a function of ``torch.nn.functional``, or its name. ``mode`` is the mode to look in.

    The model is traced, with other batch sizes as well, and a copy of it is run where it has
    weights and is small enough; rules that need what is not known are listed in ``skipped``. Of a
    graph, only what the graph tells is looked at. Nothing of the model changes.

    Raises InputError for arguments that cannot be used, and TraceError when the forward fails.
    """
    chosen = selection(select, ignore)
    arguments = {
        "input_size": input_size,
        "input_data": input_data,
        "dtypes": dtypes,
        "batch_dim": batch_dim,
        **kwargs,
    }
    options = {"mode": mode, "method": method, "execution": execution}
    if isinstance(model, ModelGraph):
        subject, reasons = Subject(model, loss=loss_name(loss)), dict(_GRAPH_ALONE)
    else:
        wanted: set[str] = {need for code in chosen.codes for need in RULES[code].needs}
        subject, reasons = _subject(model, arguments, options, wanted, loss)
    findings: list[Finding] = []
    skipped: dict[str, str] = {}
    for code in sorted(chosen.codes):
        rule = RULES[code]
        missing = next((need for need in rule.needs if not subject.has(need)), None)
        if missing is not None:
            skipped[code] = reasons.get(missing) or _NEEDS[missing]
        else:
            findings += _found(rule, subject)
    findings = [finding for finding in findings if not is_ignored(finding)]
    findings.sort(key=lambda finding: LEVELS.index(finding.level))
    return Report(subject.graph, tuple(findings), skipped)


_GRAPH_ALONE = {need: "a graph was given, not the model" for need in ("batch", "run", "mixing")}
_GRAPH_ALONE["weights"] = "a graph holds no weights"


def _subject(
    model: nn.Module,
    arguments: Mapping[str, Any],
    options: Mapping[str, Any],
    wanted: set[str],
    loss: Any,
) -> tuple[Subject, dict[str, str]]:
    """The model as rules look at it, and why what is not known is not."""
    graph, arguments = _traced(model, arguments, options)
    reasons: dict[str, str] = {}
    places = list(walk(uncompiled(model)))
    subject = Subject(
        graph,
        modes={path: module.training for path, module in places},
        weights=weight_figures(places) if "weights" in wanted else None,
        loss=loss_name(loss),
        hidden=hidden_parts(places),
    )
    if graph.execution != "none" and options["mode"] == "eval" and idle_parameters(subject):
        training = _reached_in_training(model, arguments, options)
        subject = replace(subject, used_in_training=training)
    if graph.execution == "none":
        return subject, {need: _NEEDS["forward"] for need in ("batch", "run", "mixing")}
    if "batch" in wanted:
        subject = replace(subject, batches=other_batches(model, graph, arguments, options))
    mode, method = options["mode"], options["method"]

    def watched() -> Watched:
        twin = model_copy(model, mode)
        copies = list(walk(uncompiled(twin)))
        return watch(twin, copies, places, method, real_inputs(twin, arguments))

    def mixing() -> Mixing | None:
        if any(finding.code == "MV017" for finding in graph.findings):
            raise CannotRun("the model has no data")
        batch = _batch(subject.batches, graph)
        if batch is None:
            return None
        outputs = [graph.tensors[tensor].shape for tensor in graph.outputs]
        return find_mixing(model, method, arguments, batch, mode, outputs)

    if "run" in wanted:
        subject = replace(subject, watched=_tried(watched, graph, "run", reasons))
    if "mixing" in wanted and mode == "eval":
        reasons["mixing"] = "the outputs hold no samples that could be told apart"
        subject = replace(subject, mixing=_tried(mixing, graph, "mixing", reasons))
    elif "mixing" in wanted:
        reasons["mixing"] = "in training mode samples may depend on each other"
    return subject, reasons


def _reached_in_training(
    model: nn.Module, arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> frozenset[str]:
    """The parameters on which an output depends in training mode, as those of auxiliary heads."""
    try:
        graph = trace(model, **arguments, **{**options, "mode": "train"})
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):
            raise
        return frozenset()  # the model is not for training with such inputs
    return reached_parameters(Subject(graph))


def _traced(
    model: nn.Module, arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[ModelGraph, Mapping[str, Any]]:
    """The graph, and the arguments that gave it: proposed ones if none are given."""
    given = any(value is not None for name, value in arguments.items() if name != "dtypes")
    if given or options["method"] != "forward" or options["execution"] == "none":
        return trace(model, **arguments, **options), arguments
    from ..proposals.assumed import assume
    from ..proposals.trial import call_arguments

    assumed = assume(model, mode=options["mode"], execution=options["execution"])
    if assumed.graph.execution == "none":
        return assumed.graph, arguments
    return assumed.graph, call_arguments(model, assumed.proposals)


def _batch(batches: Batches | None, graph: ModelGraph) -> int | None:
    """The number of samples in the inputs, where the forward runs with another."""
    if batches is None or batches.failure is not None or not has_batch(graph):
        return None
    return next((graph.tensors[t].shape[0] for t in graph.inputs if graph.tensors[t].shape), None)


def _tried(look: Callable[[], Any], graph: ModelGraph, need: str, reasons: dict[str, str]) -> Any:
    """What running the model aside shows; None, and the reason, where it cannot be run."""
    try:
        may_run(graph)
        return look()
    except CannotRun as error:
        reasons[need] = str(error)
    except (TraceError, InputError):
        raise
    except Exception as error:
        # The traced forward ran, perhaps by shapes alone: what this one raised is the user's.
        reasons[need] = f"a real forward raised {type(error).__name__}: {error}"
    return None


def _found(rule: Rule, subject: Subject) -> Iterator[Finding]:
    """What one rule finds; the same thing in blocks that repeat is told once."""
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for spot in rule.test(subject):
        finding = _finding(rule, spot, subject)
        alike = (_unnumbered(finding.path or ""), _unnumbered(finding.message))
        key = (*alike, finding.file, finding.line, finding.level)
        groups.setdefault(key, []).append(finding)
    for found in groups.values():
        more = len({finding.path for finding in found}) - 1
        first = found[0]
        if more:
            first = replace(first, message=f"{first.message} (and in {more} more like it)")
        yield first


def _unnumbered(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _finding(rule: Rule, spot: Spot, subject: Subject) -> Finding:
    path, file, line = spot.path, spot.file, spot.line
    if spot.op is not None:
        op = subject.graph.ops[spot.op]
        path = subject.flow.path(op) if path is None else path
        if file is None:
            file, line = op.file, op.line
    return Finding(
        rule.code, spot.level or rule.level, spot.message, path, spot.op, file, line, spot.hint
    )
