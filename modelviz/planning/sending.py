"""How long what a step sends takes at best: bytes over the bandwidth of links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import InputError
from .collectives import Collective
from .devices import Device, bytes_of
from .mesh import Mesh

Links = Mapping[str, float]
"""Bytes/s that a device sends along each axis; under ``""`` along all that have none."""


@dataclass(frozen=True, slots=True)
class SendSeconds:
    """Seconds that one device sends in a step: a bound from the bandwidth of its links.

    ``by_axis`` has the parts, which add up to ``ideal`` where nothing is sent at once. Latency,
    and what the links of others do, are not in it; what is sent while kernels run adds nothing to
    a step. ``basis`` says where the bandwidth is from. Nothing of it is measured.
    """

    ideal: float
    by_axis: Mapping[str, float]
    basis: str

    def to_dict(self) -> dict[str, Any]:
        """The seconds as JSON-ready data."""
        return {**asdict(self), "by_axis": dict(self.by_axis)}


def make_links(given: Any, mesh: Mesh | None) -> Links | None:
    """Bytes/s by axis, of a number, ``"50GB"``, or several by axis. Raises InputError."""
    if given is None:
        return None
    if mesh is not None and isinstance(given, Mapping):
        unknown = [axis for axis in given if axis not in mesh.axes]
        if unknown:
            raise InputError(
                f"links: {unknown[0]!r} is no axis of the mesh, which has {', '.join(mesh.axes)}"
            )
    several = given if isinstance(given, Mapping) else {"": given}
    return {axis: _rate(value) for axis, value in several.items()}


def _rate(given: Any) -> float:
    number: Any = bytes_of(given.removesuffix("/s")) if isinstance(given, str) else given
    usable = isinstance(number, (int, float)) and not isinstance(number, bool)
    if not usable or not 0 < number < float("inf"):
        raise InputError(
            f"links={given!r}: expected the bytes that a device sends in a second, such as '50GB', "
            "or several by axis: {'dp': '50GB', 'tp': '450GB'}"
        )
    return float(number)


def send_seconds(
    found: Sequence[Collective], device: Device, links: Links | None
) -> SendSeconds | None:
    """The seconds of collectives; None where nothing is sent or a bandwidth is not known."""
    by_axis: dict[str, float] = defaultdict(float)
    for one in found:
        rate = (links or {}).get(one.axis) or (links or {}).get("") or device.link
        if rate is None:
            return None
        by_axis[one.axis] += one.wire_bytes / rate
    if not by_axis:
        return None
    told = links is not None and ("" in links or by_axis.keys() <= links.keys())
    basis = "the bandwidth that was given" if told else device.link_source
    return SendSeconds(sum(by_axis.values()), dict(by_axis), basis)
