"""A report for code hosts and editors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..graph import Finding
from .rule import RULES

if TYPE_CHECKING:
    from .report import Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def to_sarif(report: Report) -> dict[str, Any]:
    """The report as a SARIF 2.1.0 log of one run."""
    rules = [
        {
            "id": rule.code,
            "name": rule.name,
            "defaultConfiguration": {"level": _SARIF_LEVELS[rule.level]},
        }
        for rule in RULES.values()
    ]
    driver = {"name": "modelviz", "version": __version__, "rules": rules}
    results = [_result(finding) for finding in report.findings]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(finding: Finding) -> dict[str, Any]:
    text = f"{finding.message}. {finding.hint}" if finding.hint else finding.message
    location: dict[str, Any] = {}
    if finding.file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _relative(finding.file).replace(os.sep, "/")},
            "region": {"startLine": finding.line or 1},
        }
    if finding.path is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path, "kind": "module"}]
    return {
        "ruleId": finding.code,
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": text},
        "locations": [location] if location else [],
    }


def to_github(report: Report) -> str:
    """One workflow command a finding, each on a line."""
    return "\n".join(map(_command, report.findings))


def _command(finding: Finding) -> str:
    properties = {"title": f"{finding.code} {RULES[finding.code].name}"}
    if finding.file is not None:
        properties = {"file": _relative(finding.file), "line": str(finding.line or 1), **properties}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = f"{finding.path}: {finding.message}" if finding.path else finding.message
    if finding.hint:
        text += f"\n{finding.hint}"
    return f"::{_GITHUB_LEVELS[finding.level]} {listed}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _relative(file: str) -> str:
    """The file below the current folder, or as it is."""
    inside = os.path.relpath(file) if os.path.isabs(file) else file
    return file if inside.startswith("..") else inside
