"""Which rows are shown once for many: repeated calls, and repeated modules of one structure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from ..analysis.fold import fold_modules
from ..analysis.paths import with_ancestors
from .rows import Row, Rows

_LONGEST_LOOP = 64
"""Most rows in the body of a loop that is looked for."""


@dataclass(frozen=True, slots=True)
class Item:
    """Rows below one parent that are shown as one.

    ``positions`` are their places among the parent's children, the first of them shown.
    ``copies`` counts the modules, ``calls`` the calls of each. Where a unit of several rows
    repeats, ``members`` are the rows of one unit, and ``positions`` those of the first member.
    """

    positions: tuple[int, ...]
    copies: int = 1
    calls: int = 1
    members: tuple[Item, ...] = ()

    @property
    def folded(self) -> bool:
        """Whether the item stands for more than one row."""
        return self.copies * self.calls > 1


@dataclass
class Folding:
    """Cuts the children of a row into items."""

    rows: Rows
    _place_in_run: dict[str, tuple[tuple[str, ...], int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for parent_runs in fold_modules(self.rows.graph).values():
            for run in parent_runs:
                if run.count > 1:
                    for place, path in enumerate(run.paths):
                        self._place_in_run[path] = (run.paths, place, run.unit)
        self._keys = _row_keys(self.rows)

    def items(self, parent: Row, children: Sequence[Row]) -> list[Item]:
        """The children as items, in order."""
        return self._fold_modules(parent, children, self._fold_calls(children))

    # -- loops --------------------------------------------------------------------------------

    def _fold_calls(self, children: Sequence[Row]) -> list[Item]:
        """Loops that call the same modules again, to the same effect."""
        paths = [row.module.path for row in children]
        if len(set(paths)) == len(paths):
            return [Item((position,)) for position in range(len(children))]
        keys = [(path, self._keys.calls[row.id]) for path, row in zip(paths, children, strict=True)]
        items = []
        for start, unit, count in _loops(keys):
            body = [
                Item(tuple(range(start + offset, start + unit * count, unit)))
                for offset in range(unit)
            ]
            if count == 1 or unit == 1:
                items += [Item(item.positions, calls=count) for item in body]
            else:
                items.append(Item(body[0].positions, calls=count, members=tuple(body)))
        return items

    # -- modules of one structure ---------------------------------------------------------------

    def _fold_modules(
        self, parent: Row, children: Sequence[Row], items: Sequence[Item]
    ) -> list[Item]:
        """Runs of equal modules, where their rows stand in a row and say the same, too."""
        result: list[Item] = []
        position = 0
        while position < len(items):
            item = items[position]
            if item.members:
                members = tuple(self._fold_modules(parent, children, item.members))
                result.append(Item(item.positions, item.copies, item.calls, members))
                position += 1
                continue
            unit, units = self._run_at(children, items, position)
            count = self._equal_units(children, items, position, unit, units)
            if count > 1:
                result.append(_merged(items[position : position + unit * count], unit, count))
            else:
                result += items[position : position + unit]
            position += unit * count
        return result

    def _run_at(
        self, children: Sequence[Row], items: Sequence[Item], position: int
    ) -> tuple[int, int]:
        """How many items a unit has, and how many units follow each other from here on."""
        paths, place, unit = self._place(children, items[position])
        if place % unit:
            return 1, 1
        length = 0
        while position + length < len(items) and place + length < len(paths):
            item = items[position + length]
            if item.members or children[item.positions[0]].module.path != paths[place + length]:
                break
            length += 1
        return (unit, length // unit) if length >= 2 * unit else (1, 1)

    def _place(self, children: Sequence[Row], item: Item) -> tuple[tuple[str, ...], int, int]:
        row = children[item.positions[0]]
        alone = ((row.module.path,), 0, 1)
        return alone if row.foreign else self._place_in_run.get(row.module.path, alone)

    def _equal_units(
        self,
        children: Sequence[Row],
        items: Sequence[Item],
        position: int,
        unit: int,
        units: int,
    ) -> int:
        """How many of the units, from the first on, have rows that say the same."""

        def keys(at: int) -> list[Hashable]:
            return [
                (item.calls, self._keys.modules[children[item.positions[0]].id])
                for item in items[at : at + unit]
            ]

        first = keys(position)
        count = 1
        while count < units and keys(position + count * unit) == first:
            count += 1
        return count


def _merged(items: Sequence[Item], unit: int, count: int) -> Item:
    """One item for ``count`` units of ``unit`` items each."""
    members = tuple(
        Item(
            tuple(place for item in items[offset::unit] for place in item.positions),
            calls=items[offset].calls,
        )
        for offset in range(unit)
    )
    if unit == 1:
        return Item(members[0].positions, count, members[0].calls)
    return Item(members[0].positions, count, members=members)


def _loops(keys: Sequence[Hashable]) -> list[tuple[int, int, int]]:
    """``(start, unit, count)``: the sequence cut into repeated units and single positions."""
    later: dict[Hashable, int] = {}
    next_same = [0] * len(keys)
    for position in range(len(keys) - 1, -1, -1):
        next_same[position] = later.get(keys[position], 0)
        later[keys[position]] = position
    result = []
    position = 0
    while position < len(keys):
        unit = next_same[position] - position
        count = 1
        if 0 < unit <= _LONGEST_LOOP:
            length = 0
            while (
                position + unit + length < len(keys)
                and keys[position + length] == keys[position + unit + length]
            ):
                length += 1
            count += length // unit
        if count == 1:
            unit = 1
        result.append((position, unit, count))
        position += unit * count
    return result


# -- keys ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _RowKeys:
    """By row id: integers that are equal for rows that say the same, all the way down.

    ``calls`` leave out which row was the first to count a parameter: two calls of one module
    never agree in that. ``modules`` tell it.
    """

    calls: Sequence[int]
    modules: Sequence[int]


def _row_keys(rows: Rows) -> _RowKeys:
    calls: dict[Hashable, int] = {}
    modules: dict[Hashable, int] = {}
    call_keys = [0] * len(rows.all)
    module_keys = [0] * len(rows.all)
    experts = rows.expert_modules
    for row in reversed(rows.all):
        below = list(rows.children(row))
        free = bool(experts) and not experts.isdisjoint(with_ancestors(row.path))
        # Only the first call of a module has rows for what is never called in it.
        ran = [child for child in below if child.state != "uncalled"]
        call = (*_content(row, free), tuple((child.name, call_keys[child.id]) for child in ran))
        call_keys[row.id] = calls.setdefault(call, len(calls))
        module = (
            call_keys[row.id],
            row.repeated,
            row.own.params,
            tuple((child.name, module_keys[child.id]) for child in below),
        )
        module_keys[row.id] = modules.setdefault(module, len(modules))
    return _RowKeys(call_keys, module_keys)


def _content(row: Row, free: bool) -> tuple[Hashable, ...]:
    """What a row says. An expert is ``free``: how many tokens it gets is no difference.

    Of what goes in, the first tensor counts: a cache that is passed along grows on the way.
    """
    module = row.module
    parameters = tuple((p.name, p.shape, p.dtype, p.trainable) for p in module.parameters)
    held = (module.class_name, parameters, row.state, row.failed, row.unused, row.foreign)
    if free:
        return held
    return (*held, row.inputs[:1], row.outputs, row.dtypes, row.devices, row.own.flops)
