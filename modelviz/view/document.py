"""The document of a model: everything that any picture of it could show, as plain data.

``making.document_of`` makes it of a graph, and ``visible.visible`` says what of it is shown while
some of its items are open. ``Document.to_dict`` is what the viewer reads, which has the same types
(``viewer-src/src/model/document.ts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal

from ..analysis.figures import NOTHING, Figures
from ..depth import room
from ..graph import NamedShape

VERSION = 1

Kind = Literal[
    "convolution",
    "linear",
    "normalisation",
    "activation",
    "attention",
    "embedding",
    "pooling",
    "reshape",
    "arithmetic",
    "recurrent",
    "dropout",
    "block",
    "several",
    "input",
    "output",
    "weight",
    "unused",
    "other",
]
Status = Literal["", "failed", "lit", "unread"]
"""``lit`` is on the way of what met where a forward failed; ``unread`` marks an input that no
output depends on."""
LinkReason = Literal["same module", "shared weights", "removed"]
"""``removed`` leads to and from what is gone: from what fed it, and to what it fed."""
Tone = Literal["added", "removed", "changed", "error", "warning", "info"]

_SHOWN = ("params", "flops", "memory", "seconds")


@dataclass(frozen=True, slots=True)
class TensorLabel:
    """A shape, and the dtype: of what flows only where it is not the usual one."""

    shape: NamedShape
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Two items that are one thing: the same module in two places, or weights held in common."""

    source: str
    target: str
    reason: LinkReason


@dataclass(frozen=True, slots=True)
class Stored:
    """A parameter or a buffer that a module owns itself; ``trainable`` is None for a buffer."""

    name: str
    shape: NamedShape
    dtype: str
    bytes: int
    trainable: bool | None = None
    shared_with: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """Where a module is from, what it holds itself, and how its parameters add up.

    ``sum`` is ``"784·128 + 128 = 100,480"`` and ``words`` what that is; empty where there are no
    parameters, or too many parts to tell.
    """

    qualified: str
    training: bool
    parameters: tuple[Stored, ...]
    buffers: tuple[Stored, ...]
    sum: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a model as it looks when it is closed, with what is inside as its ``children``.

    It is a module call, an op, what a function did, a repeated unit, a summary of several, an
    input, an output or a weight. ``title`` is a class or an op, ``name`` what the parent calls it,
    ``detail`` its configuration in short and ``config`` in full, ``path`` that of its module.
    ``figures`` cover all of its copies, in all copies of what is around it. ``copies`` above 1
    marks a folded item, whose copies feed one another when it is ``chained``; None says that
    nothing was run to tell. ``shapes`` are those of what it gives, ``contents`` what several in
    one are.

    ``span`` bounds the ops of its first copy; ``offsets`` say how far the ops and the calls of each
    further copy are from those, and ``paths`` which modules each copy calls. ``unit`` marks several
    layers that repeat together, ``stretch`` what a forward computes itself between layers, and
    ``function`` what a Python function did: ``"ops"`` are a level of their own, ``"layers"`` have
    a frame around them; ``functions`` are those that began with it and have no level of their own.
    A ``hidden`` item is left to its neighbours while it is closed: data passes through it unseen.
    A ``repeated`` one has weights and is called again elsewhere. ``module``, ``inputs`` and
    ``outputs`` are for an inspector.
    """

    id: str
    kind: Kind
    title: str
    name: str = ""
    detail: str = ""
    config: str = ""
    path: str | None = None
    call_index: int = 0
    copies: int = 1
    chained: bool | None = None
    shapes: tuple[NamedShape, ...] = ()
    contents: tuple[str, ...] = ()
    figures: Figures = NOTHING
    status: Status = ""
    source: str = ""
    hidden: bool = False
    span: tuple[int, int] | None = None
    offsets: tuple[tuple[int, int], ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()
    unit: bool = False
    stretch: bool = False
    function: Literal["ops", "layers"] | None = None
    functions: tuple[str, ...] = ()
    repeated: bool = False
    module: ModuleInfo | None = None
    inputs: tuple[TensorLabel, ...] | None = None
    outputs: tuple[TensorLabel, ...] | None = None
    children: tuple[Item, ...] | None = None


@dataclass(frozen=True, slots=True)
class DataFlow:
    """What each of the ``ops`` reads, as numbers.

    ``reads`` are triples (op, source, tensor) in the order of execution: a source is the op that
    made the tensor, or -1 minus a place in ``outside``, the ids of the inputs and weights that ops
    read; a tensor is a place in ``Document.tensors``. ``results`` are triples (place in ``ends``,
    source, tensor) of what leaves the model, and ``ends`` the ids of the outputs. ``differ`` are
    the ops of further copies that are hidden where the first copy's are not, or the other way.
    """

    ops: int = 0
    reads: tuple[int, ...] = ()
    outside: tuple[str, ...] = ()
    results: tuple[int, ...] = ()
    ends: tuple[str, ...] = ()
    differ: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """One thing to tell, with the items that it is about.

    ``word`` is what a card has room for.
    ``places`` are lists of ids: of an item, and, should the document not have it, of what is around
    it, the innermost first.
    """

    tone: Tone
    sign: str
    title: str
    lines: tuple[str, ...]
    places: tuple[tuple[str, ...], ...]
    word: str = ""


@dataclass(frozen=True, slots=True)
class PlacedMarks:
    """What is to be told of parts of a document, in the order in which a reader goes through it.

    ``fills`` says that a tone colours the whole of an item, and that all else is drawn paler.
    """

    title: str
    entries: tuple[PlacedMark, ...]
    fills: bool = False


@dataclass(frozen=True, slots=True)
class Overlay:
    """A figure that was put on a graph: its numbers by the paths of modules and the ids of ops."""

    name: str
    unit: str
    modules: Mapping[str, float]
    ops: Mapping[str, float]

    def of(self, item: str, path: str | None) -> float | None:
        """The number of an item, which has the path of its module where it is one."""
        return self.ops.get(item) if path is None else self.modules.get(path)


@dataclass(frozen=True, slots=True)
class Authored:
    """What an author of pictures says of a model.

    ``title`` is said in place of its name; ``labels`` in place of the class and name of a part, and
    ``colours`` (``#rrggbb``) in place of that of its kind, both by ``item_key``. ``classes`` are
    the titles that have a colour of their own: title, what a legend calls it, colour.
    """

    title: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[tuple[str, str, str], ...] = ()


def item_key(item_id: str, path: str | None) -> str:
    """What a part of a model is known by in ``Authored``: the path of a module, or else its id."""
    return f"#{item_id}" if path is None else path


@dataclass(frozen=True, slots=True)
class Document:
    """A model, of which a part is shown: the items whose ids are in ``open`` are open at first.

    ``depth`` is how many levels that is. ``items`` are the inputs, what the model runs, and the
    outputs; ``tensors`` every shape and dtype that an op reads; ``counted`` says that all of its
    FLOPs are known; ``show`` is what the picture tells, and ``overlays`` what it could be coloured
    by, beside its own figures; ``author`` is what is said of it in place of its own names. A model
    that was not ``traced`` is a tree of modules, without a flow.
    """

    name: str
    traced: bool
    failure: str
    counted: bool
    show: frozenset[str]
    figures: Figures
    items: tuple[Item, ...]
    open: tuple[str, ...]
    depth: int
    tensors: tuple[TensorLabel, ...]
    flow: DataFlow
    links: tuple[Link, ...]
    marks: PlacedMarks | None = None
    overlays: tuple[Overlay, ...] = ()
    author: Authored | None = None

    def to_dict(self) -> dict[str, Any]:
        """The document as JSON-ready data, which the viewer reads."""
        with room(self.levels):
            return {"version": VERSION, **_plain(self)}

    def walk(self) -> Iterator[tuple[Item, str]]:
        """Every item with the id of the one that it is in; empty for those in none."""
        waiting = [(item, "") for item in self.items]
        while waiting:
            item, around = waiting.pop()
            yield item, around
            waiting.extend((child, item.id) for child in item.children or ())

    @property
    def levels(self) -> int:
        """How many items are inside each other, at most."""
        most, waiting = 0, [(item, 1) for item in self.items]
        while waiting:
            item, level = waiting.pop()
            most = max(most, level)
            waiting.extend((child, level + 1) for child in item.children or ())
        return most


def _plain(value: Any) -> Any:
    """Data as JSON has it; of an item without what is as usual, of figures what is shown."""
    if isinstance(value, Figures):
        shown = {name: getattr(value, name) for name in _SHOWN}
        return shown if value.seconds else {n: v for n, v in shown.items() if n != "seconds"}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return value
    if isinstance(value, frozenset):
        return sorted(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    result: dict[str, Any] = {}
    for name, usual in _FIELDS[type(value)]:
        part = getattr(value, name)
        if isinstance(part, Figures) or part != usual:
            result[name] = _plain(part)
    return result


_FIELDS: dict[type[Any], tuple[tuple[str, Any], ...]] = {
    kind: tuple((one.name, MISSING if kind is DataFlow else one.default) for one in fields(kind))
    for kind in (
        TensorLabel, Link, Stored, ModuleInfo, Item, DataFlow, PlacedMark, PlacedMarks, Overlay,
        Authored, Document,
    )
}  # fmt: skip
"""The fields of each class, each with what it is as usual."""
