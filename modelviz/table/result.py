"""``Summary``: the table of a model, in every form."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from ..analysis.experts import Experts
from ..analysis.memory import Memory
from ..collecting import collection_paused
from ..graph import ModelGraph, Shape
from .columns import measured_columns
from .compat import Formatting, LayerInfo, format_output_num, layers, to_readable
from .data import data_columns, records, to_csv, to_pandas
from .html import to_html
from .latex import to_latex
from .lines import lay_out, visible_rows
from .markdown import to_markdown
from .options import Options, check_columns
from .rows import Row, Rows, build_rows
from .symbols import ASCII, UNICODE
from .table import Table, in_ascii
from .text import to_text
from .totals import input_bytes, notes, output_bytes, total_blocks

if TYPE_CHECKING:
    import pandas
    from rich.console import Console, ConsoleOptions, RenderableType


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
        if file is None:  # as without a console
            return
        if file.isatty():
            from rich.console import Console

            Console(file=file, highlight=False).print(self)
            return
        print(self._text_for(file), file=file)

    def __str__(self) -> str:
        # ``print(summary)`` is where a console without our signs would fail.
        return self._text_for(sys.stdout)

    def __repr__(self) -> str:
        return str(self)

    def _text_for(self, file: TextIO | None) -> str:
        """The table as text, in ASCII where the encoding of a file lacks one of its signs."""
        text = self.to_text()
        try:
            text.encode(getattr(file, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            return to_text(self._in_ascii, self.formatting.options.col_width)
        return text

    def _repr_html_(self) -> str:
        return self.to_html()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        from .terminal import styled_lines

        table = self._in_ascii if options.ascii_only else self._table
        yield from styled_lines(table, self.formatting.options.col_width, options.max_width)

    @cached_property
    def _rows(self) -> Rows:
        return build_rows(self.graph)

    @property
    def _table(self) -> Table:
        ascii_only = "ascii_only" in self.formatting.options.rows
        return self._in_ascii if ascii_only else self._table_of(UNICODE)

    @property
    def _in_ascii(self) -> Table:
        return in_ascii(self._table_of(ASCII))

    @collection_paused()
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
