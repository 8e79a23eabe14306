"""Which rules speak: by codes that were asked for, by pyproject.toml, by remarks in the source."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

from ..errors import InputError
from ..graph import Finding
from ..unknown import nearest
from .rule import RULES

_REMARK = re.compile(r"#\s*modelviz:\s*ignore(?:\[([^\]]*)\])?")


def selection(select: Iterable[str] | str, ignore: Iterable[str] | str) -> frozenset[str]:
    """The codes chosen by ``select`` (all, if empty) without those of ``ignore``.

    Each is a code, a name or the beginning of codes (``MV3``). What is empty is looked up in
    ``[tool.modelviz]`` of the pyproject.toml above the current folder. Raises InputError.
    """
    settings = project_settings(os.getcwd())
    for name in settings.keys() - {"select", "ignore"}:
        raise InputError(
            f"[tool.modelviz] in pyproject.toml has {name!r}: expected select and ignore, lists of "
            "rules"
        )
    chosen = _codes(_listed(select) or _listed(settings.get("select", ())), "select")
    left_out = _codes(_listed(ignore) or _listed(settings.get("ignore", ())), "ignore")
    return frozenset(chosen or RULES) - left_out


def _listed(names: Iterable[str] | str) -> list[str]:
    if isinstance(names, str):
        return [name.strip() for name in names.split(",") if name.strip()]
    return list(names)


def _codes(names: list[str], option: str) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        said = str(name).lower()
        codes = {code for code, rule in RULES.items() if rule.name.lower() == said}
        if said.startswith("mv"):
            codes |= {code for code in RULES if code.lower().startswith(said)}
        if not codes:
            raise InputError(
                f"{option}: no rule has the code or name {name!r}: expected codes such as MV301, "
                "their beginnings such as MV3, or names such as no-gradient"
                f"{nearest(name, (rule.name for rule in RULES.values()))}"
            )
        found |= codes
    return frozenset(found)


def project_settings(folder: str) -> dict[str, Any]:
    """The table ``[tool.modelviz]`` of the nearest pyproject.toml; empty where there is none."""
    # Each summary asks: paths as text take a tenth of the time of those of pathlib.
    inside = None
    while folder != inside:
        file = os.path.join(folder, "pyproject.toml")
        inside, folder = folder, os.path.dirname(folder)
        try:
            written = os.stat(file)
        except OSError:
            continue
        if S_ISREG(written.st_mode):
            return dict(_read(file, written.st_mtime_ns, written.st_size))
    return {}


@lru_cache(maxsize=8)
def _read(file: str, time: int, size: int) -> dict[str, Any]:
    """The table in a file, which is read again once its ``time`` or ``size`` is another."""
    if sys.version_info < (3, 11):
        # Python 3.10 has no reader of TOML; pip, which is nearly always there, brings one.
        from pip._vendor import tomli as tomllib
    else:
        import tomllib
    try:
        table = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the settings in {file!r}: {error}") from error
    settings = table.get("tool", {}).get("modelviz", {})
    if not isinstance(settings, dict):
        raise InputError(f"[tool.modelviz] in {file!r} is {settings!r}: expected a table")
    return settings


def is_ignored(finding: Finding) -> bool:
    """Whether a remark on the user's line, or on its statement, says to leave the finding out."""
    if finding.file is None or not finding.line:
        return False
    file = finding.file
    if file.startswith("<cell "):
        from ..tracing.source import file_of_cell  # it imports torch, which made the cell's model

        file = file_of_cell(file)
    linecache.checkcache(file)  # the file may have changed since its last look
    lines = linecache.getlines(file)
    first, last = _statement(tuple(lines), finding.line)
    return any(_names(line, finding.code) for line in lines[first - 1 : last])


def _names(line: str, code: str) -> bool:
    """Whether a line has a remark that leaves a rule out."""
    remark = _REMARK.search(line)
    if remark is None:
        return False
    codes = {code.strip() for code in (remark[1] or "").split(",") if code.strip()}
    return not codes or code in codes or RULES[code].name in codes


@lru_cache(maxsize=64)
def _statement(lines: tuple[str, ...], line: int) -> tuple[int, int]:
    """The first and the last line of the statement that a line is part of, counted from 1.

    Of one with a body, such as a loop, that is its head. A line that cannot be told is alone.
    """
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return line, line
    found = (line, line)
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or 0):
            continue
        body = getattr(node, "body", None) or getattr(node, "cases", None)
        end = (node.end_lineno or line) if not body else _start(body[0]) - 1
        if line <= end:
            found = (node.lineno, end)
    return found


def _start(node: ast.AST) -> int:
    """The line on which a statement, with its decorators, or a case begins."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    place = node.pattern if isinstance(node, ast.match_case) else node
    return min(int(getattr(part, "lineno", 0)) for part in (*decorators, place))
