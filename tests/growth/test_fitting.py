"""Polynomials from the values of a figure at a handful of points."""

from __future__ import annotations

import random

from modelviz.growth.fitting import Fitter


def test_products_of_all_sizes_are_tried_where_squares_have_too_many_terms() -> None:
    draw = random.Random(3)
    points = [tuple(draw.randrange(3, 90) for _ in range(3)) for _ in range(11)]

    def figure(x: int, y: int, z: int) -> int:
        return 2 * x * y * z + 3 * x * y + 5 * z + 7

    found = Fitter(points).size(tuple(figure(*point) for point in points))
    assert found is not None
    assert found.at((101, 103, 107)) == figure(101, 103, 107)
