"""The command ``profile``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .cli_options import DTypes, InputSizes, Method, Mode, Model
from .cli_output import Json, print_json
from .named import named_graph

_COLUMNS = ("output_size", "seconds", "flops", "memory")


def profile(
    model: Model,
    input_size: InputSizes = None,
    dtype: DTypes = None,
    mode: Mode = "eval",
    method: Method = "forward",
    backward: Annotated[
        bool, typer.Option("--backward", help="Measure the backward pass, too.")
    ] = False,
    depth: Annotated[int, typer.Option(min=0, help="Levels of modules to show.")] = 3,
    fold: Annotated[
        bool, typer.Option("--fold/--no-fold", help="Show repeated blocks once, marked x N.")
    ] = True,
    json: Json = False,
) -> None:
    """Measure how long each layer of a model takes on this machine."""
    from .table.summary import summary

    timed: bool | Literal["backward"] = "backward" if backward else True
    graph, failure = named_graph(model, input_size, dtype, mode, "auto", method, timed)
    if failure is not None:
        raise failure
    measured = graph.total_seconds is not None
    columns = [name for name in _COLUMNS if measured or name != "seconds"]
    columns += [measure.name for measure in graph.measures]
    names = None if graph.execution == "none" else columns
    table = summary(graph, depth=depth, col_names=names, fold=fold, verbose=0)
    if json:
        print_json(table.to_dict())
    else:
        table.print()
