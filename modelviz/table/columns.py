"""The columns: what each shows of a row, as a value and as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from ..analysis.figures import Figures, ModuleFigures, share
from ..graph import Measure, ModelGraph, NamedShape, Parameter, Tensor
from ..graph.measures import MeasureTable
from ..places import place_text
from ..units import (
    bytes_text,
    exact_text,
    list_text,
    measure_text,
    percent_text,
    seconds_text,
)
from .rows import Row, Rows

Value = int | float | str | tuple[NamedShape, ...] | None
Adds = Literal["nothing", "parts", "modules", "calls"]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as the table shows it. ``whole`` says that the rows below it are not shown."""

    rows: Rows
    row: Row
    whole: bool

    @property
    def held(self) -> ModuleFigures:
        """What the module holds, whichever row counts it."""
        return self.rows.held(self.row)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``value`` is the plain figure, ``text`` how it reads. ``adds`` says what a figure of one copy
    is multiplied with in a repeated block: with the copies of the module (of ``parts``, what each
    adds to the model), with those and the calls of each, or with nothing. ``forward`` columns mean
    nothing without a forward.
    """

    name: str
    title: str
    value: Callable[[ShownRow], Value]
    text: Callable[[Value], str] = str
    numeric: bool = False
    adds: Adds = "nothing"
    forward: bool = False
    remark: Callable[[ShownRow], str | None] | None = None
    parameter: Callable[[Parameter], str] | None = None


def _number(write: Callable[[Any], str]) -> Callable[[Value], str]:
    """How a number reads, with dashes where there is none."""
    return lambda value: write(value) if isinstance(value, (int, float)) else "--"


def _some(write: Callable[[Any], str]) -> Callable[[Value], str]:
    """The same with dashes for 0 as well."""
    number = _number(write)
    return lambda value: number(value or None)


_count, _counted, _bytes = _number(exact_text), _some(exact_text), _some(bytes_text)
_percent, _time, _ratio = _some(percent_text), _some(seconds_text), _some("{:,.2f}".format)


def _shapes(value: Value) -> str:
    return list_text(value) if isinstance(value, tuple) and value else "--"


def _name(value: Value) -> str:
    # Of all space characters, only this one is shown as nothing.
    return str(value) if value and str(value).strip(" ") else "--"


# -- parameters, each counted at the first row that owns it ---------------------------------------


def _whole(place: ShownRow) -> bool:
    return place.whole or place.row.leaf


def _new(place: ShownRow) -> Figures:
    """What the row adds to the model: its own, or with what is below where that is not shown."""
    return place.row.figures if _whole(place) else place.row.own


def _held_params(place: ShownRow) -> int:
    held = place.held
    return held.all.params if _whole(place) else held.own.params


def _num_params(place: ShownRow) -> int:
    return _new(place).params


def _params_remark(place: ShownRow) -> str | None:
    """What stands in place of a number where there is none."""
    row = place.row
    if _num_params(place):
        return None
    if row.repeated and place.held.all.params:
        # A container is opened anew for parts that may count for the first time.
        opened = row.state == "container" and not _whole(place)
        return None if opened else "(recursive)"
    if _held_params(place):
        return "(shared)"
    lazy = any(parameter.lazy for parameter in row.module.parameters)
    return "(lazy)" if lazy and not row.repeated else None


def _num_params_remark(place: ShownRow) -> str | None:
    remark = _params_remark(place)
    new = _new(place)
    if remark is not None or new.params == 0:
        return remark
    text = exact_text(new.params) if new.trainable_params else f"({exact_text(new.params)})"
    row = place.row
    counted = new.params if row.call else place.rows.in_containers.get(row.module.path, new.params)
    return f"{text} + shared" if _held_params(place) > counted else text


def _params_percent(place: ShownRow) -> float:
    return share(_num_params(place), place.rows.graph.total_params)


def _mult_adds(place: ShownRow) -> int | None:
    return None if place.row.state == "uncalled" else _new(place).macs


def _trainable(place: ShownRow) -> str:
    figures = place.held.all
    if not figures.params:
        return "--"
    if not figures.trainable_params:
        return "False"
    return "True" if figures.trainable_params == figures.params else "Partial"


# -- figures of what ran --------------------------------------------------------------------------


def _ran(name: str) -> Callable[[ShownRow], int | None]:
    """A figure of what ran in a row; None for a module that is never called."""
    of = attrgetter(name)
    return lambda place: None if place.row.state == "uncalled" else of(place.row)


def _flops_percent(place: ShownRow) -> float:
    return share(place.row.figures.flops, place.rows.graph.total_flops)


def _came(figure: Callable[[Sequence[Tensor]], Value]) -> Callable[[ShownRow], Value]:
    """The figure of what went into a call; None for a module that is never called."""
    return lambda p: None if p.row.call is None else figure(p.rows.inputs(p.row))


def _went(figure: Callable[[Sequence[Tensor]], Value]) -> Callable[[ShownRow], Value]:
    """The figure of what a call gave; None for a module that is never called."""
    return lambda p: None if p.row.call is None else figure(p.rows.outputs(p.row))


def _shapes_of(tensors: Sequence[Tensor]) -> tuple[NamedShape, ...]:
    return tuple(tensor.named_shape for tensor in tensors)


def _bytes_of(tensors: Sequence[Tensor]) -> int:
    return sum(tensor.bytes for tensor in tensors)


def _peak(place: ShownRow) -> int | None:
    call = place.row.call
    return None if call is None else place.rows.peaks[call.id]


def _seconds(place: ShownRow) -> float | None:
    """What its ops took; None where that was not measured."""
    return (place.row.figures.seconds or None) if place.row.call is not None else None


def _named(name: str) -> Callable[[ShownRow], str]:
    """The types or devices of what a call gave, each once."""
    of = attrgetter(name)
    return lambda place: ", ".join(dict.fromkeys(map(of, place.rows.outputs(place.row))))


def _intensity(place: ShownRow) -> float | None:
    ran = place.row.figures
    moved = ran.bytes_read + ran.bytes_written
    return ran.flops / moved if moved and ran.flops else None


def _held(name: str) -> Callable[[ShownRow], int]:
    of = attrgetter(name)
    return lambda place: of(place.held)


def _shared(place: ShownRow) -> str:
    module = place.row.module
    if place.row.path != module.path and not place.row.foreign:
        return module.path or "the model"
    return ", ".join(dict.fromkeys(p.shared_with for p in module.parameters if p.shared_with))


def _source(place: ShownRow) -> str:
    return place_text(place.row.module.file, place.row.module.line)


def _kernel(place: ShownRow) -> Value:
    size = place.row.module.kernel_size
    return None if size is None else (size,)


# -- the columns ----------------------------------------------------------------------------------

Figure = Callable[[ShownRow], Value]


def _numbers(text: Callable[[Value], str]) -> Callable[..., Column]:
    """Makes columns of numbers that read so."""

    def column(name: str, title: str, value: Figure, adds: Adds = "nothing", **more: Any) -> Column:
        return Column(name, title, value, text, numeric=True, adds=adds, **more)

    return column


_counts, _sizes, _percents = _numbers(_counted), _numbers(_bytes), _numbers(_percent)


def _numel(parameter: Parameter) -> str:
    return exact_text(parameter.numel)


def _numel_trained(parameter: Parameter) -> str:
    return _numel(parameter) if parameter.trainable else "--"


def _parameter_shape(parameter: Parameter) -> str:
    return "lazy" if parameter.lazy else list_text((parameter.named_shape,))


# Of a module whose rows are shown below it, torchinfo's columns have what is its own.
_TORCHINFO = (
    Column("kernel_size", "Kernel Shape", _kernel, _shapes, parameter=_parameter_shape),
    Column("input_size", "Input Shape", _came(_shapes_of), _shapes, forward=True),
    Column("output_size", "Output Shape", _went(_shapes_of), _shapes, forward=True),
    _counts(
        "num_params", "Param #", _num_params, "parts", remark=_num_params_remark, parameter=_numel
    ),
    _percents("params_percent", "Param %", _params_percent, "parts", remark=_params_remark),
    _counts("mult_adds", "Mult-Adds", _mult_adds, "calls", forward=True),
    Column("trainable", "Trainable", _trainable, parameter=lambda p: str(p.trainable)),
)

# Ours have what is inside, too, unless the name says own.
_OF_PARAMETERS = (
    _counts("total_params", "Total Params", _held("all.params"), "modules", parameter=_numel),
    _counts("own_params", "Own Params", _held("own.params"), "modules", parameter=_numel),
    _counts(
        "trainable_params",
        "Trainable Params",
        _held("all.trainable_params"),
        "modules",
        parameter=_numel_trained,
    ),
    _sizes(
        "param_bytes",
        "Param Size",
        _held("all.param_bytes"),
        "modules",
        parameter=lambda p: bytes_text(p.bytes),
    ),
    _sizes("buffer_bytes", "Buffer Size", _held("all.buffer_bytes"), "modules"),
    Column("shared_with", "Shared With", _shared, _name, parameter=lambda p: p.shared_with or "--"),
)

_OF_THE_FORWARD = (
    _counts("flops", "FLOPs", _ran("figures.flops"), "calls", forward=True),
    _counts("own_flops", "Own FLOPs", _ran("own.flops"), "calls", forward=True),
    _percents("flops_percent", "FLOP %", _flops_percent, "calls", forward=True),
    _counts("macs", "MACs", _ran("figures.macs"), "calls", forward=True),
    _sizes("bytes_read", "Bytes Read", _ran("figures.bytes_read"), "calls", forward=True),
    _sizes("bytes_written", "Bytes Written", _ran("figures.bytes_written"), "calls", forward=True),
    _numbers(_ratio)("intensity", "FLOPs/Byte", _intensity, forward=True),
    _sizes("input_bytes", "Input Size", _came(_bytes_of), "calls", forward=True),
    _sizes("output_bytes", "Output Size", _went(_bytes_of), "calls", forward=True),
    _sizes("memory", "Peak Memory", _peak, forward=True),
    _numbers(_time)("seconds", "Time", _seconds, "calls", forward=True),
    _counts("ops", "Ops", _ran("figures.ops"), "calls", forward=True),
    _numbers(_count)("calls", "Calls", _held("calls"), forward=True),
    Column("dtype", "Type", _named("dtype"), _name, forward=True),
    Column("device", "Device", _named("device"), _name, forward=True),
)

_OF_THE_MODULE = (
    Column("path", "Path", lambda place: place.row.path, _name),
    Column("class", "Class", lambda place: place.row.module.qualified_class, _name),
    Column("config", "Configuration", lambda place: place.row.module.config, _name),
    Column("mode", "Mode", lambda place: "train" if place.row.module.training else "eval"),
    Column("source", "Source", _source, _name),
)

COLUMNS = {
    column.name: column
    for column in (*_TORCHINFO, *_OF_PARAMETERS, *_OF_THE_FORWARD, *_OF_THE_MODULE)
}
"""Every column by name, torchinfo's first."""


def measured_columns(graph: ModelGraph) -> tuple[str, ...]:
    """The columns that a graph has besides the usual ones: time, and figures put on it."""
    times = () if graph.total_seconds is None else ("seconds",)
    return (*times, *(measure.name for measure in graph.measures))


def columns_of(graph: ModelGraph) -> dict[str, Column]:
    """Every column for this graph by name: also those of the figures that were put on it."""
    own = {measure.name: _measure(graph, measure) for measure in graph.measures}
    return {**COLUMNS, **{name: column for name, column in own.items() if name not in COLUMNS}}


def _measure(graph: ModelGraph, measure: Measure) -> Column:
    table = MeasureTable(graph, measure)

    def value(place: ShownRow) -> float | None:
        row = place.row
        return table.of_module(row.path) if row.call is None else table.of_call(row.call)

    text = _number(lambda number: measure_text(number, measure.unit))
    return Column(measure.name, measure.name, value, text, numeric=True)
