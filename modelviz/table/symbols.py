"""The characters that draw the tree, for terminals with and without more than ASCII."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbols:
    """What stands for a branch, a last branch, a line beside them, ``times`` and ``…``."""

    branch: str
    last: str
    beside: str
    times: str
    ellipsis: str

    def tree(self, indent: int) -> str:
        """What stands before the label of a line, as torchinfo draws it."""
        if indent < 2:
            return self.branch if indent else ""
        return self.beside * (indent - 1) + self.last


UNICODE = Symbols("├─", "└─", "│    ", "×", "…")
ASCII = Symbols("+ ", "+ ", "|    ", "x", "..")
