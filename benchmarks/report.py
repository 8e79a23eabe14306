"""Markdown tables, and their places in ``benchmarks/README.md``."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from statistics import median

import torch

README = Path(__file__).with_name("README.md")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def write_section(name: str, text: str) -> None:
    """Put ``text`` between the marks of section ``name`` in the README."""
    content = README.read_text(encoding="utf-8")
    start, stop = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(stop)}", re.DOTALL)
    if not pattern.search(content):
        raise ValueError(f"{README} has no section marked {start}")
    section = f"{start}\n{text}\n{stop}"
    README.write_text(pattern.sub(lambda _: section, content), encoding="utf-8")


def machine() -> str:
    """What the numbers were measured on: processor kind, threads, versions."""
    return (
        f"{platform.machine()}, {torch.get_num_threads()} threads, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive numbers."""
    return exp(sum(map(log, values)) / len(values))


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
