"""The blocks below the table: what the model holds, what a forward costs, and what to know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ..dotted import join, parameter_key
from ..findings import counts_text
from ..graph import ModelGraph
from ..places import place_text
from ..units import bytes_text, exact_text, megabytes_text, parameters_text
from .compat import format_output_num
from .options import Options
from .rows import Rows

Block = tuple[tuple[str, str], ...]

_EXECUTION = {
    "fake": "fake (by shapes, nothing computed)",
    "real": "real (computed)",
}
_LISTED = 4
"""How many names a note lists before it counts the rest."""


def total_blocks(rows: Rows, options: Options) -> tuple[Block, ...]:
    """The blocks of ``(label, figure)``, the labels of torchinfo's first."""
    graph = rows.graph
    held = [
        _total("Total params", graph.total_params, options.params_units),
        _total("Trainable params", graph.trainable_params, options.params_units),
        _total(
            "Non-trainable params",
            graph.total_params - graph.trainable_params,
            options.params_units,
        ),
    ]
    if graph.packings:
        held.append(("Packed weights", _packed(graph)))
    if rows.experts.groups:
        held.append(("Active params per token", _active(rows)))
    if not rows.has_forward:
        return (tuple(held),)
    label, number = _total("Total mult-adds", graph.total_macs, options.macs_units)
    held.append((label, rows.sight.count(number)))
    return (tuple(held), tuple(_sizes(rows)))


def _total(label: str, value: int, units: str) -> tuple[str, str]:
    before, _, number = format_output_num(value, units).partition(": ")
    return label + before, number


def _packed(graph: ModelGraph) -> str:
    """``6.7 B parameters in 3.90 GB (4-bit)``."""
    count, size = parameters_text(graph.total_params), bytes_text(graph.total_param_bytes)
    return f"{count} parameters in {size} ({', '.join(graph.packings)})"


def _active(rows: Rows) -> str:
    return f"{exact_text(rows.experts.active_params)} ({rows.experts.choice})"


def _sizes(rows: Rows) -> Iterator[tuple[str, str]]:
    graph = rows.graph
    given, passed, held = input_bytes(graph), output_bytes(rows), graph.total_param_bytes
    yield "Input size (MB)", megabytes_text(given)
    yield "Forward/backward pass size (MB)", megabytes_text(passed)
    yield "Params size (MB)", megabytes_text(held)
    yield "Estimated Total Size (MB)", megabytes_text(given + passed + held)
    yield "Peak activations of a forward", _peak(rows)
    if len(rows.memory.devices) > 1:
        for device in rows.memory.devices:
            yield (
                f"Peak on {device.device}",
                f"{bytes_text(device.peak_bytes)} above {bytes_text(device.resident_bytes)} held"
                " before",
            )
    yield "Execution", _EXECUTION[graph.execution]


def _peak(rows: Rows) -> str:
    graph, memory = rows.graph, rows.memory
    text = bytes_text(memory.peak_bytes)
    if memory.peak_op is None:
        return text
    op = graph.ops[memory.peak_op]
    where = graph.calls[op.call].module
    return f"{text} in {op.name}" + (f" of {where}" if where else "")


def input_bytes(graph: ModelGraph) -> int:
    """Bytes of the tensors that the forward was given."""
    return sum(graph.tensors[tensor].bytes for tensor in graph.inputs)


def output_bytes(rows: Rows) -> int:
    """Bytes of what layers with parameters gave, and of as many gradients: torchinfo's estimate."""
    return 2 * sum(
        tensor.bytes
        for row in rows.all
        if row.call is not None and row.leaf and rows.held(row).all.params
        for tensor in rows.outputs(row)
    )


# -- notes --------------------------------------------------------------------------------------


def notes(rows: Rows) -> tuple[str, ...]:
    """Sentences on what the figures do not say."""
    graph = rows.graph
    return tuple(
        note
        for note in (
            _failure(graph),
            *_shared(graph),
            _unused(rows),
            _lazy(graph),
            *graph.notes,
            _findings(graph),
        )
        if note
    )


def _findings(graph: ModelGraph) -> str:
    """How many findings there are, where one is grave: the trace's, and those of quick checks.

    What takes another run of the model is left to a check.
    """
    from ..checking.run import quick_findings  # the rules are not needed for other tables

    told = []
    if any(finding.level != "info" for finding in graph.findings):
        told.append(f"{counts_text(graph.findings)} of this trace")
    if found := quick_findings(graph):
        told.append(f"{counts_text(found)} of quick checks")
    return f"{', '.join(told)}; modelviz.check(model) looks for more" if told else ""


def _failure(graph: ModelGraph) -> str:
    failure = graph.failure
    if failure is None:
        return ""
    where = failure.module or "the model"
    place = place_text(failure.file, failure.line)
    at = f" ({place})" if place else ""
    return f"Failed in {where}{at}: {failure.error}: {failure.message}"


def _shared(graph: ModelGraph) -> Iterator[str]:
    """What is held under several names: modules, and parameters of modules that are not."""
    modules: dict[str, list[str]] = defaultdict(list)
    tensors: dict[str, list[str]] = defaultdict(list)
    for module in graph.modules:
        parent = module.parent
        if module.shared_with is not None:
            if parent is None or graph.module(parent).shared_with is None:
                modules[module.shared_with].append(module.path)
            continue
        for parameter in module.parameters:
            if parameter.shared_with is not None:
                tensors[parameter.shared_with].append(join(module.path, parameter.name))
    for what, places in (("Shared module", modules), ("Shared parameter", tensors)):
        if len(places) > _LISTED:
            names = [f"{first or 'the model'} = {others[0]}" for first, others in places.items()]
            yield f"{what}s: {_listing(names)}; each counts once"
            continue
        for first, others in places.items():
            yield f"{what}: {_listing([first or 'the model', *others], ' = ')}; it counts once"


def _unused(rows: Rows) -> str:
    names: dict[str, int] = {}
    for row in rows.all:
        unused = set(row.unused)
        for parameter in row.module.parameters:
            if parameter.name in unused:
                names[parameter_key(row.module, parameter)] = parameter.numel
    if not names:
        return ""
    count = exact_text(sum(names.values()))
    what = "Never used" if rows.sight.reads_known else "No use seen"
    where = "this forward" if rows.sight.method == "forward" else rows.sight.method
    return f"{what} in {where}: {_listing(names)}; {count} parameters"


def _lazy(graph: ModelGraph) -> str:
    names = [
        join(module.path, parameter.name)
        for module in graph.modules
        if module.shared_with is None
        for parameter in module.parameters
        if parameter.lazy
    ]
    return f"Lazy, without a shape yet, counted as 0: {_listing(names)}" if names else ""


def _listing(names: Iterable[str], separator: str = ", ") -> str:
    names = list(names)
    more = len(names) - _LISTED
    if more > 1:
        return f"{separator.join(names[:_LISTED])} and {more} more"
    return separator.join(names)
