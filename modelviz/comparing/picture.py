"""A diff as one picture: the second model, its changes marked, and what is gone beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..analysis.align import align
from ..analysis.alignment import name_of
from ..dotted import join, with_ancestors
from ..view.document import Item, Tone
from ..view.kinds import class_kind
from ..view.labels import short_config
from ..view.marks import Extra, Mark, Marks, marked
from ..view.visible import visible
from .changes import Change
from .neighbours import Neighbours
from .wording import SIGNS, cost_text, lines, where

if TYPE_CHECKING:
    from ..diagram import Diagram
    from .difference import Diff

_WORD = 60
"""Most characters of a change on a card."""


def draw(diff: Diff, **options: Any) -> Diagram:
    """The picture of a diff; ``options`` are those of ``modelviz.draw``.

    What was changed is opened up to, everything else stays closed.
    """
    from ..drawing import draw as draw_graph

    extras = tuple(_extras(diff))
    chosen = {"depth": 1, "expand": tuple(_above(diff, extras)), **options}
    diagram = draw_graph(diff.after, **chosen)
    made = marked(diagram.document, diff.after, diff_marks(diff, extras))
    return replace(diagram, document=made, view=replace(visible(made), name=_title(diff)))


def diff_marks(diff: Diff, extras: tuple[Extra, ...]) -> Marks:
    """The changes as marks of the second model, in its order."""
    gone = {extra.item.path: extra.item.id for extra in extras}
    entries = tuple(_mark(diff, change, gone) for change in diff.changes)
    return Marks("Changes", entries, extras, fills=True)


def _mark(diff: Diff, change: Change, gone: Mapping[str | None, str]) -> Mark:
    paths = (change.path, *change.also)
    cost = cost_text(change.cost)
    removed = change.kind == "removed"
    return Mark(
        _tone(change),
        SIGNS[change.kind],
        where(change),
        (*lines(change), *((cost,) if cost else ()), *_own_figures(diff, change)),
        paths=() if removed else paths,
        nodes=tuple(gone[path] for path in paths if path in gone) if removed else (),
        word=_word(change),
    )


def _own_figures(diff: Diff, change: Change) -> Iterator[str]:
    """What the figures that were put on the graphs are before and after, of a changed module."""
    for figure in diff.figures:
        row = figure.of(change.path) if change.after is not None else None
        if row is not None:
            yield f"{figure.name}: {figure.numbers_text(row)}"


def _tone(change: Change) -> Tone:
    if change.kind == "added" or change.kind == "removed":
        return change.kind
    return "changed"


def _above(diff: Diff, extras: Iterable[Extra]) -> list[str]:
    """What has to be open for every change to be seen."""
    outer = [
        path.rpartition(".")[0]
        for change in diff.changes
        if change.after is not None
        for path in (change.after, *change.also)
    ]
    outer += [extra.parent for extra in extras]
    return list(dict.fromkeys(p for path in outer for p in with_ancestors(path) if p))


def _word(change: Change) -> str:
    """The one line of a change that a card has room for; empty where its sign says all."""
    if change.details:
        return str(change.details[0])[:_WORD]
    if change.kind == "renamed":
        return f"was {name_of(change.before or '')}"[:_WORD]
    if change.kind == "moved":
        return "in exchange" if change.also else f"was {change.before}"[:_WORD]
    return ""


def _extras(diff: Diff) -> Iterator[Extra]:
    """What is gone, each where it stood: in the module around it, after what came before it."""
    partners = {pair.before: pair.after for pair in align(diff.before, diff.after).pairs}
    siblings: dict[str, list[str]] = {}
    for module in diff.before.modules:
        if module.path:
            siblings.setdefault(module.path.rpartition(".")[0], []).append(module.path)

    gone = [p for c in diff.changes if c.kind == "removed" for p in (c.path, *c.also)]
    left = set(gone)
    ids = {path: _id_of_removed(diff, path, _home(path, partners)) for path in gone}
    neighbours = Neighbours(diff.before, diff.after, partners, ids)
    for path in gone:
        parent = _home(path, partners)
        row = siblings[path.rpartition(".")[0]]
        earlier = (
            partners.get(other) for other in reversed(row[: row.index(path)]) if other not in left
        )
        item = _removed(diff, path, parent)
        reads, feeds = neighbours.of(path)
        yield Extra(item, parent, next(filter(None, earlier), None), reads, feeds)


def _home(path: str, partners: Mapping[str, str]) -> str:
    """The module of the second model that a removed one would be in."""
    around = with_ancestors(path.rpartition(".")[0])
    return next(filter(None, map(partners.get, around)), "")


def _id_of_removed(diff: Diff, path: str, parent: str) -> str:
    return f"r{join(parent, diff.before.module(path).name)}"


def _removed(diff: Diff, path: str, parent: str) -> Item:
    module = diff.before.module(path)
    return Item(
        _id_of_removed(diff, path, parent),
        class_kind(module.class_name) or "block",
        module.class_name,
        name=module.name,
        detail=short_config(module.config),
        config=module.config,
        path=module.path,
    )


def _title(diff: Diff) -> str:
    """What is compared, and what the signs mean that are in the picture."""
    kinds = dict.fromkeys(kind for kind in SIGNS if any(c.kind == kind for c in diff.changes))
    meant = ", ".join(f"{SIGNS[kind]} {kind}" for kind in kinds)
    return f"{diff.title} ({meant})" if meant else diff.title
