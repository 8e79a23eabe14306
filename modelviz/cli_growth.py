"""The command ``formulas``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_options import Dims, DTypes, Execution, InputSizes, Method, Mode, Model
from .cli_output import Json, print_json
from .named import named_source, runnable
from .parsing import parse_dims
from .progress import progress


def formulas(
    model: Model,
    input_size: InputSizes = None,
    dtype: DTypes = None,
    dims: Dims = None,
    module: Annotated[
        str, typer.Option("--module", metavar="PATH", help="Of this module alone.")
    ] = "",
    mode: Mode = "eval",
    execution: Execution = "auto",
    method: Method = "forward",
    chart: Annotated[
        bool, typer.Option("--chart", help="Show how FLOPs grow with each dimension, too.")
    ] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Draw it, as .svg, .png or .pdf; may be given more than once.",
        ),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the formulas as LaTeX.")] = False,
    json: Json = False,
) -> None:
    """Print FLOPs, memory and shapes as exact formulas in named dimensions."""
    from .growth import formulas as make
    from .sources.offline import offline

    source, inputs = named_source(model, input_size, dtype)
    known = runnable(source, model, "no formula to find")
    if inputs is None and source.inputs is not None:
        inputs = {"input_data": source.inputs}
    with progress(f"Making formulas of {model}"), offline(model):
        found = make(
            known,
            **(inputs or {}),
            dims=parse_dims(dims),
            mode=mode,
            execution=execution,
            method=method,
        )
    if module:
        found = found.of(module)
    for path in output or ():
        found.draw().save(path)
    if json:
        print_json(found.to_dict())
    elif latex:
        print(found.to_latex())
    else:
        print(found)
        if chart:
            print(f"\n{found.chart()}")
