"""Arguments that are text, for models that hold their own tokenizer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .guess import ArgumentPart, Guess, argument
from .layers import Option
from .misfit_kinds import Words


def text(why: str) -> ArgumentPart:
    """A short text."""
    return ArgumentPart.of([Option((), "str", why, "a few plain words")])


def says_texts(annotation: Any) -> bool:
    """Whether an annotation says that an argument is a list of texts: ``list[str]``."""
    said = annotation if isinstance(annotation, str) else repr(annotation)
    return re.search(r"\b(list|sequence|iterable)\[str\]", said, re.I) is not None


def several_texts(name: str, why: str) -> dict[str, ArgumentPart]:
    """The parts of an argument that is a list of texts."""
    return {f"{name}[{place}]": text(why) for place in range(2)}


def with_texts(guess: Guess, name: str, words: Words) -> Iterator[Guess]:
    """A text, or several where the forward reads one that it took out of the argument."""
    why = "text is needed"
    if words.owner not in (None, argument(name)) and not name.endswith("]"):
        yield guess.split(name, several_texts(name, why))
    yield guess.having({name: text(why)})
