"""``modelviz.draw`` and ``modelviz.export``: from a model and what was asked for to its picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .collecting import collecting_seldom
from .depth import deep
from .diagram import Diagram, checked_path
from .errors import InputError
from .fitting import fitting_diagram
from .formats import DEFAULT_DPI
from .graph import ModelGraph
from .render.paper import paper_of
from .render.style import columns_of, family_of, style_of
from .unknown import options_told_apart, unknown_option
from .view import view_options
from .view.author import author_of
from .view.matching import Chosen, check_meant, chosen_paths

if TYPE_CHECKING:
    from torch import nn


@collecting_seldom()
def draw(
    model: nn.Module | ModelGraph,
    input_size: Any = None,
    input_data: Any = None,
    *,
    depth: int | None = None,
    expand: Chosen = (),
    collapse: Chosen = (),
    fold: bool = True,
    direction: str | None = None,
    columns: int | None = None,
    width: str | None = None,
    page: str | None = None,
    font_size: float | None = None,
    title: str | bool | None = None,
    legend: bool | None = None,
    label: Mapping[str, str] | None = None,
    color: Mapping[str, str] | None = None,
    hide: str | Iterable[str] = (),
    font: str | None = None,
    theme: str = "light",
    show: str | Iterable[str] | None = None,
    color_by: str | None = None,
    engine: str = "bundled",
    dims: Any = None,
    **inputs: Any,
) -> Diagram:
    """A picture of a model, or of a graph that was traced before.

    Without options it shows as much as can be read on a page: printed on a sheet of A4 or Letter,
    no text is smaller than 6 points. ``depth`` is how many levels of modules are open,
    ``expand`` and ``collapse`` name modules to open and close besides (``"layers.*.mlp"``), and
    ``fold=False`` draws every copy of a repeated block. ``direction`` is ``"TB"`` or ``"LR"``, and
    ``columns`` into how many columns the picture is cut, or rows where it reads to the right.

    ``width="3.3in"`` (or cm, mm, pt, px) makes a figure of that width, ``page="A4"`` or
    ``"Letter"`` one that fits such a page within margins of an inch, and ``font_size`` is the
    smallest text that it may have, in points, 6 without it; alone, it is the size of the smallest
    text. What fits is then shown.

    ``title`` is a text, or False for none, and ``legend`` True or False. ``label={"inc": "Stem"}``
    and ``color={"Attention": "#aabbcc"}`` name and colour modules by path, pattern or class, and
    ops, inputs and outputs by name; ``hide=("cache*",)`` leaves such out. ``expand`` and
    ``collapse`` may be a function of a module's record (``lambda module: module.class_name ==
    "Block"``). ``font`` is ``"sans"`` or ``"serif"``, or a font with their widths.

    ``theme`` is ``"light"``, ``"dark"`` or ``"paper"``. ``show`` adds ``"params"``, ``"flops"``,
    ``"memory"``, ``"views"``, ``"constants"``, ``"unread"`` (ops whose result nothing reads), or
    leaves something out: ``"-legend"``.
    ``color_by="params"``, ``"flops"``, ``"memory"`` or ``"time"`` makes a heat map, as does the
    name of a figure that was put on a graph (``graph.with_figures``); for the time the model runs
    for real, as with ``modelviz.profile``. ``engine="system"`` lays
    out with the ``dot`` of the machine. ``dims`` names the sizes of the inputs as for
    ``modelviz.formulas``: shapes are then ``batch×seq×768``, figures those of the given sizes.
    Inputs are given as to ``modelviz.trace``.
    """
    opened, closed = (() if callable(chosen) else chosen for chosen in (expand, collapse))
    options = view_options(depth, opened, closed, fold, show, hide)
    shown = _with_title(options.show, title, legend)
    options = replace(options, show=shown, author=author_of(title, label, color))
    known = model if isinstance(model, ModelGraph) else None
    style = style_of(direction or "TB", theme, color_by, options.show, engine, known)
    style = replace(
        style,
        show=options.show,
        paper=paper_of(width, page, font_size),
        columns=columns_of(columns),
    )
    if font is not None:
        style = replace(style, theme=replace(style.theme, family=family_of(font)))
    chosen = None if direction is None else style.direction
    if isinstance(model, ModelGraph):
        for name in inputs:
            raise unknown_option(name, draw, "and a graph takes no inputs")
        graph = model
    else:
        from .tracing import trace

        if color_by == "time":
            inputs["timed"] = True
        with options_told_apart(draw, inputs):
            graph = trace(model, input_size, input_data, **inputs)
    if dims is not None:
        from .growth.named_shapes import name_shapes

        graph = name_shapes(graph, model, input_size, input_data, dims=dims, **inputs)
    if color_by == "time":
        _require_times(graph)
    options = replace(
        options,
        expand=chosen_paths("expand", expand, graph) if callable(expand) else options.expand,
        collapse=chosen_paths("collapse", collapse, graph)
        if callable(collapse)
        else options.collapse,
    )
    for option, patterns in (("label", label), ("color", color), ("hide", options.hide)):
        check_meant(option, patterns or (), graph)
    with deep(graph):
        return fitting_diagram(graph, options, style, chosen)


def _with_title(
    show: frozenset[str], title: str | bool | None, legend: bool | None
) -> frozenset[str]:
    """What is shown, with or without title and legend as is said."""
    for name, said in (("title", title if title is None else bool(title)), ("legend", legend)):
        if said is not None and not isinstance(said, bool):
            raise InputError(f"{name}={said!r}; expected True or False")
        if said is not None:
            show = show | {name} if said else show - {name}
    return show


def _require_times(graph: ModelGraph) -> None:
    """Raises InputError where the ops of a graph have no times."""
    if graph.total_seconds is None:
        ask = (
            "measure it with modelviz.profile"
            if graph.calls
            else "give inputs to run the model with"
        )
        raise InputError(
            f"color_by='time' needs measured times, and the graph of {graph.name} has none: "
            f"{ask}, or use color_by='flops' to see where the work is"
        )


@collecting_seldom()
def export(
    model: nn.Module | ModelGraph,
    path: str | Path,
    input_size: Any = None,
    input_data: Any = None,
    *,
    dpi: float = DEFAULT_DPI,
    standalone: bool = True,
    **options: Any,
) -> Path:
    """Write a picture of a model to ``path``, whose suffix decides the format; gives the path.

    The options are those of ``modelviz.draw``, ``dpi`` for a png, and ``standalone`` for a tex.
    """
    target = checked_path(path)
    diagram = draw(model, input_size, input_data, **options)
    return diagram.save(target, dpi=dpi, standalone=standalone)
