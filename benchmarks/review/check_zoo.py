"""What ``modelviz.check`` says of models of libraries: ``python -m benchmarks.review.check_zoo``.

Each model of ``benchmarks.zoo`` is checked in its small form. ``--part 0/4`` takes every fourth
model. Results are kept in a file for each part, and added to; ``--write`` makes the table
``check_zoo.md`` of all of them, in which the models stay that it has already. What takes longer
than ``--limit`` seconds of processor time is left out.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any, NoReturn

import modelviz
from benchmarks.zoo import Entry, missing, zoo
from modelviz.checking import RULES

from .check_zoo_notes import NOTES

FOLDER = Path(__file__).parent
REPORT = FOLDER / "check_zoo.md"
LEVELS = ("error", "warning", "info")


class TooLong(BaseException):
    """The limit of seconds was reached; no handler of errors is to take it for one."""


def checked(entry: Entry, limit: int) -> dict[str, Any]:
    """What the check says of one model: findings by level and code, or why there are none."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise TooLong

    sample = entry.build()
    begun = time.perf_counter()
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        report = modelviz.check(sample.module, **sample.trace_arguments())
    except TooLong:
        return {"failed": f"more than {limit} s"}
    except modelviz.ModelvizError as error:
        if isinstance(error.__cause__, TooLong):
            return {"failed": f"more than {limit} s"}
        return {"failed": str(error).splitlines()[0]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    found = [[f.level, f.code, f.path or "", f.message] for f in report]
    return {"seconds": round(time.perf_counter() - begun, 1), "findings": found}


def table(results: dict[str, Any]) -> str:
    """All kinds of findings with a remark on each, and the models."""
    ready = {name: r["findings"] for name, r in results.items() if "findings" in r}
    kinds: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name, findings in ready.items():
        for level, code, path, message in findings:
            told = f"{path or 'the model'}: {message}" if message else ""
            known = kinds[LEVELS.index(level), code]
            known[name] = known.get(name) or told
    counts = {n: Counter(level for level, *_ in findings) for n, findings in ready.items()}
    middle = median(count["warning"] for count in counts.values())
    lines = [
        "# What `check` says of models of libraries",
        "",
        f"{len(ready)} models of `benchmarks.zoo` in their small form, checked as they are, in "
        f"evaluation mode. The median model has {middle:g} warnings.",
        "",
        "| level | code | rule | models | an example | why it stands |",
        "|:-|:-|:-|-:|:-|:-|",
    ]
    for (level, code), models in sorted(kinds.items()):
        name, message = next(((n, m) for n, m in models.items() if m), ("", ""))
        text = f"{name}, {message}".replace("|", "\\|")
        note = NOTES.get((LEVELS[level], code), "")
        rule = RULES[code].name
        lines.append(f"| {LEVELS[level]} | {code} | {rule} | {len(models)} | {text} | {note} |")
    lines += ["", "| model | error | warning | info |", "|:-|:-|:-|:-|"]
    for name, findings in ready.items():
        cells = []
        for level in LEVELS:
            codes = Counter(code for found, code, *_ in findings if found == level)
            cells.append(", ".join(f"{c} ×{n}" if n > 1 else c for c, n in codes.items()))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    left = {name: r["failed"] for name, r in results.items() if "failed" in r}
    if left:
        lines += ["", "Left out: " + "; ".join(f"{n} ({why})" for n, why in left.items()) + "."]
    return "\n".join(lines) + "\n"


def written() -> dict[str, Any]:
    """The results in the table as it is: the example of a kind is all that it has of messages."""
    if not REPORT.exists():
        return {}
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in REPORT.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
    ]
    examples = {}
    for level, code, _, _, example, _ in (row for row in rows if row[0] in LEVELS):
        name, _, message = example.replace("\\|", "|").partition(", ")
        examples[name, level, code] = message
    found: dict[str, Any] = {}
    for name, *cells in (row for row in rows if len(row) == 4 and row[0] != "model"):
        findings = []
        for level, cell in zip(LEVELS, cells, strict=True):
            for part in filter(None, cell.split(", ")):
                code, _, count = part.partition(" ×")
                path, _, message = examples.get((name, level, code), "").partition(": ")
                findings += [[level, code, path, message]] * int(count or 1)
        found[name] = {"findings": findings}
    _, _, left = REPORT.read_text(encoding="utf-8").partition("\nLeft out: ")
    for name, why in re.findall(r"([\w.-]+) \(([^()]*)\)", left):
        found[name] = {"failed": why}
    return found


def kept() -> dict[str, Any]:
    """The results that are there, of all parts."""
    found = written()
    for file in sorted(FOLDER.glob("check_zoo-*.json"), key=lambda file: file.stat().st_mtime):
        found |= json.loads(file.read_text())
    return found


def main() -> None:
    """Check a part of the zoo and print what is at level error or warning."""
    parser = argparse.ArgumentParser(description="modelviz.check on the zoo")
    parser.add_argument("--part", default="0/1", help="every n-th model from one on: 0/4")
    parser.add_argument("--limit", type=int, default=20, help="most seconds for a model")
    parser.add_argument("--write", action="store_true", help="make the table of what is known")
    parser.add_argument("--again", action="store_true", help="models with results as well")
    parser.add_argument("names", nargs="*", help="models; all of the part, if none is named")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    start, step = map(int, options.part.split("/"))
    file = FOLDER / f"check_zoo-{start}-{step}.json"
    known = kept()
    entries = [entry for entry in zoo() if not missing(entry.family)][start::step]
    for entry in [] if options.write else entries:
        if options.names and entry.name not in options.names:
            continue
        ready = "findings" in known.get(entry.name, {})
        if ready and not (options.again or options.names):
            continue
        result = checked(entry, options.limit)
        results = json.loads(file.read_text()) if file.exists() else {}
        results[entry.name] = result
        file.write_text(json.dumps(results, indent=0))
        for level, code, path, message in result.get("findings", ()):
            if level != "info":
                print(f"{entry.name}: {level} {code} {path}: {message}", flush=True)
        if "failed" in result:
            print(f"{entry.name}: {result['failed']}", flush=True)
    if options.write:
        order = [entry.name for entry in zoo()]
        results = kept()
        ordered = {name: results[name] for name in order if name in results}
        REPORT.write_text(table(ordered), encoding="utf-8")


if __name__ == "__main__":
    main()
