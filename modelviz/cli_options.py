"""The options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from . import formats
from .completing import models

if TYPE_CHECKING:
    TableFormat: TypeAlias = str
    ReportFormat: TypeAlias = str
else:
    TableFormat = Literal[tuple(formats.names(formats.TABLES))]
    ReportFormat = Literal[tuple(formats.names(formats.REPORTS))]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        autocompletion=models,
        help="package.module:factory, file.py:factory, timm:NAME, torchvision:NAME, "
        "transformers:NAME, a config.json, a file of weights, an exported model (.pt2, .onnx, "
        "TorchScript), a graph saved as .json, or a name of the gallery. A factory is a class or "
        "function that needs no arguments, or a model.",
    ),
]
InputSizes = Annotated[
    list[str] | None,
    typer.Option(
        "--input-size",
        "-i",
        metavar="N,N,...",
        help="Shape of an input, batch first; once for each input. Without any, the inputs that "
        "the factory gives, or those that the model seems to take.",
    ),
]
DTypes = Annotated[
    list[str] | None,
    typer.Option("--dtype", metavar="NAME", help="Type of the inputs: one for all, or one each."),
]
Mode = Annotated[
    Literal["train", "eval"],
    typer.Option("--mode", case_sensitive=False, help="Mode to trace the model in."),
]
Execution = Annotated[
    Literal["auto", "fake", "real", "none"],
    typer.Option(
        "--execution",
        case_sensitive=False,
        help="How to run the forward: by shapes alone, for real, or not at all.",
    ),
]
Method = Annotated[str, typer.Option("--method", help="Method to trace, such as encode.")]
Dims = Annotated[
    list[str] | None,
    typer.Option(
        "--dims",
        metavar="NAME,NAME,...",
        help="Names for the sizes of an input, once for each input, or ARGUMENT=NAME,...: "
        "batch,seq or batch,-,height,width, where - keeps its size. Without any, by custom.",
    ),
]
