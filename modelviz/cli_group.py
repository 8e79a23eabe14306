"""What the command says of words that it does not know: what was meant, as far as that shows."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperGroup

from . import gallery
from .cli_words import run_with
from .unknown import nearest

# Typer brings a Click of its own in newer releases; this is the class in either.
UsageError: Any = typer.BadParameter.__bases__[0]

_MEANT = {
    "summary": "table info print describe params parameters layers inspect flops macs torchinfo",
    "export": "draw plot render show view picture image visualize visualise diagram graph svg save",
    "check": "lint verify doctor validate review test",
    "diff": "compare changes",
    "plan": "memory train fit vram budget",
    "formulas": "formula growth scale symbolic",
    "profile": "time timing bench benchmark speed latency trace",
    "app": "serve ui gui web open start run explore",
}
"""What people call the commands in other words."""
_COMMAND = re.compile(r"No such command '([^']*)'\.")
_CHOICE = re.compile(r"'([^']*)' is not one of ((?:'[^']*'(?:, )?)+)\.")
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \(([\d ]+)\)")
_NUMBERS = (
    (re.compile(r"Input should be a valid integer.*"), "expected a whole number"),
    (re.compile(r"Input should be a valid number.*"), "expected a number"),
    (re.compile(r"Input should be (?=greater|less)"), "expected a number "),
)
"""What newer releases of Typer say of a number, which is no input of a model."""
_FILE = "Name the file of the picture, such as --output model.svg"


class Group(TyperGroup):
    """The commands; an error about one of their words names the nearest that there is."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name, which messages are then in the words of."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            run_with(command.params)
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the context names."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            missing = not error.message and "'--output'" in error.format_message()
            error.message = _FILE if missing else advised(error.message)
            raise


def advised(message: str) -> str:
    """The message about what was typed, with what may have been meant."""
    message = message.replace("Value error, ", "")
    for words, said in _NUMBERS:
        message = words.sub(said, message)
    if "did you mean" in message.lower():
        return message
    extra = _EXTRA.fullmatch(message.rstrip("."))
    if extra is not None and len(extra[1]) > 1:
        return f"{message}: the sizes of a shape are joined by commas, such as 1,3,224,224"
    command, choice = _COMMAND.search(message), _CHOICE.search(message)
    if command is not None:
        word = command[1].lower()
        if word in ("help", "version"):
            return f"{message} Did you mean --{word}?"
        if word in gallery.NAMES or re.search(r"[.:]", word):
            return f"{message} A model comes after a command: modelviz summary {command[1]}"
        meant = next((name for name, words in _MEANT.items() if word in words.split()), None)
        return message if meant is None else f"{message} Did you mean {meant!r}?"
    if choice is not None:
        hint = nearest(choice[1], re.findall(r"'([^']*)'", choice[2]))
        return message.rstrip(".") + hint if hint else message
    return message
