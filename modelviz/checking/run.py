"""``check``: what is wrong with a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..graph import Finding, ModelGraph
from ..modes import known_execution, known_mode
from ..places import is_of_torch
from ..unknown import options_told_apart
from . import rules
from .losses import loss_name
from .report import LEVELS, Report
from .rule import NEEDS, RULES, Rule, Spot
from .settings import is_ignored, selection
from .subject import Subject

if TYPE_CHECKING:
    import torch
    from torch import nn

assert rules  # importing them registers them


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
    options = {
        "mode": known_mode(mode),
        "method": method,
        "execution": known_execution(execution),
    }
    if isinstance(model, ModelGraph):
        subject, reasons = Subject(model, loss=loss_name(loss)), dict(_GRAPH_ALONE)
        reasons["forward"] = "the graph holds no forward"
    else:
        rules = [RULES[code] for code in chosen]
        wanted: set[str] = {need for rule in rules for need in (*rule.needs, *rule.uses)}
        # What runs models is not needed for a graph, nor is PyTorch.
        from .looking import look_at

        with options_told_apart(check, kwargs):
            subject, reasons = look_at(model, arguments, options, wanted, loss)
    findings: list[Finding] = []
    skipped: dict[str, str] = {}
    for code in sorted(chosen):
        rule = RULES[code]
        missing = next((need for need in rule.needs if not subject.has(need)), None)
        if missing is not None:
            skipped[code] = reasons.get(missing) or NEEDS[missing]
        else:
            causes = _TOLD_BY.get(code, ())
            told = [f for f in findings if f.code in causes and not is_ignored(f)]
            places = {_what(f, subject) for f in told if f.line is not None}
            findings += [f for f in _found(rule, subject) if _what(f, subject) not in places]
    findings = [finding for finding in findings if not is_ignored(finding)]
    findings.sort(key=lambda finding: LEVELS.index(finding.level))
    return Report(subject.graph, tuple(findings), skipped)


def _what(finding: Finding, subject: Subject) -> tuple[object, ...]:
    """The ops that a finding is about, those of one name at one line."""
    name = None if finding.op is None else subject.graph.ops[finding.op].name
    return finding.file, finding.line, name


_TOLD_BY = {"MV204": ("MV201", "MV202")}
"""Rules that see what follows from something, by those that name it for the same op."""
_REVISED = frozenset({"MV101", "MV102", "MV106"})
"""Rules that take back some of what a graph says, for what other runs of the model show."""


def quick_findings(graph: ModelGraph) -> tuple[Finding, ...]:
    """The errors and warnings of a check that a graph alone is enough for, the graver first.

    The settings of the project count. A check of the model tells them as well, and more.
    """
    if graph.failure is not None or graph.execution == "none":
        return ()
    try:
        codes = selection((), ()) - _REVISED
    except InputError:
        return ()  # settings that name no rule are told where a check is asked for
    subject = Subject(graph)
    rules = [rule for rule in RULES.values() if rule.code in codes and rule.level != "info"]
    found = [
        finding
        for rule in rules
        if set(rule.needs) <= {"forward"}
        for finding in _found(rule, subject)
        if finding.level != "info" and not is_ignored(finding)
    ]
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))


_GRAPH_ALONE = {need: "a graph was given, not the model" for need in ("batch", "run", "mixing")}
_GRAPH_ALONE["weights"] = "a graph holds no weights"


def _found(rule: Rule, subject: Subject) -> Iterator[Finding]:
    """What one rule finds; the same thing in blocks that repeat is told once."""
    groups: dict[tuple[Any, ...], list[Finding]] = {}
    for spot in rule.test(subject):
        if spot.op is not None and subject.graph.ops[spot.op].backward:
            continue  # nobody wrote that
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
    return _NUMBER.sub("#", text)


_NUMBER = re.compile(r"\d+")


def _finding(rule: Rule, spot: Spot, subject: Subject) -> Finding:
    path, file, line = spot.path, spot.file, spot.line
    if spot.op is not None:
        op = subject.graph.ops[spot.op]
        path = subject.flow.path(op) if path is None else path
        if file is None:
            file, line = op.file, op.line
    if file is not None and is_of_torch(file):
        # Where no code of the user's ran, as in a plain ``nn.Sequential``, no line can be mended.
        file = line = None
    return Finding(
        rule.code, spot.level or rule.level, spot.message, path, spot.op, file, line, spot.hint
    )
