"""What is kept of what a job prints."""

from __future__ import annotations

import io

from modelviz.jobs.prints import MAX_PRINTED, Printed, printing


def test_the_end_is_kept_and_all_is_passed_on() -> None:
    passed_on = io.StringIO()
    printed = Printed(passed_on)
    for number in range(MAX_PRINTED):
        printed.write(f"{number}\n")
    assert printed.text == passed_on.getvalue()[-MAX_PRINTED:]
    printed.write("x" * (MAX_PRINTED + 7))
    printed.write("y")
    assert printed.text == "x" * (MAX_PRINTED - 1) + "y"


def test_what_is_printed_inside_is_kept() -> None:
    with printing() as kept:
        print("seen", 3)
    assert kept.text == "seen 3\n"
