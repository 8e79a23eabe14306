"""``summary``: a model as a table whose every number is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TextIO
from weakref import finalize

from ..analysis.experts import Experts
from ..analysis.memory import Memory
from ..errors import InputError, TraceError
from ..graph import ModelGraph, Shape
from ..unknown import options_told_apart
from .columns import measured_columns
from .compat import Formatting, LayerInfo, format_output_num, layers, to_readable
from .data import data_columns, records, to_csv, to_pandas
from .html import to_html
from .latex import to_latex
from .lines import lay_out, visible_rows
from .markdown import to_markdown
from .options import Options, check_columns, check_mode, check_options, check_verbose
from .rows import Row, Rows, build_rows
from .symbols import ASCII, UNICODE
from .table import Table, in_ascii
from .text import to_text
from .totals import input_bytes, notes, output_bytes, total_blocks

if TYPE_CHECKING:
    import pandas
    import torch
    from rich.console import Console, ConsoleOptions, RenderableType
    from torch import nn

# By ``id``: a model may compare, and hash, in ways of its own.
_traced: dict[int, tuple[str, ModelGraph]] = {}


def summary(
    model: nn.Module | ModelGraph,
    input_size: Any = None,
    input_data: Any = None,
    batch_dim: int | None = None,
    cache_forward_pass: bool | None = None,
    col_names: Iterable[str] | None = None,
    col_width: int = 25,
    depth: int | None = 3,
    device: torch.device | str | None = None,
    dtypes: Sequence[torch.dtype] | None = None,
    mode: str | None = None,
    row_settings: Iterable[str] | None = None,
    verbose: int | None = None,
    *,
    method: str = "forward",
    execution: Any = "auto",
    fold: bool = True,
    dims: Any = None,
    **kwargs: Any,
) -> Summary:
    """The table of a model: its layers, shapes, parameters and compute; printed as well.

    The arguments up to ``verbose`` are those of ``torchinfo.summary``, in its order and with its
    meaning. Without ``input_size`` and ``input_data``, inputs that the model seems to take are
    tried, and the table says which it is about; where none run, or with ``execution="none"``, it
    holds what the modules alone tell. In place of a model, a ModelGraph from ``modelviz.trace``
    will do.

    Args:
        model: The model, or its graph.
        input_size: Shape of the input, batch included, or a sequence of shapes.
        input_data: A tensor, a sequence of positional arguments or a dict of keyword arguments.
        batch_dim: Where to insert a batch dimension of 1 into ``input_size``.
        cache_forward_pass: Keep the graph for the next summary of this model, as long as the
            model's ``repr`` and the shapes of the inputs stay the same.
        col_names: Columns to show. torchinfo's: ``kernel_size``, ``input_size``, ``output_size``,
            ``num_params``, ``params_percent``, ``mult_adds``, ``trainable``; in ``num_params``,
            ``params_percent`` and ``mult_adds``, a module whose rows are shown below it has what
            is its own. Ours include what is inside: ``total_params``, ``trainable_params``,
            ``param_bytes``, ``buffer_bytes``, ``flops``, ``flops_percent``, ``macs``,
            ``bytes_read``, ``bytes_written``, ``intensity``, ``input_bytes``, ``output_bytes``,
            ``memory``, ``seconds`` (where measured), ``ops``; figures put on the graph, by their
            names; and ``own_params``, ``own_flops``, ``calls``, ``dtype``,
            ``device``, ``path``, ``class``, ``config``, ``mode``, ``shared_with``, ``source``.
        col_width: Width of each column in characters; a longer cell makes it wider.
        depth: Levels of modules to show, the model itself being level 0; None shows all.
        device: Where to run the forward.
        dtypes: Types of the inputs that ``input_size`` describes.
        mode: ``"eval"`` (the default) or ``"train"``; the model is left as it was.
        row_settings: ``depth`` (the default), ``var_names``, ``ascii_only``,
            ``hide_recursive_layers``.
        verbose: 0 prints nothing, 1 (the default outside of interactive sessions) the table,
            2 the table with every parameter and its shape.
        method: The method of the model to call.
        execution: ``"fake"`` to run by shapes alone, ``"real"`` to compute, ``"auto"`` to choose,
            ``"none"`` to run no forward.
        fold: Show a run of equal blocks once, marked ``× N``.
        dims: Names for the sizes of the inputs, as for ``modelviz.formulas``:
            ``{"input_ids": ("batch", "seq")}``. Shapes are then ``[batch, seq, 768]``, figures
            those of the given sizes.
        **kwargs: Further arguments of the forward.

    Raises:
        InputError: An argument cannot be used.
        TraceError: The forward failed; the table up to the failing layer is printed first.
    """
    default = 0 if hasattr(sys, "ps1") and sys.ps1 else 1
    level = check_verbose(verbose, default)
    inputs = {"input_size": input_size, "input_data": input_data, **kwargs}
    options_of = partial(
        check_options,
        col_names=_kept(col_names),
        col_width=col_width,
        depth=depth,
        row_settings=_kept(row_settings),
        verbose=level,
        fold=fold,
    )
    # Whether a forward runs is known after it; what is wrong in the rest is told before.
    options = options_of(
        has_forward=_may_have_forward(model, inputs, execution),
        measures=measured_columns(model) if isinstance(model, ModelGraph) else (),
    )
    try:
        with options_told_apart(summary, kwargs):
            graph = _graph(
                model,
                inputs,
                bool(cache_forward_pass),
                batch_dim=batch_dim,
                device=device,
                dtypes=dtypes,
                mode=check_mode(mode),
                method=method,
                execution=execution,
            )
    except TraceError as error:
        if level:
            Summary(error.graph, options).print()
        raise
    if dims is not None:
        from ..growth.named_shapes import name_shapes

        graph = name_shapes(
            graph,
            model,
            dims=dims,
            batch_dim=batch_dim,
            dtypes=dtypes,
            mode=mode,
            method=method,
            execution=execution,
            **inputs,
        )
    result = Summary(
        graph,
        options_of(has_forward=graph.execution != "none", measures=measured_columns(graph)),
    )
    if level:
        result.print()
    return result


@dataclass(frozen=True, repr=False, eq=False)
class Summary:
    """A model as a table. ``str()`` is its text; terminals and notebooks show it their own way.

    Attributes named as in torchinfo's ``ModelStatistics`` mean the same. All sizes are in bytes.
    """

    graph: ModelGraph
    options: Options

    # -- figures ------------------------------------------------------------------------------

    @property
    def total_params(self) -> int:
        """Elements of all parameters, each tensor once."""
        return self.graph.total_params

    @property
    def trainable_params(self) -> int:
        """Elements of the parameters with ``requires_grad``, each tensor once."""
        return self.graph.trainable_params

    @property
    def active_params(self) -> int:
        """Elements that one token passes through: fewer than all in a mixture of experts."""
        return self.experts.active_params

    @property
    def total_param_bytes(self) -> int:
        """Bytes of all parameters, each tensor once."""
        return self.graph.total_param_bytes

    @property
    def total_mult_adds(self) -> int:
        """Multiply-adds of the forward."""
        return self.graph.total_macs

    @property
    def total_flops(self) -> int:
        """FLOPs of the forward, 2 per multiply-add."""
        return self.graph.total_flops

    @cached_property
    def total_output_bytes(self) -> int:
        """Bytes of what layers with parameters gave, and of as many gradients."""
        return output_bytes(self._rows)

    @property
    def total_input(self) -> int:
        """Bytes of the tensors that the forward was given."""
        return input_bytes(self.graph)

    @property
    def input_size(self) -> list[Shape]:
        """Shapes of the tensors that the forward was given."""
        return [self.graph.tensors[tensor].shape for tensor in self.graph.inputs]

    @property
    def memory(self) -> Memory:
        """Peak memory of the forward."""
        return self._rows.memory

    @property
    def experts(self) -> Experts:
        """Mixtures of experts in the model."""
        return self._rows.experts

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows down to the depth asked for, none of them folded."""
        return tuple(row for row, _ in visible_rows(self._rows, self.formatting.options))

    # -- as torchinfo has them ----------------------------------------------------------------

    @cached_property
    def summary_list(self) -> list[LayerInfo]:
        """Every row with torchinfo's names for its figures, at whatever depth, none folded."""
        return layers(self._rows)

    @cached_property
    def formatting(self) -> Formatting:
        """How the table looks; what is set here, the next print shows."""
        return Formatting(self.options)

    to_readable = staticmethod(to_readable)
    format_output_num = staticmethod(format_output_num)

    @staticmethod
    def to_megabytes(num: float) -> float:
        """Bytes in millions."""
        return num / 1e6

    @staticmethod
    def float_to_megabytes(num: float) -> float:
        """So many numbers of 4 bytes, in millions of bytes."""
        return num * 4 / 1e6

    # -- formats ------------------------------------------------------------------------------

    def to_text(self, width: int | None = None) -> str:
        """The table as plain text, cut to ``width`` characters if given."""
        return to_text(self._table, self.formatting.options.col_width, width)

    def to_markdown(self) -> str:
        """The table in GitHub's Markdown."""
        return to_markdown(self._table)

    def to_latex(self) -> str:
        """The table as a LaTeX ``tabular``."""
        return to_latex(self._table)

    def to_html(self) -> str:
        """The table as an HTML ``<div>``."""
        return to_html(self._table)

    def to_csv(self, col_names: Iterable[str] | None = None) -> str:
        """The rows as CSV with plain figures, never folded; every column unless some are named."""
        return to_csv(self._rows, self.formatting.options, self._data_columns(col_names))

    def to_pandas(self, col_names: Iterable[str] | None = None) -> pandas.DataFrame:
        """The rows as a DataFrame, never folded; every column unless some are named."""
        return to_pandas(self._rows, self.formatting.options, self._data_columns(col_names))

    def to_dict(self) -> dict[str, Any]:
        """The totals, and the rows with every column, never folded; ready for JSON."""
        return {
            "name": self.graph.name,
            "execution": self.graph.execution,
            "total_params": self.total_params,
            "trainable_params": self.trainable_params,
            "active_params": self.active_params,
            "total_param_bytes": self.total_param_bytes,
            "total_flops": self.total_flops,
            "total_mult_adds": self.total_mult_adds,
            "total_input": self.total_input,
            "total_output_bytes": self.total_output_bytes,
            "peak_activation_bytes": self.memory.peak_bytes,
            "notes": list(notes(self._rows)),
            "rows": list(records(self._rows, self.formatting.options, self._data_columns(None))),
        }

    def to_json(self, indent: int | None = 2) -> str:
        """``to_dict()`` as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    # -- display ------------------------------------------------------------------------------

    def print(self, file: TextIO | None = None) -> None:
        """Print the table: in colour and as wide as the terminal, or plain into a pipe or file."""
        file = sys.stdout if file is None else file
        if file.isatty():
            from rich.console import Console

            Console(file=file, highlight=False).print(self)
            return
        text = str(self)
        try:
            text.encode(getattr(file, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            text = to_text(in_ascii(self._table_of(ASCII)), self.formatting.options.col_width)
        print(text, file=file)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        from .terminal import styled_lines

        plain = options.ascii_only or self.formatting.options.ascii_only
        table = in_ascii(self._table_of(ASCII)) if plain else self._table
        yield from styled_lines(table, self.formatting.options.col_width, options.max_width)

    @cached_property
    def _rows(self) -> Rows:
        return build_rows(self.graph)

    @property
    def _table(self) -> Table:
        if self.formatting.options.ascii_only:
            return in_ascii(self._table_of(ASCII))
        return self._table_of(UNICODE)

    def _table_of(self, symbols: Any) -> Table:
        rows, options = self._rows, self.formatting.options
        known = self._tables.get((options, symbols))
        if known is None:
            totals = total_blocks(rows, options)
            known = lay_out(rows, options, symbols, totals, notes(rows))
            self._tables[options, symbols] = known
        return known

    @cached_property
    def _tables(self) -> dict[Any, Table]:
        """The tables laid out so far, by how they look."""
        return {}

    def _data_columns(self, col_names: Iterable[str] | None) -> tuple[str, ...]:
        if col_names is not None:
            col_names = check_columns(
                col_names, self._rows.has_forward, measured_columns(self.graph)
            )
        return data_columns(self._rows, col_names)


def _kept(names: Any) -> Any:
    """The names, to be read twice also where they come from a generator."""
    return list(names) if isinstance(names, Iterator) else names


def _may_have_forward(
    model: nn.Module | ModelGraph, inputs: Mapping[str, Any], execution: Any
) -> bool:
    """Whether a forward was or may be run. Raises InputError for inputs of a finished graph."""
    given = [name for name, value in inputs.items() if value is not None]
    if not isinstance(model, ModelGraph):
        return bool(execution != "none")
    if given:
        raise InputError(
            f"a ModelGraph has its inputs in it: leave out {', '.join(given)}, or give the model"
        )
    return model.execution != "none"


def _graph(
    model: nn.Module | ModelGraph, inputs: Mapping[str, Any], cache: bool, **choices: Any
) -> ModelGraph:
    """The graph of the model, traced unless ``cache`` finds that the same was traced before."""
    if isinstance(model, ModelGraph):
        return model
    from ..tracing import trace
    from ..tracing.modules import describe, walk

    if not cache:
        return trace(model, **inputs, **choices)
    key = repr((_described(inputs), choices, describe(walk(model))))
    known = _traced.get(id(model))
    if known is not None and known[0] == key:
        return known[1]
    graph = trace(model, **inputs, **choices)
    if known is None:
        finalize(model, _traced.pop, id(model), None)
    _traced[id(model)] = (key, graph)
    return graph


def _described(value: Any) -> Any:
    """The value with each tensor replaced by what matters for shapes."""
    if isinstance(value, Mapping):
        return {name: _described(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_described(part) for part in value]
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return (tuple(value.shape), str(value.dtype), str(getattr(value, "device", "")))
    return value


__all__ = ["Summary", "summary"]
