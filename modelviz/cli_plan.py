"""The command ``plan``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .cli_options import DTypes, InputSizes, Method, Model
from .cli_output import Json, print_json
from .errors import InputError
from .named import named_source, runnable
from .progress import progress

if TYPE_CHECKING:
    from .planning import Plan

DOES_NOT_FIT = 1
Dimension = Literal["batch", "seq"]


def plan(
    model: Model,
    input_size: InputSizes = None,
    dtype: DTypes = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Size of the batch.")] = None,
    seq: Annotated[int | None, typer.Option(min=1, help="Length of the sequence.")] = None,
    optimizer: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="sgd, sgd-momentum, adam, adamw, adafactor, adamw8bit, any class of torch.optim "
            "in small letters; none plans an inference.",
        ),
    ] = "adamw",
    precision: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="float32 leaves the weights as they are, bfloat16 and float16 are of all weights, "
            "bf16-mixed and fp16-mixed are autocast.",
        ),
    ] = "float32",
    loss: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A loss of torch.nn.functional, such as cross_entropy."),
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Modules to compute again in the backward pass."),
    ] = None,
    freeze: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Modules or parameters to freeze.")
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Linear layers to put adapters on; the rest is frozen."),
    ] = None,
    lora_rank: Annotated[int, typer.Option(min=1, help="Rank of the adapters.")] = 8,
    accumulate: Annotated[int, typer.Option(min=1, help="Passes of one step.")] = 1,
    decode: Annotated[
        bool,
        typer.Option("--decode", help="Plan the next token of a language model, with its cache."),
    ] = False,
    device: Annotated[
        str,
        typer.Option("--device", "-d", metavar="NAME", help="cpu, a GPU such as H100, or 24GB."),
    ] = "cpu",
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Measure this CPU first, to estimate the seconds of a step."),
    ] = False,
    mesh: Annotated[
        str | None,
        typer.Option(
            metavar="AXES",
            help="Plan one of many devices: dp=64,tp=8 (dp or dp_shard with FSDP2, dp_replicate, "
            "tp with tensor parallelism).",
        ),
    ] = None,
    links: Annotated[
        str | None,
        typer.Option(
            metavar="BYTES/S",
            help="What a device sends in a second: 50GB, or by axis dp=50GB,tp=450GB; without it, "
            "that of its links in one machine.",
        ),
    ] = None,
    method: Method = "forward",
    largest: Annotated[
        Dimension | None,
        typer.Option(case_sensitive=False, help="Find the largest batch or sequence that fits."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File for a picture with shapes on all devices and on one, what is held and what "
            "is sent, such as plan.svg.",
        ),
    ] = None,
    growth: Annotated[
        Dimension | None,
        typer.Option(
            case_sensitive=False, help="Show how the peak grows with the batch or the sequence."
        ),
    ] = None,
    fail: Annotated[
        bool, typer.Option("--fail", help="End with 1 if it does not fit on the device.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what a training step or an inference takes: memory, parts, holders, what fits."""
    if output is not None:
        from .diagram import checked_path

        checked_path(output)
    found = _plan(
        model,
        input_size,
        dtype,
        {"batch": batch, "seq": seq},
        optimizer=None if decode or optimizer.lower() == "none" else optimizer,
        precision=precision,
        loss=loss,
        checkpoint=checkpoint or (),
        freeze=freeze or (),
        lora=lora or (),
        lora_rank=lora_rank,
        accumulate=accumulate,
        decode=decode,
        device=_probed(device) if probe else device,
        mesh=None if mesh is None else _axes(mesh),
        links=None if links is None else _links(links),
        method=method,
    )
    further = dict(_further(found, largest, growth))
    if json:
        print_json(found.to_dict() | {name: one.to_dict() for name, one in further.items()})
    else:
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=True, markup=False)
        # In a file or a pipe each row of a table is one line, whole.
        console.print(found if console.is_terminal else str(found))
        for name, one in further.items():
            console.print(f"\n{one}", style="bold" if name == "largest" else None)
    if output is not None:
        # What is printed for a program stays what it can read.
        print(found.draw().save(output), file=sys.stderr if json else sys.stdout)
    if fail and found.fits is False:
        raise typer.Exit(DOES_NOT_FIT)


def _further(
    found: Plan, largest: Dimension | None, growth: Dimension | None
) -> Iterator[tuple[str, Any]]:
    """What was asked for beside the plan: the largest size that fits, the peak at other sizes."""
    if largest is not None:
        with progress(f"Looking for the largest {largest}"):
            yield "largest", found.largest(largest)
    if growth is not None:
        with progress(f"Planning other sizes of {growth}"):
            yield "growth", found.growth(growth)


def _probed(device: str) -> Any:
    """The CPU of this machine, measured. Raises InputError for any other device."""
    from .planning import probe as measure

    if device.lower() != "cpu":
        raise InputError(f"--probe measures this machine's CPU: leave out --device {device}")
    with progress("Measuring this machine"):
        return measure()


def _axes(text: str) -> dict[str, int]:
    """The axes of ``dp=64,tp=8``. Raises InputError."""
    axes: dict[str, int] = {}
    for part in text.split(","):
        name, _, size = (word.strip() for word in part.partition("="))
        if not name or not size.isdecimal() or name in axes:
            raise InputError(f"--mesh {text!r}: expected axes with their sizes, such as dp=64,tp=8")
        axes[name] = int(size)
    return axes


def _links(text: str) -> str | dict[str, str]:
    """The rates of ``dp=50GB,tp=450GB``, or the one that holds for all."""
    if "=" not in text:
        return text
    parts = (part.partition("=") for part in text.split(","))
    return {name.strip(): rate.strip() for name, _, rate in parts}


def _plan(
    text: str,
    sizes: list[str] | None,
    dtypes: list[str] | None,
    wanted: dict[str, int | None],
    **choices: Any,
) -> Plan:
    from .planning import plan as planned
    from .sources.offline import offline

    source, inputs = named_source(text, sizes, dtypes)
    model = runnable(source, text, "no step to plan")
    if inputs is None and source.inputs is not None:
        inputs = {"input_data": source.inputs}
    with progress(f"Planning {text}"), offline(text):
        return planned(model, **(inputs or {}), **choices).resized(
            **{name: size for name, size in wanted.items() if size is not None}
        )
