"""The ``modelviz`` command. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from . import __version__, formats
from .cli_group import Group, UsageError
from .cli_growth import formulas
from .cli_options import (
    Dims,
    DTypes,
    Execution,
    InputSizes,
    Method,
    Mode,
    Model,
    TableFormat,
)
from .cli_output import Json, error_json, json_alone, print_json, wants_json
from .cli_plan import plan
from .cli_profile import profile
from .cli_review import check, diff
from .cli_words import pairs, worded_findings, worded_problem
from .collecting import collect_seldom
from .completing import whole_words
from .errors import ModelvizError, OutputError, TraceError
from .named import named_graph
from .problems import Problem, problem_of
from .progress import progress
from .streams import cannot_print, say, streams

BAD_INPUT = 2
FAILED_FORWARD = 1

app = typer.Typer(
    name="modelviz",
    cls=Group,
    help="See what a PyTorch model really is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the pictures.")] = Path(
        "modelviz-demo"
    ),
    json: Json = False,
) -> None:
    """Trace a small gallery, print summaries, draw pictures."""
    from .demo import run

    shown = run(out)
    if json:
        print_json({"folder": str(out), "models": shown})


@app.command()
def summary(
    model: Model,
    input_size: InputSizes = None,
    dtype: DTypes = None,
    mode: Mode = "eval",
    execution: Execution = "auto",
    method: Method = "forward",
    depth: Annotated[int, typer.Option(min=0, help="Levels of modules to show.")] = 3,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help="Columns to show: those of torchinfo, and flops, memory, bytes_read and more.",
        ),
    ] = None,
    fold: Annotated[
        bool, typer.Option("--fold/--no-fold", help="Show repeated blocks once, marked x N.")
    ] = True,
    dims: Dims = None,
    format: Annotated[
        TableFormat, typer.Option(case_sensitive=False, help="Form of the table.")
    ] = "text",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print a model as a table: layers, shapes, parameters, compute, memory."""
    from .table.summary import summary as summarise

    graph, failure = named_graph(model, input_size, dtype, mode, execution, method, dims=dims)
    graph = replace(graph, findings=worded_findings(graph.findings))
    table = summarise(graph, depth=depth, col_names=_names(columns), fold=fold, verbose=0)
    if json or format == "json":
        _print_with(table.to_dict(), failure)
    elif format == "text":
        table.print()
    else:
        print(str(formats.by_name(formats.TABLES, format).write(table)).rstrip("\n"))
    if failure is not None:
        raise failure


def _print_with(data: dict[str, Any], failure: TraceError | None) -> None:
    """Print what there is of a model, and why there is no more, as one JSON document."""
    if failure is None:
        print_json(data)
        return
    print_json({**data, "error": error_json(worded_problem(problem_of(failure)))})
    raise typer.Exit(FAILED_FORWARD)


@app.command()
def export(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File to write; its suffix decides: "
            f"{' '.join(one.suffix for one in formats.PICTURES)}.",
        ),
    ],
    input_size: InputSizes = None,
    dtype: DTypes = None,
    mode: Mode = "eval",
    execution: Execution = "auto",
    method: Method = "forward",
    depth: Annotated[
        int | None,
        typer.Option(min=0, help="Levels of modules to open; what fits a page if left out."),
    ] = None,
    expand: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Module path or glob to open, too.")
    ] = None,
    collapse: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Module path or glob to keep closed.")
    ] = None,
    fold: Annotated[
        bool, typer.Option("--fold/--no-fold", help="Draw repeated blocks once, marked x N.")
    ] = True,
    direction: Annotated[
        Literal["TB", "LR"] | None,
        typer.Option(
            case_sensitive=False,
            help="Top-down or left to right; what can be read on a page if left out.",
        ),
    ] = None,
    columns: Annotated[
        int | None, typer.Option(help="Columns to cut it into, rows where it reads to the right.")
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(metavar="LENGTH", help="Width of the figure: 3.3in, 85mm, 8.5cm, 240pt."),
    ] = None,
    page: Annotated[
        Literal["A4", "Letter"] | None,
        typer.Option(case_sensitive=False, help="Sheet that the picture has to fit."),
    ] = None,
    font_size: Annotated[
        float | None, typer.Option(help="Size of the smallest text, in points.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title in place of the model's name; '' for none.")
    ] = None,
    legend: Annotated[
        bool | None, typer.Option("--legend/--no-legend", help="With or without a legend.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=TEXT", help="Name of a path, pattern or class: inc=Stem."),
    ] = None,
    color: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT=#RRGGBB", help="Colour of a path, pattern or class."),
    ] = None,
    hide: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Path, pattern, class, input or output to leave out."),
    ] = None,
    font: Annotated[str | None, typer.Option(help="sans, serif, or a font like them.")] = None,
    standalone: Annotated[
        bool,
        typer.Option("--standalone/--include", help="A tex is a document, or to be included."),
    ] = True,
    theme: Annotated[
        Literal["light", "dark", "paper"], typer.Option(case_sensitive=False, help="Colours.")
    ] = "light",
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="Show this, too: params, flops, memory, views, constants, unread; or leave "
            "something out: -legend, -shapes, -title. Once for each.",
        ),
    ] = None,
    color_by: Annotated[
        Literal["kind", "params", "flops", "memory", "time"],
        typer.Option(
            case_sensitive=False,
            help="What colours mean: the kind of layer, or a figure as a heat map. "
            "For time, the model runs for real.",
        ),
    ] = "kind",
    dpi: Annotated[int, typer.Option(min=1, help="Dots per inch of a png.")] = 150,
    engine: Annotated[
        Literal["bundled", "system"],
        typer.Option(
            case_sensitive=False, help="Who lays it out: modelviz itself, or the machine's own dot."
        ),
    ] = "bundled",
    dims: Dims = None,
    json: Json = False,
) -> None:
    """Draw a model as a picture that fits a page."""
    from .diagram import checked_path
    from .drawing import draw

    checked_path(output)
    timed = color_by == "time"
    graph, failure = named_graph(model, input_size, dtype, mode, execution, method, timed, dims)
    with progress(f"Drawing {model}"):
        diagram = draw(
            graph,
            depth=depth,
            expand=expand or (),
            collapse=collapse or (),
            fold=fold,
            direction=direction,
            columns=columns,
            width=width,
            page=page,
            font_size=font_size,
            title=title,
            legend=legend,
            label=pairs("--label", label),
            color=pairs("--color", color),
            hide=hide or (),
            font=font,
            theme=theme,
            show=show,
            # A forward that failed has no times.
            color_by="kind" if timed and failure is not None else color_by,
            engine=engine,
        )
        written = diagram.save(output, dpi=dpi, standalone=standalone)
    if json:
        kind = formats.by_suffix(formats.PICTURES)[written.suffix.lower().removeprefix(".")].name
        about = {"model": graph.name, "path": str(written), "format": kind}
        _print_with({**about, "bytes": written.stat().st_size}, failure)
        return
    print(written)
    if failure is not None:
        raise failure


app.command()(check)
app.command()(diff)
app.command()(plan)
app.command()(formulas)
app.command()(profile)


@app.command("app")
def app_command(
    host: Annotated[
        str, typer.Option(help="Address to listen on: 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; the first free one from 8501.")
    ] = None,
    allow_code: Annotated[
        bool,
        typer.Option("--allow-code", help="Let visitors run their own Python on this machine."),
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
    ] = True,
) -> None:
    """Explore models in a browser."""
    from .serve import serve

    serve(host, port, allow_code, browser)


FOR_ASSISTANTS: dict[str, Callable[..., Any]] = {
    "summary": summary,
    "export": export,
    "diff": diff,
    "check": check,
    "plan": plan,
    "formulas": formulas,
}
"""The commands that are tools of ``modelviz mcp``; there, ``export`` gives a diagram."""


@app.command("mcp")
def mcp_command(
    allow_code: Annotated[
        bool,
        typer.Option("--allow-code", help="Let the assistant run Python files on this machine."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="How long a call may take.")
    ] = 300,
) -> None:
    """Serve summary, diagram, diff, check, plan and formulas to an assistant (MCP, over stdio)."""
    from .assistants.server import serve

    serve(FOR_ASSISTANTS, allow_code, timeout)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """See what a PyTorch model really is."""


def main() -> None:
    """Run the command and leave the process: 0, 1 for a failed forward, 2 for bad input."""
    collect_seldom()
    # What is named may lie in the current folder, as with ``python -m``.
    sys.path.insert(0, os.getcwd())
    arguments = sys.argv[1:]
    json = wants_json(arguments)
    with streams():
        with json_alone(json), whole_words():
            code = _run_for_a_program(arguments) if json else _run_for_a_person(arguments)
        sys.exit(code)


def _run_for_a_person(arguments: Sequence[str]) -> int:
    try:
        app()
    except SystemExit as ended:  # how the command line ends a command that went well, too
        return int(ended.code or 0)
    except ModelvizError as error:
        problem = worded_problem(problem_of(error))
        commands = "".join(f"\n  {command}" for command in _commands(problem, arguments))
        say(f"modelviz: {problem.text}{commands}")
        return _code(error)
    return 0


def _run_for_a_program(arguments: Sequence[str]) -> int:
    try:
        return int(app(standalone_mode=False) or 0)
    except UsageError as error:
        _print_problem(Problem("usage", error.format_message()), ())
        return BAD_INPUT
    except typer.Abort:
        _print_problem(Problem("usage", "interrupted"), ())
        return FAILED_FORWARD
    except ModelvizError as error:
        problem = worded_problem(problem_of(error))
        _print_problem(problem, _commands(problem, arguments))
        return _code(error)
    except Exception as error:  # a fault of modelviz itself, which a program is told of as well
        if cannot_print(error):
            raise
        traceback.print_exc()
        _print_problem(problem_of(error), ())
        return FAILED_FORWARD


def _print_problem(problem: Problem, commands: Sequence[str]) -> None:
    try:
        print_json({"error": error_json(problem, commands)})
    except OutputError as error:
        say(f"modelviz: {error}")


def _code(error: ModelvizError) -> int:
    return FAILED_FORWARD if isinstance(error, TraceError) else BAD_INPUT


def _commands(problem: Problem, arguments: Sequence[str]) -> list[str]:
    """The command once for each name that could have been given, ready to be typed."""
    found = []
    for choice in problem.choices:
        given = choice.rpartition(":")[0]
        named = [choice if argument == given else argument for argument in arguments]
        if named != list(arguments):
            found.append(shlex.join(["modelviz", *named]))
    return found


def _names(listed: str | None) -> list[str] | None:
    """The names in a comma-separated list."""
    return [name.strip() for name in listed.split(",")] if listed else None
