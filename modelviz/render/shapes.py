"""The forms that a model may have beside one column: a U, several of them, a net in rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from .layout import Layout, lay_out
from .nested import GAPS, nested
from .plan import Plan
from .u_row import in_a_row
from .u_shape import FORMS, u_shaped
from .u_turn import turn_of


def shapes(drawing: Plan, layout: Layout | None = None) -> Iterator[Layout]:
    """The forms that a picture can have which reads downwards, those with most room first.

    ``layout`` is what Graphviz makes of it, where that is known.
    """
    if turn_of(drawing) is not None:
        whole = lay_out(drawing) if layout is None else layout
        yield from _found(u_shaped(drawing, whole, *form) for form in FORMS)
    for beside in (True, False):
        yield from _found(in_a_row(drawing, *form, beside) for form in FORMS)
    yield from _found(nested(drawing, gap) for gap in GAPS)


def _found(forms: Iterator[Layout | None]) -> Iterator[Layout]:
    return (form for form in takewhile(lambda form: form is not None, forms) if form is not None)
