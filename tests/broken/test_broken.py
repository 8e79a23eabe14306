"""What is said about each broken forward: the line, the module, the remedy, and what met."""

from __future__ import annotations

import sys

import pytest

from .corpus import Broken
from .judging import corpus, judge


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_the_line_the_module_and_the_remedy(case: Broken) -> None:
    judged = judge(case)
    assert judged.line_right, judged.text
    assert judged.path_right, judged.text
    assert judged.rank is not None, judged.text
    if sys.version_info >= (3, 11) and case.line is not None:
        # Python tells the part of the line from then on; its text comes with the place.
        assert f":{case.line}: " in judged.text


def test_there_are_enough_and_each_is_another() -> None:
    names = [case.name for case in corpus()]
    assert len(names) == len(set(names)) >= 60
