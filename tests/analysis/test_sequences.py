"""The shortest edit between two sequences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelviz.analysis.sequences import opcodes

letters = st.lists(st.sampled_from("abc"), max_size=12)


def longest_common(one: list[str], other: list[str]) -> int:
    """By the textbook's table."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            longer = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else longer
    return table[-1][-1]


@given(letters, letters)
def test_equal_stretches_are_the_longest_common_subsequence(
    one: list[str], other: list[str]
) -> None:
    found = opcodes(one, other)
    a = b = 0
    for equal, a0, a1, b0, b1 in found:
        assert (a0, b0) == (a, b)
        assert (one[a0:a1] == other[b0:b1]) or not equal
        a, b = a1, b1
    assert (a, b) == (len(one), len(other))
    assert sum(a1 - a0 for equal, a0, a1, _, _ in found if equal) == longest_common(one, other)


def test_an_insertion_into_a_pattern_that_repeats_is_found() -> None:
    pattern = list(range(50)) * 60
    longer = [*pattern[:900], "new", *pattern[900:]]
    longer[2000] = "other"
    differing = [op[1:] for op in opcodes(pattern, longer) if not op[0]]
    assert differing == [(900, 900, 900, 901), (1999, 2000, 2000, 2001)]


def test_sequences_with_nothing_in_common() -> None:
    one, other = [("a", i) for i in range(3000)], [("b", i) for i in range(3000)]
    assert opcodes(one, other) == [(False, 0, 3000, 0, 3000)]
