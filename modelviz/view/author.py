"""What an author of pictures says of a model: its title, labels and colours by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..errors import InputError
from ..graph import ModelGraph
from .document import Authored, Document, Item, item_key
from .matching import is_meant

_COLOUR = re.compile("#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Author:
    """A title in place of the model's name, and labels and colours by pattern.

    Of several patterns that name a thing the last one counts. Colours are ``#rrggbb``.
    """

    title: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    colours: tuple[tuple[str, str], ...] = ()


NOBODY = Author()


def author_of(
    title: str | bool | None, label: Mapping[str, str] | None, color: Mapping[str, str] | None
) -> Author:
    """What is said, checked. Raises InputError for what is no text, mapping or colour."""
    if not (title is None or isinstance(title, (str, bool))):
        raise InputError(f"title={title!r}; expected a text, or False for none")
    labels = _pairs("label", label, "{'encoder.0': 'Stem'}")
    colours = _pairs("color", color, "{'Attention': '#aabbcc'}")
    for pattern, colour in colours:
        if not _COLOUR.fullmatch(colour):
            given = {pattern: colour}
            raise InputError(f"color={given}: expected a colour such as '#aabbcc'")
    return Author(
        title if isinstance(title, str) else None,
        labels,
        tuple((pattern, _long(colour)) for pattern, colour in colours),
    )


def authored(document: Document, graph: ModelGraph, author: Author) -> Document:
    """The document with what its author says of each part of it, in any copy."""
    if author == NOBODY:
        return document
    items = list(_things(document, graph))
    labels, colours = dict(author.labels), dict(author.colours)
    titles = {item.title for item in items}
    said = Authored(
        author.title,
        dict(_said(author.labels, items)),
        dict(_said(author.colours, items)),
        tuple((one, labels.get(one, one), colours[one]) for one in colours if one in titles),
    )
    return replace(document, author=said)


def _things(document: Document, graph: ModelGraph) -> Iterator[Item]:
    """Every item, and every module that a folded item stands for."""
    paths = set()
    for item, _ in document.walk():
        paths.add(item.path)
        yield item
    for module in graph.modules:
        if module.path not in paths:
            yield Item(module.path, "other", module.class_name, path=module.path)


def _said(choices: tuple[tuple[str, str], ...], items: list[Item]) -> Iterator[tuple[str, str]]:
    """What is said of items, by their keys in ``Authored``."""
    for item in items:
        for pattern, said in reversed(choices):
            if is_meant(pattern, item):
                yield item_key(item.id, item.path), said
                break


def _pairs(
    option: str, given: Mapping[str, str] | None, example: str
) -> tuple[tuple[str, str], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise InputError(f"{option}={given!r}; expected a mapping such as {example}")
    for pair in given.items():
        if not all(isinstance(text, str) for text in pair):
            raise InputError(f"{option} has {pair!r}; expected texts, such as {example}")
    return tuple(given.items())


def _long(colour: str) -> str:
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))
