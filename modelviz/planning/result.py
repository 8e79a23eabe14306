"""What a plan says: the peak, its parts, who holds them, and whether that fits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ..graph import Finding, ModelGraph
from ..streams import printable
from .build import Subject, trace_at
from .collectives import Collective, collectives
from .growth import Growth, find_growth
from .largest import Largest, find_largest
from .ledger import Event
from .mesh import Shard, Spread
from .peak import Holder, Moment, Peak
from .seconds import StepSeconds, step_seconds
from .sending import SendSeconds, send_seconds
from .settings import Settings
from .sizes import Dimension, dimension, require_size

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from ..diagram import Diagram


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """The memory of a training step or an inference; in a terminal and a notebook it shows itself.

    All figures are bytes. ``sizes`` are those of the batch and the sequence, None where the inputs
    have none.
    """

    name: str
    settings: Settings
    peak: Peak
    work: tuple[Event, ...]
    sizes: Mapping[Dimension, int | None]
    findings: tuple[Finding, ...]
    spread: Spread | None
    subject: Subject = field(repr=False)
    plan_of: Callable[[Subject], Plan] = field(repr=False, compare=False)

    @property
    def peak_bytes(self) -> int:
        """The most that the step holds at once, weights and optimizer included."""
        return self.peak.bytes

    @property
    def breakdown(self) -> dict[str, int]:
        """What the peak is made of; the parts add up to ``peak_bytes``."""
        return dict(self.peak.breakdown)

    @property
    def kv_cache_bytes(self) -> int:
        """What the cache holds that an inference of a language model returns; 0 without one."""
        return self.peak.kv_cache

    @property
    def first_step_bytes(self) -> int:
        """The peak of the first step, in which the optimizer makes its states."""
        return self.peak.first_bytes

    @property
    def steady_bytes(self) -> int:
        """The peak of every step after the first."""
        return self.peak.steady_bytes

    @property
    def timeline(self) -> tuple[Moment, ...]:
        """The most that is held during each kernel of the step with the peak, in order."""
        return self.peak.timeline

    @property
    def holders(self) -> tuple[Holder, ...]:
        """Who holds what at the peak, the largest first; their bytes add up to ``peak_bytes``."""
        return self.peak.holders

    @property
    def mesh(self) -> dict[str, int] | None:
        """The axes of the mesh with their sizes; None for a plan of one device."""
        mesh = None if self.spread is None else self.spread.mesh
        return None if mesh is None else dict(mesh.axes)

    @property
    def shards(self) -> tuple[Shard, ...]:
        """Each parameter with its shape on all devices and on this one; none without a mesh."""
        return () if self.spread is None else self.spread.shards

    @cached_property
    def collectives(self) -> tuple[Collective, ...]:
        """What a step after the first sends, by kind, axis, phase and module, the most first."""
        groups = {} if self.spread is None else self.spread.groups
        return collectives(self.work, groups, self.settings.passes)

    @property
    def fits(self) -> bool | None:
        """Whether the peak is no more than the memory of the device; None if that is not known.

        What driver and libraries take besides is not in it: see ``device.beside``.
        """
        memory = self.settings.device.memory
        return None if memory is None else self.peak_bytes <= memory

    @property
    def step_seconds(self) -> StepSeconds | None:
        """How long the step is: an ideal bound, and apart from it an estimate.

        None for a device whose rates are not known.
        """
        return step_seconds(self.work, self.settings)

    @property
    def send_seconds(self) -> SendSeconds | None:
        """How long one device sends in a step, at best, apart from ``step_seconds``.

        None where it sends nothing, or the bandwidth of its links is not known (``links=``).
        """
        return send_seconds(self.collectives, self.settings.device, self.settings.links)

    def largest(self, what: Dimension) -> Largest:
        """The largest batch or sequence (``"batch"``, ``"seq"``) that fits on the device.

        Compares equal to the number and can be used as one. Raises InputError where the inputs
        have no such dimension or the device's memory is not known.
        """
        return find_largest(self, dimension(what))

    def growth(self, what: Dimension) -> Growth:
        """How the peak grows with the batch or the sequence (``"batch"``, ``"seq"``).

        The step is planned at sizes that double; beside each peak is what the forward holds at
        most. Raises InputError where the inputs have no such dimension.
        """
        return find_growth(self, dimension(what))

    def resized(self, **sizes: int) -> Plan:
        """The same plan with another ``batch`` or ``seq``. Raises InputError."""
        if not sizes:
            return self
        for what, size in sizes.items():
            require_size(self.sizes, what, size)
        wanted = cast("dict[Dimension, int]", sizes)
        subject = replace(self.subject, sizes={**self.subject.sizes, **wanted})
        return replace(self.plan_of(subject), findings=self.findings)

    @property
    def verdict(self) -> str:
        """Whether it fits, in words."""
        from .words import verdict

        return verdict(self)

    @cached_property
    def graph(self) -> ModelGraph:
        """The graph of the forward with what the plan says of it, to be drawn, tabled and saved.

        Its figures, by module with all that is inside: ``at the peak``, the bytes that are held;
        over several devices also ``weights``, the bytes that one of them has, ``sent``, the bytes
        that it sends in a step, and the bytes and counts of each kind of collective and axis. A
        size that differs between all devices and one reads ``(256→128)``.
        """
        from .picture import planned_graph

        known = self.subject.graph
        if known is None or self.subject.sizes:
            known = trace_at(self.subject, {}, "fake" if self.spread is not None else "auto")
        return planned_graph(self, known)

    def draw(self, *, color_by: str | None = None, **options: Any) -> Diagram:
        """A picture of ``graph``, coloured by what is held or, over several devices, sent.

        The options are those of ``modelviz.draw``.
        """
        from ..drawing import draw
        from .picture import PEAK, SENT, picture_title

        options.setdefault("title", picture_title(self))
        color_by = color_by or (SENT if self.collectives else PEAK)
        return draw(self.graph, color_by=color_by, **options)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready data."""
        seconds, sending = self.step_seconds, self.send_seconds
        return {
            "model": self.name,
            "optimizer": self.settings.optimizer,
            "precision": self.settings.precision.name,
            "mode": self.settings.mode,
            "checkpoint": list(self.settings.checkpoint),
            "lora": list(self.settings.lora),
            "accumulate": self.settings.accumulate,
            "sizes": dict(self.sizes),
            "device": self.settings.device.to_dict(),
            "peak_bytes": self.peak_bytes,
            "first_step_bytes": self.first_step_bytes,
            "steady_bytes": self.steady_bytes,
            "breakdown": self.breakdown,
            "kv_cache_bytes": self.kv_cache_bytes,
            "fits": self.fits,
            "verdict": self.verdict,
            "at": None if self.peak.at is None else asdict(self.peak.at),
            "holders": [holder.to_dict() for holder in self.holders],
            "timeline": [asdict(moment) for moment in self.timeline],
            "step_seconds": None if seconds is None else asdict(seconds),
            "send_seconds": None if sending is None else sending.to_dict(),
            "mesh": self.mesh,
            "shards": [shard.to_dict() for shard in self.shards],
            "collectives": [one.to_dict() for one in self.collectives],
            "findings": [asdict(finding) for finding in self.findings],
        }

    def to_json(self) -> str:
        """The plan as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def __str__(self) -> str:
        from .words import text

        return printable(text(self))

    def __repr__(self) -> str:
        from ..units import bytes_text

        return f"Plan({self.name}: {bytes_text(self.peak_bytes)})"

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        from .words import rich_parts

        yield from rich_parts(self)

    def _repr_html_(self) -> str:
        from .words import html

        return html(self)
