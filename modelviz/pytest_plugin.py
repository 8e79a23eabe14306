"""The option ``--modelviz-update`` for pytest; imports nothing of modelviz before it is used."""

from __future__ import annotations

import os
from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Add the option."""
    parser.addoption(
        "--modelviz-update",
        action="store_true",
        help="write the graphs of modelviz.testing.assert_architecture anew",
    )


def pytest_configure(config: Any) -> None:
    """Hand the option on to ``assert_architecture``, to worker processes as well."""
    if config.getoption("--modelviz-update", default=False):
        os.environ["MODELVIZ_UPDATE"] = "1"
