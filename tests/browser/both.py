"""Tests that are run in Chromium and in Firefox."""

from __future__ import annotations

import pytest

in_both = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
