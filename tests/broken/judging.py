"""What is said about each forward of the corpus, beside what should be."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path

import modelviz
from modelviz.errors import ModelvizError, TraceError
from modelviz.explaining.explain import explain

from .corpus import CORPUS, Broken, model_and_inputs

_TOOLS = frozenset({"corpus", "judging", "test_broken", "test_lit"})


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said about a forward, and which of it is right.

    ``rank`` is the place of the right remedy among those that were named, from 1; None without.
    """

    case: Broken
    text: str
    remedies: tuple[str, ...]
    line: int | None
    line_right: bool
    path_right: bool
    rank: int | None


def corpus() -> list[Broken]:
    """All forwards, in the order of their files."""
    if not CORPUS:
        for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
            if found.name not in _TOOLS:
                importlib.import_module(f"{__package__}.{found.name}")
    return list(CORPUS)


def judge(case: Broken) -> Judged:
    """What is said about one forward, and whether it is right."""
    model, inputs = model_and_inputs(case)
    try:
        modelviz.trace(model, input_data=inputs, **case.options)
    except TraceError as error:
        failure = error.graph.failure
        explanation = explain(error.graph)
        assert failure is not None and explanation is not None
        at_line = failure.line == case.line and failure.file in (case.file, None)
        remedies = explanation.remedies
        said = (str(error), remedies, failure.line, at_line, failure.module == case.at)
    except ModelvizError as error:
        said = (str(error), (str(error),), None, case.line is None, True)
    else:
        said = ("ran", (), None, False, False)
    rank = next((n for n, text in enumerate(said[1], 1) if case.is_remedy(text)), None)
    return Judged(case, *said, rank)


def native(case: Broken) -> str:
    """What PyTorch itself says; empty where the machine lacks the device."""
    if "device" in case.options:
        return ""
    model, inputs = model_and_inputs(case)
    try:
        model(*inputs)
    except Exception as error:  # whatever it is, its text is wanted
        return f"{type(error).__name__}: {error}"
    return "ran"
