"""Which picture of a model fits its paper: how much is open, and in which direction it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, islice, takewhile

from .diagram import Diagram
from .errors import InputError
from .graph import ModelGraph
from .render.engine import LayoutError
from .render.paper import length_text
from .render.sizes import TINY
from .render.style import Direction, Style
from .view import ViewOptions
from .view.making import Page, Pages, document_of
from .view.options import Depth
from .view.visible import visible

_WIDE = 500.0
"""How wide a room is in which a picture may read to the right, unasked, in points."""

_BACK = 3
"""Most lines that lead into a row below in a picture that reads to the right, unasked."""

_ENOUGH = 15
"""So many nodes and groups show what a network is like: where there are fewer, more is opened."""
_RAILS = 3
"""Most lines from one column to the next in a picture with more open than was sure to fit."""
_HOPELESS = 0.75
"""How small a picture is, as a share of what can be read, that no narrower cards would mend."""
_KINDS = 4
"""How many kinds of modules that could be open, too, are tried before none of them is."""


def fitting_diagram(
    graph: ModelGraph, options: ViewOptions, style: Style, direction: Direction | None
) -> Diagram:
    """The picture that shows most of a model in text that can be read where it is printed.

    What was asked for is not changed: a depth, a direction, what is open besides. Where nothing
    fits, it is the picture with the largest text. Raises InputError where nothing fits a width or
    a page that was asked for.
    """
    if style.color_by is not None:
        # Colours change no place, so that a legend that is wider or narrower decides nothing.
        plain = replace(style, color_by=None, overlay=None)
        kinds = fitting_diagram(graph, options, plain, direction)
        return replace(kinds, style=replace(style, direction=kinds.style.direction))
    first = replace(style, direction=direction or "TB")
    paper = style.paper
    if options.depth is not None and not paper.asked:
        made = document_of(graph, options)
        return Diagram(graph, made, visible(made), first, options)
    if options.expand and not paper.asked:
        # What a reader asks to see comes on top of what fits a page.
        base = fitting_diagram(graph, replace(options, expand=()), style, direction)
        options = replace(options, page=base.options.page)
        made = document_of(graph, options)
        return Diagram(graph, made, visible(made), base.style, options)
    if options.depth is not None:
        return _fitting(graph, iter([(options, document_of(graph, options))]), style, direction)
    pages = Pages(graph, options)
    try:
        return _further(_fitting(graph, iter(pages), style, direction), pages, direction)
    except LayoutError:
        # Whoever asks for the layout is told; without it, the number of nodes decides.
        shown, made = next(iter(pages))
        return Diagram(graph, made, visible(made), first, shown)


def _fitting(
    graph: ModelGraph, pages: Iterator[Page], style: Style, direction: Direction | None
) -> Diagram:
    """The first page that fits, or the one with the largest text."""
    # A narrow column reads downwards: to the right it would be many short rows.
    ways: tuple[Direction, ...] = ("TB", "LR") if style.paper.widest >= _WIDE else ("TB",)
    largest: Diagram | None = None
    for form, (shown, made) in _forms(pages, style):
        view = visible(made)
        # Nothing is turned for the sake of a part of a level.
        some = ways[:1] if shown.page is not None and shown.page.least else ways
        for way in some if direction is None else (direction,):
            look = replace(form, direction=way)
            diagram = Diagram(graph, made, view, look, shown)
            clear = direction is not None or _lines_back(diagram) <= _BACK
            if clear and diagram.fits:
                return diagram
            if largest is None or diagram.smallest_text > largest.smallest_text:
                largest = diagram
    assert largest is not None
    if style.paper.asked:
        raise _too_large(largest)
    return largest


def _further(diagram: Diagram, pages: Pages, direction: Direction | None) -> Diagram:
    """The picture with more kinds of modules open, where it has few boxes or tells little."""
    depth = diagram.options.page
    if depth is None or depth.limit is not None or depth.by_layer or not diagram.fits:
        return diagram
    if diagram.view.size < _ENOUGH and diagram.has_form:
        return diagram
    if diagram.view.size < _ENOUGH:
        diagram = _closer(diagram, depth, pages)
        depth = diagram.options.page or depth
    while diagram.view.size < _ENOUGH:
        more = _one_further(diagram, depth, pages)
        if more is None or more.options.page is None:
            break
        diagram, depth = more, more.options.page
    inside = _inside_most(diagram, depth, pages, direction)
    while inside is not None and inside.options.page is not None:
        diagram, depth = inside, inside.options.page
        inside = _inside_most(diagram, depth, pages, direction)
    return diagram


def _inside_most(
    diagram: Diagram, depth: Depth, pages: Pages, direction: Direction | None
) -> Diagram | None:
    """The picture with what is outermost open, too, and holds much of the model, where it fits.

    It may be read the other way.
    """
    way = diagram.style.direction
    other: Direction = "LR" if way == "TB" else "TB"
    turns = direction is None and diagram.style.paper.widest >= _WIDE
    for shown, made in pages.outermost(depth):
        if diagram.has_form:
            return None
        more = replace(diagram, document=made, view=visible(made), options=shown)
        for one in (way, other) if turns else (way,):
            for narrow in range(diagram.style.narrow, 3):
                look = replace(diagram.style, direction=one, close=True, narrow=narrow)
                found = replace(more, style=look)
                # Names in lines of their own are worth it where the way stays easy to follow.
                easy = not found.rails or narrow == diagram.style.narrow
                # Lines beside each other from column to column are harder to follow than one.
                easy = easy and found.rails <= max(1, diagram.rails)
                if easy and _fits_well(found) and (one == way or _lines_back(found) <= _BACK):
                    return found
                if one == other or found.smallest_text < _HOPELESS * found.style.paper.least:
                    break
    return None


def _closer(diagram: Diagram, depth: Depth, pages: Pages) -> Diagram:
    """The picture of a deeper page, where that fits with cards closer."""
    close = replace(diagram.style, close=True)
    for shown, made in takewhile(lambda page: page[0].page != depth, pages):
        more = Diagram(diagram.graph, made, visible(made), close, shown)
        if _fits_well(more):
            return more
    return diagram


def _one_further(diagram: Diagram, depth: Depth, pages: Pages) -> Diagram | None:
    """The picture with one more kind of modules open, of the kinds that hold most of the model."""
    for place, (shown, made) in enumerate(islice(pages.further(depth), _KINDS)):
        more = replace(diagram, document=made, view=visible(made), options=shown)
        # What holds most of the model is worth long names in lines of their own.
        looks = _looks(diagram.style, narrow=place == 0 and not depth.also)
        found = next(
            (form for look in looks if _fits_well(form := replace(more, style=look))), None
        )
        if found is not None:
            return found
    return None


def _fits_well(diagram: Diagram) -> bool:
    """Whether more can be open for a picture that is read without following many lines around."""
    return diagram.fits and diagram.rails <= _RAILS


def _looks(style: Style, narrow: bool) -> Iterator[Style]:
    """A style, and what makes a picture smaller."""
    yield style
    yield replace(style, close=True)
    if narrow:
        yield from (replace(style, close=True, narrow=more) for more in (1, 2))


def _lines_back(diagram: Diagram) -> int:
    """How many lines of a picture that reads to the right lead back, into a row below."""
    if diagram.style.direction == "TB":
        return 0
    places = {name: boxes[0] for name, boxes in diagram.regions.items()}
    return sum(
        places[edge.target].left < places[edge.source].left
        for edge in diagram.view.edges
        if not edge.next_copy and {edge.source, edge.target} <= places.keys()
    )


def _forms(pages: Iterator[Page], style: Style) -> Iterator[tuple[Style, Page]]:
    """What may fit, and how: close and narrow is better than that parts are summarised."""
    looks = [style, *(replace(style, close=True, narrow=narrow) for narrow in (0, 1, 2))]
    for _, some in groupby(pages, lambda one: one[0].page is None or one[0].page.limit is None):
        documents = list(some)
        yield from ((look, one) for look in looks for one in documents)


def _too_large(diagram: Diagram) -> InputError:
    """Why no picture was made, and what would make one."""
    paper, text = diagram.style.paper, diagram.smallest_text
    wide, high = max(paper.rooms)
    room = f"{length_text(wide)} by {length_text(high)}"
    need = length_text(diagram.laid_out_width * paper.least / TINY)
    less = "a smaller depth=" if diagram.options.depth else "collapse="
    return InputError(
        f"the text of this picture would be {text:.1f} points in {room}, smaller than "
        f"font_size={paper.least:g}: show less of it ({less}, hide=, show='-shapes'), "
        f"give it more room (about width={need!r}), or allow font_size={int(text * 10) / 10:g}"
    )
