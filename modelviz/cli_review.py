"""The commands ``check`` and ``diff``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import formats
from .cli_options import DTypes, Execution, InputSizes, Method, Mode, Model, ReportFormat
from .cli_output import Json, print_json
from .cli_words import worded_findings
from .completing import models
from .errors import TraceError
from .named import named_graph, named_source
from .progress import progress

if TYPE_CHECKING:
    from .checking import Report
    from .graph import ModelGraph

FOUND = 1


def _side(metavar: str) -> Any:
    said = "As for summary; or a file in a revision of git, REVISION:net.py:Net."
    return typer.Argument(metavar=metavar, autocompletion=models, help=said)


Before = Annotated[str, _side("BEFORE")]
After = Annotated[str, _side("AFTER")]


def check(
    model: Model,
    input_size: InputSizes = None,
    dtype: DTypes = None,
    mode: Mode = "eval",
    execution: Execution = "auto",
    method: Method = "forward",
    select: Annotated[
        str, typer.Option(metavar="CODE,CODE,...", help="Rules to apply, such as MV301 or MV3.")
    ] = "",
    ignore: Annotated[str, typer.Option(metavar="CODE,CODE,...", help="Rules to leave out.")] = "",
    loss: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The loss of the output, such as cross_entropy."),
    ] = None,
    fail_on: Annotated[
        Literal["error", "warning", "info", "never"],
        typer.Option(case_sensitive=False, help="From which level on the exit code is 1."),
    ] = "warning",
    format: Annotated[
        ReportFormat,
        typer.Option(
            case_sensitive=False,
            help="Form of the report; github annotates the lines of a pull request.",
        ),
    ] = "text",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Say what is wrong with a model, or likely to be, and what to do."""
    from .checking import check as look
    from .graph import ModelGraph
    from .sources.offline import offline

    source, inputs = named_source(model, input_size, dtype)
    if inputs is None and source.inputs is not None:
        inputs = {"input_data": source.inputs}
    subject = source.model
    if not isinstance(subject, ModelGraph) and execution == "real" and source.with_weights:
        subject = source.with_weights()
    with progress(f"Checking {model}"), offline(model):
        report = look(
            subject,
            **(inputs or {}),
            select=select,
            ignore=ignore,
            loss=loss,
            mode=mode,
            execution=execution,
            method=method,
        )
    report = replace(report, findings=worded_findings(report.findings))
    _print_report(report, "json" if json else format)
    levels = {"error": ("error",), "warning": ("error", "warning"), "never": ()}
    failing = levels.get(fail_on, ("error", "warning", "info"))
    if any(finding.level in failing for finding in report):
        raise typer.Exit(FOUND)


def _print_report(report: Report, format: str) -> None:
    if format == "json":
        print_json(report.to_dict())
    elif format == "text":
        from rich.console import Console

        console = Console(highlight=False)
        if console.is_terminal:
            console.print(report)
        else:
            print(report)  # in a file or a pipe each message is one line, whole
    else:
        print(str(formats.by_name(formats.REPORTS, format).write(report)).rstrip("\n"))


def diff(
    a: Before,
    b: After,
    input_size: InputSizes = None,
    dtype: DTypes = None,
    mode: Mode = "eval",
    execution: Execution = "auto",
    method: Method = "forward",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for a picture of both, such as diff.svg."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 if anything differs.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a table for a review.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what changed from one model to another."""
    from rich.console import Console

    from .comparing.build import compare
    from .comparing.revisions import graph_at_revision

    graphs = []
    for side in (a, b):
        graph = graph_at_revision(side, input_size, dtype, mode, execution, method)
        graphs.append(graph or _whole(side, input_size, dtype, mode, execution, method))
    found = compare(graphs[0], graphs[1], (a, b))
    if json:
        print_json(found.to_dict())
    elif markdown:
        print(found.to_markdown().rstrip("\n"))
    else:
        Console(highlight=False, soft_wrap=True).print(found)
    if output is not None:
        # What is printed for a program stays what it can read.
        print(found.draw().save(output), file=sys.stderr if json or markdown else sys.stdout)
    if exit_code and found:
        raise typer.Exit(FOUND)


def _whole(
    side: str,
    input_size: list[str] | None,
    dtype: list[str] | None,
    mode: Literal["train", "eval"],
    execution: Literal["auto", "fake", "real", "none"],
    method: str,
) -> ModelGraph:
    """The graph of a side. Raises TraceError where its forward fails: half a model is no side."""
    saved = side.endswith(".json") and Path(side).is_file()
    graph, failure = named_graph(
        side, None if saved else input_size, None if saved else dtype, mode, execution, method
    )
    if isinstance(failure, TraceError):
        from .comparing.run import of_side

        remedy = "save both as graphs (modelviz export … -o graph.json) and compare those"
        raise of_side(failure, side, remedy)
    return graph
