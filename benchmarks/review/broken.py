"""How well errors are explained: ``python -m benchmarks.review.broken`` prints and writes it.

For each forward of ``tests/broken``, PyTorch's own message beside ours, into ``docs/broken.md``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.broken.judging import Judged, corpus, judge, native

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "broken.md"
_LONGEST = 240
# The remedies as they were when each part had been written, before it was looked at.
_FIRST_LOOK = "41 of the first 47, 55 of the next 60, 27 of the next 30, 83 of the last 91"


def main() -> int:
    """Print the figures and write the page; 0 where all lines and remedies are right."""
    judged = [judge(case) for case in corpus()]
    told = [native(one.case) for one in judged]
    figures = _figures(judged, told)
    print("\n".join(figures))
    wrong = [one for one in judged if not (one.line_right and one.path_right and one.rank)]
    for one in wrong:
        print(f"\n{one.case.name}\n{one.text}")
    _PAGE.write_text(_page(judged, told, figures), encoding="utf-8")
    print(f"written: {_PAGE.relative_to(_ROOT)}")
    return 1 if wrong else 0


def _figures(judged: Sequence[Judged], told: Sequence[str]) -> list[str]:
    count = len(judged)
    alone = sum(one.case.is_remedy(text) for one, text in zip(judged, told, strict=True) if text)
    return [
        f"forwards that fail: {count}",
        _share("the line that fails is right", sum(one.line_right for one in judged), count),
        _share("the module's path is right", sum(one.path_right for one in judged), count),
        _share("the right remedy is named", sum(one.rank is not None for one in judged), count),
        _share("the right remedy is named first", sum(one.rank == 1 for one in judged), count),
        _share("PyTorch's own message names it", alone, count),
    ]


def _share(what: str, right: int, count: int) -> str:
    return f"{what}: {right} of {count} ({100 * right / count:.0f}%)"


def _page(judged: Sequence[Judged], told: Sequence[str], figures: Sequence[str]) -> str:
    lines = [
        "# Forwards that fail, explained",
        "",
        "What PyTorch says about each forward of `tests/broken`, and what modelviz adds. Written "
        "by `python -m benchmarks.review.broken`.",
        "",
        *(f"- {figure}" for figure in figures),
        f"- Before they were looked at, the right remedy was named for {_FIRST_LOOK}; the rest of "
        "the figures is that of a corpus that the remedies were mended on. Of the last 91 there "
        "are 50 here: those that were not explained, and others of all kinds.",
        "",
        "| forward | PyTorch | modelviz: to do first |",
        "|---|---|---|",
    ]
    for one, text in zip(judged, told, strict=True):
        where = f":{one.line}" if one.line is not None else ""
        remedy = one.remedies[0] if one.remedies else "-"
        name = f"`{one.case.name}{where}`<br>{_cell(one.case.make.__doc__ or '')}"
        lines.append(f"| {name} | {_cell(text) or 'needs the device'} | {_cell(remedy)} |")
    sources = sorted({one.case.like for one in judged})
    lines += ["", "The kinds come from:", "", *(f"- <{source}>" for source in sources), ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    text = re.sub(r"\b0x[0-9a-f]{6,}", "0x…", " ".join(text.split())).replace(f"{_ROOT}/", "")
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    sys.exit(main())
