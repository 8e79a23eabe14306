"""Formulas of a model, and how they read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..analysis.figures import module_figures
from ..dotted import with_ancestors
from ..errors import InputError
from ..graph import ModelGraph
from ..streams import printable
from ..unknown import chosen, nearest
from .chart import chart
from .curves import TITLES, Curve, curve
from .model import Growth, Peak, of_module
from .polynomial import Point, Polynomial, added, constant
from .ranges import Valid

if TYPE_CHECKING:
    import sympy
    from rich.console import Console, ConsoleOptions, RenderableType

    from .picture import Chart

FIGURES = tuple(TITLES)
"""The figures that have a formula."""


@dataclass(frozen=True, repr=False)
class Formulas:
    """Figures of a model, or of a module at ``path``, as sympy expressions in ``names``.

    ``valid`` says for which sizes they were proven; ``graph`` is the trace at the sizes given, and
    ``dims`` the names of the sizes of each input.
    """

    graph: ModelGraph
    growth: Growth = field(repr=False)
    names: tuple[str, ...]
    valid: Valid
    dims: Mapping[str, tuple[str | None, ...]]
    path: str = ""

    # -- expressions ----------------------------------------------------------------------------

    @cached_property
    def symbols(self) -> Mapping[str, sympy.Symbol]:
        """The symbol of each named dimension: plain ``sympy.Symbol(name)``."""
        import sympy

        return {name: sympy.Symbol(name) for name in self.names}

    @property
    def flops(self) -> sympy.Expr:
        """FLOPs of one forward, 2 per multiply-add."""
        return self._expression(self._flops)

    @property
    def macs(self) -> sympy.Expr:
        """Multiply-adds of one forward: half the FLOPs."""
        return self.flops / 2

    @property
    def params(self) -> sympy.Integer:
        """Elements of all parameters, each tensor once: a number."""
        import sympy

        return sympy.Integer(self._params)

    @property
    def activation_bytes(self) -> sympy.Expr | None:
        """Bytes that the ops of one forward allocate; None where no formula was found."""
        return None if self._memory is None else self._expression(self._memory)

    @property
    def peak_bytes(self) -> sympy.Expr | None:
        """The most bytes held at once beside parameters and inputs; None where not known.

        Of a module: while it runs, what is held outside of it included.
        """
        import sympy

        held = self._peak.held
        return None if held is None else sympy.Max(*map(self._expression, held or (constant(0),)))

    @property
    def kv_cache_bytes(self) -> sympy.Expr:
        """Bytes of the keys and values that the forward hands back for the next one."""
        return self._expression(self._cached)

    def of(self, path: str) -> Formulas:
        """The formulas of the module at ``path``, all inside it included. Raises InputError."""
        self._known(path)
        return replace(self, path=path)

    def shapes(self, path: str | None = None) -> tuple[tuple[sympy.Expr, ...], ...]:
        """The shape of each tensor that the first call of a module gives: ``(batch, seq, 768)``.

        ``path`` is that of the formulas themselves if left out. Raises InputError.
        """
        path = self.path if path is None else path
        self._known(path)
        first = self.graph.module(path).shared_with or path
        shapes = self.growth.outputs.get(first, ())
        return tuple(tuple(map(self._expression, shape)) for shape in shapes)

    # -- numbers --------------------------------------------------------------------------------

    def at(self, sizes: Mapping[str, int] | None = None, **more: int) -> dict[str, Any]:
        """The figures at these sizes, as whole numbers; bytes are None where only the others hold.

        Raises InputError outside of ``valid``.
        """
        wanted = {**(sizes or {}), **more}
        if wanted.keys() != set(self.names):
            raise InputError(
                f"got sizes for {', '.join(wanted) or 'nothing'}: expected {', '.join(self.names)}"
            )
        for name, size in wanted.items():
            if size not in self.valid[name]:
                raise InputError(
                    f"{name}={size!r} is outside of what was proven: {self.valid[name]}"
                )
        point = tuple(wanted[name] for name in self.names)
        figures = {name: _number(self._value(name, point)) for name in FIGURES}
        if any(
            one.memory is not None and not one.memory[0] <= wanted[one.name] <= one.memory[1]
            for one in self.valid.ranges.values()
        ):
            figures["activation_bytes"] = figures["peak_bytes"] = None
        return figures

    def crossover(self, name: str, figure: str = "flops") -> Any:
        """The size of a dimension from which its quadratic term is more than its linear one.

        An expression in the other dimensions; None where the figure has no quadratic term in it.
        Whole shares, as of strides, count as fractions. Raises InputError for an unknown name.
        """
        import sympy

        if name not in self.names:
            raise InputError(f"there is no dimension {name!r}: expected {', '.join(self.names)}")
        part = {"flops": self._flops, "activation_bytes": self._memory}.get(figure)
        if part is None:
            raise InputError(f"crossover knows flops and activation_bytes, got {figure!r}")
        powers = part.in_powers_of(self.names.index(name))
        if 2 not in powers or 1 not in powers:
            return None
        linear, square = self._expression(powers[1]), self._expression(powers[2])
        return sympy.cancel(linear / square)

    def curve(self, name: str, figure: str = "flops") -> Curve:
        """How a figure grows with the dimension ``name``, the others as given: sizes and values.

        Raises InputError.
        """
        if name not in self.names:
            raise InputError(f"there is no dimension {name!r}: expected {', '.join(self.names)}")
        figure = chosen("figure", figure, FIGURES)
        given = dict(zip(self.names, self._given, strict=True))
        polynomials = {
            "flops": self._flops,
            "macs": self._flops.scaled(Fraction(1, 2)),
            "activation_bytes": self._memory,
            "kv_cache_bytes": self._cached,
        }
        part = polynomials.get(figure)
        return curve(
            figure, name, given, self.valid, lambda point: self._value(figure, point), part
        )

    def draw(self, *figures: str, theme: str = "light") -> Chart:
        """Curves of figures by each dimension, with the part that each of its powers has.

        Without ``figures``, FLOPs, the peak and the KV cache, where there are any. The axes are
        logarithmic, so that a straight line is a power. ``theme`` is as for ``modelviz.draw``.
        Raises InputError.
        """
        from .picture import growth_chart

        asked = tuple(chosen("figure", figure, FIGURES) for figure in figures)
        wanted = asked or tuple(
            name
            for name in ("flops", "peak_bytes", "kv_cache_bytes")
            if any(amount for _, amount in self.curve(self.names[0], name).points)
        )
        rows = [[self.curve(name, figure) for name in self.names] for figure in wanted]
        return growth_chart(f"Growth of {self._title}", rows, theme)

    def chart(self, figure: str = "flops") -> str:
        """How a figure grows with each dimension, the others as given: bars of text."""
        figure = chosen("figure", figure, FIGURES)
        given = dict(zip(self.names, self._given, strict=True))
        return chart(figure, given, self.valid, lambda point: self._value(figure, point))

    # -- forms ----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The formulas as JSON-ready text and numbers, with those of the modules one level down."""
        return {
            "model": self.graph.name,
            "path": self.path,
            "dims": dict(zip(self.names, self._given, strict=True)),
            "formulas": self._texts(),
            "crossover": {
                name: None if (at := self.crossover(name)) is None else str(at)
                for name in self.names
            },
            "shapes": [list(map(str, shape)) for shape in self.shapes()],
            "modules": {
                path: {
                    "flops": str(one.flops),
                    "params": int(one.params),
                    "activation_bytes": _text(one.activation_bytes),
                    "shapes": [list(map(str, shape)) for shape in one.shapes()],
                }
                for path in self._inside()
                for one in (self.of(path),)
            },
            "valid": _valid_dict(self.valid),
        }

    def to_json(self) -> str:
        """The formulas as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_latex(self) -> str:
        """The formulas as an ``align*`` block of LaTeX."""
        import sympy

        lines = []
        for name, expression in self.shown():
            text = sympy.latex(expression, symbol_names=self._latex_names)
            lines.append(rf"\text{{{TITLES[name]}}} &= {text} \\")
        return "\n".join([r"\begin{align*}", *lines, r"\end{align*}"])

    @property
    def _latex_names(self) -> dict[Any, str]:
        quoted = {name: name.replace("_", r"\_") for name in self.names}
        return {symbol: rf"\mathit{{{quoted[name]}}}" for name, symbol in self.symbols.items()}

    def __str__(self) -> str:
        return printable("\n".join(self._lines()))

    def __repr__(self) -> str:
        return f"Formulas({self._title}: {self.flops} FLOPs)"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{TITLES[name]}</td><td><code>{escape(str(expression))}</code></td></tr>"
            for name, expression in self.shown()
        )
        valid = escape(str(self.valid)).replace("\n", "<br>")
        return f"<p><b>{escape(self._title)}</b></p><table>{rows}</table><p>{valid}</p>"

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        from rich.text import Text

        for line in self._lines():
            yield Text(line)

    def _lines(self) -> Iterator[str]:
        yield f"{self._title} in {', '.join(self.names)}"
        width = max(len(title) for title in TITLES.values())
        for name, expression in self.shown():
            yield f"  {TITLES[name]:<{width}}  {expression}"
        shapes = self.shapes()
        if shapes:
            shown = ", ".join(_shape_text(shape) for shape in shapes[:3])
            more = f" and {len(shapes) - 3} more" if len(shapes) > 3 else ""
            yield f"  {'Output':<{width}}  {shown}{more}"
        for name in self.names:
            at = self.crossover(name)
            if at is not None:
                size = f"{float(at):,.0f}" if at.is_number else str(at)
                yield f"  quadratic in {name}: more than the linear part from {name} = {size} on"
        yield "Proven for " + str(self.valid).replace("\n", "\n  ")

    # -- parts ----------------------------------------------------------------------------------

    @property
    def _title(self) -> str:
        return f"{self.graph.name}, {self.path}" if self.path else self.graph.name

    @property
    def _first(self) -> str:
        return self.graph.module(self.path).shared_with or self.path

    @cached_property
    def _flops(self) -> Polynomial:
        return of_module(self.growth.flops, self._first) or constant(0)

    @cached_property
    def _memory(self) -> Polynomial | None:
        return of_module(self.growth.memory, self._first)

    @cached_property
    def _params(self) -> int:
        return module_figures(self.graph)[self._first].all.params

    @cached_property
    def _peak(self) -> Peak:
        return self.growth.peak_in(self.graph, self._first)

    @cached_property
    def _cached(self) -> Polynomial:
        inside = (p for owner, p in self.growth.cached if self._first in with_ancestors(owner))
        return added(inside)

    @property
    def _given(self) -> Point:
        return self.growth.given

    def _value(self, figure: str, point: Point) -> Fraction | None:
        values: dict[str, Callable[[], Fraction | None]] = {
            "flops": lambda: self._flops.at(point),
            "macs": lambda: self._flops.at(point) / 2,
            "params": lambda: Fraction(self._params),
            "activation_bytes": lambda: None if self._memory is None else self._memory.at(point),
            "peak_bytes": lambda: self._peak.at(point),
            "kv_cache_bytes": lambda: self._cached.at(point),
        }
        return values[figure]()

    def _expression(self, part: Polynomial) -> Any:
        return part.expression(tuple(self.symbols.values()))

    def shown(self) -> Iterator[tuple[str, Any]]:
        """The figures that have something to show, with their expressions."""
        for name in FIGURES:
            expression = getattr(self, name)
            if expression is not None and (name != "kv_cache_bytes" or expression != 0):
                yield name, expression

    def _texts(self) -> dict[str, str | None]:
        return {name: _text(getattr(self, name)) for name in FIGURES}

    def _inside(self) -> Iterator[str]:
        for module in self.graph.modules:
            if module.path and module.parent == self.path and module.shared_with is None:
                yield module.path

    def _known(self, path: str) -> None:
        if all(module.path != path for module in self.graph.modules):
            hint = nearest(path, (module.path for module in self.graph.modules if module.path))
            raise InputError(f"there is no module {path!r} in {self.graph.name}{hint}")


def _text(expression: Any) -> str | None:
    return None if expression is None else str(expression)


def _number(value: Fraction | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value.denominator == 1 else float(value)


def _shape_text(shape: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _valid_dict(valid: Valid) -> dict[str, Any]:
    return {
        "ranges": {
            one.name: {
                "low": one.low,
                "high": one.high,
                "step": one.step,
                "below": None if one.below is None else str(one.below),
                "above": None if one.above is None else str(one.above),
                "bytes": None if one.memory is None else list(one.memory),
            }
            for one in valid.ranges.values()
        },
        "points": [dict(point) for point in valid.points],
        "remarks": list(valid.remarks),
    }
