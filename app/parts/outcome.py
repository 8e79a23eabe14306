"""A finished job, and what a page shows of its graph, made on first use and kept with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelviz import ModelGraph, Summary, check, summary
from modelviz.checking.report import LEVELS, Report
from modelviz.jobs import JobError, JobResult, JobSpec
from modelviz.view.making import document_of
from modelviz.view.marks import finding_marks
from modelviz.view.options import view_options

from .look import Look
from .wide import narrowed

if TYPE_CHECKING:
    import pandas

TRANSIENT = ("timeout", "memory", "crash", "cancelled", "refused")
"""Errors that another try could avoid."""
MOST = 50_000
"""Modules, calls and ops of a graph that is shown: a page of more takes minutes to make."""
DOCUMENTS = 4
"""Documents of one model that are kept: one for each depth and folding a visitor looked at."""


@dataclass(eq=False)
class Shown:
    """A graph as a page shows it."""

    graph: ModelGraph
    _documents: dict[tuple[int | None, bool], dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def summary(self) -> Summary:
        """The summary, every level of it."""
        return summary(self.graph, depth=None, verbose=0)

    @cached_property
    def report(self) -> Report:
        """What a check of the graph finds, and what its trace had to tell; no forward is run."""
        report = check(self.graph)
        told = (*report.findings, *self.graph.findings)
        findings = sorted(told, key=lambda finding: LEVELS.index(finding.level))
        return replace(report, findings=tuple(findings))

    @cached_property
    def rows(self) -> pandas.DataFrame:
        """Every row of the summary with every column."""
        return narrowed(self.summary.to_pandas())

    @cached_property
    def depth(self) -> int:
        """The number of levels below the model itself."""
        return max(module.depth for module in self.graph.modules)

    @cached_property
    def layers(self) -> int:
        """The number of modules that have none inside, each module once."""
        modules = [module for module in self.graph.modules if module.shared_with is None]
        parents = {module.parent for module in modules}
        return sum(1 for module in modules if module.path not in parents)

    def document(self, look: Look) -> dict[str, Any]:
        """The document for the viewer, open to the depth of the look at first."""
        key = (look.depth, look.fold)
        if key not in self._documents:
            while len(self._documents) >= DOCUMENTS:
                self._documents.pop(next(iter(self._documents)), None)
            options = view_options(look.depth, fold=look.fold)
            made = document_of(self.graph, options, finding_marks(self.report))
            self._documents[key] = made.to_dict()
        return self._documents[key]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a job: ``shown`` is None where there is no graph at all."""

    spec: JobSpec
    result: JobResult
    shown: Shown | None

    @classmethod
    def of(cls, spec: JobSpec, result: JobResult) -> Outcome:
        """The outcome of a job."""
        graph = result.graph
        if graph is not None and (size := _size(graph)) > MOST:
            result = replace(result, graph=None, error=result.error or _too_large(size))
        return cls(spec, result, None if result.graph is None else Shown(result.graph))

    @property
    def transient(self) -> bool:
        """Whether another try could come out differently."""
        return self.result.error is not None and self.result.error.kind in TRANSIENT

    @property
    def weight(self) -> int:
        """How much it keeps: the records of its graph."""
        graph = self.result.graph
        if graph is None:
            return 1
        return 1 + _size(graph) + len(graph.tensors)


def _size(graph: ModelGraph) -> int:
    return len(graph.modules) + len(graph.calls) + len(graph.ops)


def _too_large(size: int) -> JobError:
    return JobError(
        "input",
        f"the model has {size:,} modules, calls and ops, and a page shows at most {MOST:,}",
        "use the command line: modelviz summary and modelviz export take any size",
    )
