"""Tests that are run in Chromium and in Firefox, and what they do in the same way in both."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator

in_both = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)


def write_anew(editor: Locator, text: str) -> None:
    """Put this in place of the text of an editor of code, by keys.

    Playwright's ``fill`` selects the text behind the editor's back: on a slow machine Firefox
    puts the new one before it.
    """
    editor.press("ControlOrMeta+a")
    editor.page.keyboard.insert_text(text)
