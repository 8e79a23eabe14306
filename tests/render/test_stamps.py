"""Resolution and date of image files."""

from __future__ import annotations

import io
import re

from PIL import Image

from modelviz.render.stamps import with_resolution, without_date


def test_a_png_tells_its_resolution() -> None:
    plain = io.BytesIO()
    Image.new("RGB", (3, 2)).save(plain, "png")
    stamped = Image.open(io.BytesIO(with_resolution(plain.getvalue(), 150)))
    stamped.load()
    assert [round(value) for value in stamped.info["dpi"]] == [150, 150]
    assert stamped.size == (3, 2)


def test_a_pdf_has_no_time_of_day() -> None:
    for date in (b"D:20261125002054Z", b"D:20261125002054+01'00"):
        pdf = b"<< /CreationDate (" + date + b")\n>> rest"
        fixed = without_date(pdf)
        assert len(fixed) == len(pdf) and fixed.endswith(b"\n>> rest")
        assert re.search(rb"\((D:[^)]*)\)", fixed)[1] == b"D:20000101000000Z"  # type: ignore[index]
