"""What is typed and what is said: messages in the words of the command.

Where a message names arguments of Python, it names their options here: ``color_by='flops'`` is
``--color-by flops``, and ``depth=`` is ``--depth``. What is written as a call,
``nn.LSTM(input_size=3)``, is the user's code and stays.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .errors import InputError
from .graph.records import Finding
from .problems import Problem

_ALSO = {"col_names": "columns", "dtypes": "dtype"}
"""Arguments of Python whose option has another name."""
_PLAIN = ("col_names", "color_by", "font_size", "lora_rank")
"""Names that are no words of a sentence, nor of columns: they are told without a value, too."""
_INPUTS = (
    (r"\b(give|pass) input_size( or input_data)?\b(?!=)", r"\1 --input-size"),
    (r"\binput_data\b(?!=)", "the inputs that the factory gives"),
)
"""Inputs themselves are given by nobody who types; ``name:factory`` may give some."""
_CALL = re.compile(r"\w\((?:[^()]|\([^()]*\))*\)")
_VALUE = r"'[^'\n]*'|\"[^\"\n]*\"|\{[^{}\n]*\}|\([^()\n]*\)|\[[^\[\]\n]*\]|[\w.+-]*\w"
_running: dict[str, tuple[str, str]] = {}


def run_with(parameters: Iterable[Any]) -> None:
    """Take these parameters of a command, Click's, for those of the one that is running."""
    _running.clear()
    for one in parameters:
        long = [name for name in one.opts if name.startswith("--")]
        if long:
            off = next((name for name in one.secondary_opts if name.startswith("--")), "")
            _running[one.name] = long[0], off
    _running.update({name: _running[to] for name, to in _ALSO.items() if to in _running})


def pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """What is on both sides of the first ``=`` of each text."""
    for text in texts or ():
        if "=" not in text:
            raise InputError(f"{option} {text!r}; expected WHAT=TEXT, such as encoder.0=Stem")
    parts = (text.partition("=") for text in texts or ())
    return {what: said for what, _, said in parts}


def worded(text: str) -> str:
    """The text with the options of the running command in place of arguments of Python."""
    if not _running:
        return text
    if "input_size" in _running:
        for python, said in _INPUTS:
            text = re.sub(python, said, text)
    parts, start = [], 0
    for call in _CALL.finditer(text):
        parts += [_told(text[start : call.start() + 1]), text[call.start() + 1 : call.end()]]
        start = call.end()
    return "".join((*parts, _told(text[start:])))


def worded_problem(problem: Problem) -> Problem:
    """The problem in the words of the command; what the user's own code said stays."""
    ours = problem.kind in ("input", "output", "usage", "memory")
    return replace(
        problem,
        message=worded(problem.message) if ours else problem.message,
        remedies=tuple(map(worded, problem.remedies)),
        details=tuple(map(worded, problem.details)),
    )


def worded_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, with what there is to do in the words of the command."""
    return tuple(
        one if one.hint is None else replace(one, hint=worded(one.hint)) for one in findings
    )


def _told(text: str) -> str:
    names = "|".join(sorted(map(re.escape, _running), key=len, reverse=True))
    given = re.compile(rf"(?<![\w.-])({names})=(?:({_VALUE}))?")
    text = given.sub(lambda found: _option(found[1], found[2]), text)
    bare = re.compile(rf"^({names})(?=:)|(?<![\w.'-])({'|'.join(_PLAIN)})(?![\w'])")
    return bare.sub(
        lambda found: _option(found[0], None) if found[0] in _running else found[0], text
    )


def _option(name: str, value: str | None) -> str:
    on, off = _running[name]
    if value is None:
        return on
    try:
        said = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return f"{on} {value}"
    if isinstance(said, bool):
        return on if said else off or f"without {on}"
    return f"{on} {shlex.quote(_typed(said))}"


def _typed(value: Any) -> str:
    """A value as it is typed: ``dp=8,tp=2`` for a dict, ``1,3`` for a tuple."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ",".join(f"{key}={_typed(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ",".join("-" if one is None else _typed(one) for one in value)
    return str(value)
