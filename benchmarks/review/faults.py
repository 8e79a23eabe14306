"""How many faults ``modelviz.check`` finds: ``python -m benchmarks.review.faults [--write]``.

A fault of the corpus ``tests/faults`` is found when the check of the faulty model has one of the
fault's codes. A false alarm is an error or a warning on the mended twin, or, where the fault's own
rule is at level info, that. ``--write`` puts the table into ``docs/faults.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import modelviz
from modelviz.checking import RULES
from modelviz.graph import Finding
from tests.faults import FAULTS, Fault

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
_BEGIN, _END = "<!-- table -->", "<!-- end of table -->"


@dataclass(frozen=True, slots=True)
class Result:
    """What the check said of a fault: whether it was found, and what was false."""

    fault: Fault
    found: tuple[Finding, ...]
    alarms: tuple[Finding, ...]

    @property
    def is_found(self) -> bool:
        return any(finding.code in self.fault.codes for finding in self.found)


def look(fault: Fault) -> Result:
    """Check both models of a fault."""
    return Result(fault, _findings(fault, fault.faulty), _alarms(fault))


def _findings(fault: Fault, make) -> tuple[Finding, ...]:  # type: ignore[no-untyped-def]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: nn.Module = make()
        return modelviz.check(model, **fault.arguments).findings


def _alarms(fault: Fault) -> tuple[Finding, ...]:
    findings = _findings(fault, fault.mended)
    told = {code for code in fault.codes if RULES[code].level == "info"}
    return tuple(f for f in findings if f.level != "info" or f.code in told)


def table(results: Iterable[Result]) -> str:
    """Recall and false alarms by family, as Markdown."""
    families: dict[str, list[Result]] = {}
    for result in results:
        families.setdefault(result.fault.family, []).append(result)
    families["all"] = [result for family in families.values() for result in family]
    lines = ["| family | faults | found | recall | false alarms |", "|:-|-:|-:|-:|-:|"]
    for family, members in families.items():
        found = sum(result.is_found for result in members)
        alarms = sum(bool(result.alarms) for result in members)
        share = found / len(members)
        lines.append(f"| {family} | {len(members)} | {found} | {share:.0%} | {alarms} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and what was missed or false."""
    parser = argparse.ArgumentParser(description="recall of modelviz.check on tests/faults")
    parser.add_argument("--write", action="store_true", help="put the table into docs/faults.md")
    parser.add_argument("names", nargs="*", help="faults to look at; all, if none is named")
    options = parser.parse_args()
    results = [look(FAULTS[name]) for name in options.names or FAULTS]
    for result in results:
        name, codes = result.fault.name, "/".join(result.fault.codes)
        if not result.is_found:
            told = ", ".join(f"{f.code} {f.message}" for f in result.found) or "nothing"
            print(f"missed: {name} ({codes}); told: {told}")
        for finding in result.alarms:
            print(f"false:  {name}: {finding.code} {finding.message}")
    print(table(results))
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        before, _, rest = text.partition(_BEGIN)
        after = rest.partition(_END)[2]
        new = f"{before}{_BEGIN}\n{table(results)}\n{_END}{after}"
        PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
