"""Each rule has a page, whose bad example it finds and whose good one it does not."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from modelviz.checking import RULES, Report, check

PAGES = Path(__file__).parents[2] / "docs" / "checks"


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(RULES)


def examples(code: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (PAGES / f"{code}.md").read_text(), re.DOTALL)


def report_of(source: str, tmp_path: Path, **options: Any) -> Report:
    # In a file, so that findings can name its lines.
    file = tmp_path / "example.py"
    file.write_text(source)
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "check": partial(check, **options)}
    torch.manual_seed(0)
    exec(compile(source, str(file), "exec"), names)
    found = names["report"]
    assert isinstance(found, Report)
    return found


# The default run takes every other one.
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, marks=() if number % 2 else pytest.mark.slow)
        for number, code in enumerate(RULES)
    ],
)
def test_examples_of_the_page(code: str, tmp_path: Path) -> None:
    bad, good = examples(code)
    report = report_of(bad, tmp_path)
    told = [finding for finding in report if finding.code == code]
    assert told, report
    assert told[0].hint
    # A rule alone sees what it sees among all.
    assert list(report_of(bad, tmp_path, select=code)) == told
    report = report_of(good, tmp_path)
    assert code not in report.skipped
    assert not [finding for finding in report if finding.code == code], report


def test_page_names_the_rule_and_its_level() -> None:
    for code, rule in RULES.items():
        text = (PAGES / f"{code}.md").read_text()
        assert text.startswith(f"# {code} {rule.name}\n\nLevel: {rule.level}\n")
