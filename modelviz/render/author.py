"""What an author of a picture says of it: its title, labels and colours, its font."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import InputError
from ..view.matching import is_meant
from ..view.model import Group, Node

_FONTS = {
    "sans": "sans",
    "Helvetica": "sans",
    "Arial": "sans",
    "Liberation Sans": "sans",
    "serif": "serif",
    "Times": "serif",
    "Times New Roman": "serif",
    "Liberation Serif": "serif",
}
"""The family of the layout that has the widths of each font."""
_COLOUR = re.compile("#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Author:
    """A title in place of the model's name, and labels and colours by pattern, the last one first.

    Colours are ``#rrggbb``.
    """

    title: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    colours: tuple[tuple[str, str], ...] = ()

    def label(self, item: Node | Group) -> str | None:
        """What an item is called instead of its class and name."""
        return _first(self.labels, item)

    def colour(self, item: Node | Group) -> str | None:
        """The colour of an item instead of that of its kind."""
        return _first(self.colours, item)


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
            raise InputError(f"color[{pattern!r}]={colour!r}; expected a colour such as '#aabbcc'")
    return Author(
        title if isinstance(title, str) else None,
        labels[::-1],
        tuple((pattern, _long(colour)) for pattern, colour in colours[::-1]),
    )


def family_of(font: object) -> str:
    """The family of a font. Raises InputError where its widths are not known."""
    if isinstance(font, str) and font in _FONTS:
        return _FONTS[font]
    near = get_close_matches(str(font), _FONTS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(_FONTS)}"
    raise InputError(f"font={font!r} has widths that are not known here: {hint}")


def _first(choices: tuple[tuple[str, str], ...], item: Node | Group) -> str | None:
    return next((said for pattern, said in choices if is_meant(pattern, item)), None)


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
