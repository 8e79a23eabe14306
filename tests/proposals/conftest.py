"""Proposals on however slow a machine."""

from __future__ import annotations

import pytest

from modelviz.proposals import search


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search ends by what it has tried, not by the time that a busy process took for it."""
    monkeypatch.setattr(search, "SECONDS", 600.0)
