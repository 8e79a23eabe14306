"""Saved graphs that are wrong in one place or in several, of every kind that we know of."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import modelviz
from modelviz.errors import TraceError

Data = dict[str, Any]
Mutation = Callable[[random.Random, Data], None]

NUMBERS: list[Any] = [0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**126, 10**400, 0.5, -1.5, 1e308]
STRANGE: list[Any] = [float("nan"), float("inf"), float("-inf"), None, True, [], [0], {}, [[1]], ""]
TEXTS = [
    "",
    "\ud800",
    "a\udfffb",
    "\x00",
    "\x1b[31m",
    "\x08\x0b\x0c",
    "\ufffe\uffff",
    "\u202e\u2028",
    "a\nb\r\tc",
    "<script>alert(1)</script>",
    "]]></style>--><!--",
    "\"\\'`$()|{}[]",
    "=1+1",
    "%s %d {0}",
    "\U0001f600" * 3,
    "a.b",
    ".",
    "..",
    "7" * 5000,
    "x" * 20_000,
]
NAMES_OF_TEXT = {
    "modules": ("path", "class_name", "qualified_class", "file", "config", "shared_with"),
    "calls": ("module", "method"),
    "ops": ("name", "file"),
    "tensors": ("dtype", "device", "name", "kind"),
    "storages": ("device",),
    "findings": ("code", "level", "message", "path", "file", "hint"),
    "escapes": ("how", "file"),
}


class Net(nn.Module):
    """A little of everything: repeated blocks, a shared layer, a tied weight, a view, a loop."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(4, 4), nn.GELU()) for _ in range(3))
        self.again = self.blocks[0]
        self.head = nn.Linear(4, 4, bias=False)
        self.head.weight = self.blocks[1][0].weight  # type: ignore[index]
        self.unused = nn.Linear(2, 2)
        self.fails = fails

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``x`` is (batch, 3, height, width)."""
        y = self.stem(x).mean((2, 3))
        for block in self.blocks:
            y = y + block(y)
        y = self.again(y).masked_fill(y > 0, float("-inf"))
        y.detach().numpy()
        if self.fails:
            y = y.view(7)
        return self.head(y), y[:, :2] + 1


def bases() -> list[Data]:
    """Graphs to start from: whole, timed, without a forward, stopped by a failure."""
    model = Net().eval()
    graphs = [
        modelviz.trace(model, (1, 3, 8, 8)),
        modelviz.trace(model, (1, 3, 8, 8), timed=True),
        modelviz.trace(model),
    ]
    try:
        modelviz.trace(Net(fails=True).eval(), (1, 3, 8, 8))
    except TraceError as error:
        graphs.append(error.graph)
    found = []
    for graph in graphs:
        data = json.loads(graph.to_json())
        found.append(data)
        old = {name: value for name, value in data.items() if name != "findings"}
        found.append(old | {"version": 1, "notes": list(graph.notes)})
    return found


def mutate(chance: random.Random, base: Data) -> tuple[str, Data]:
    """The kinds of the mutations, and the graph that they make of ``base``."""
    data = copy.deepcopy(base)
    chosen = chance.choices(list(KINDS), k=chance.choice((1, 1, 1, 2, 3)))
    for kind in chosen:
        try:
            KINDS[kind](chance, data)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            continue  # what an earlier mutation took away
    return "+".join(chosen), data


def _rows(data: Data, table: str) -> list[list[Any]]:
    rows: list[list[Any]] = data[table]["rows"]
    return rows


def _at(data: Data, table: str, name: str) -> int:
    place: int = data[table]["columns"].index(name)
    return place


def _put(chance: random.Random, data: Data, table: str, name: str, value: Any) -> None:
    chance.choice(_rows(data, table))[_at(data, table, name)] = value


def _number(chance: random.Random, data: Data) -> None:
    table = chance.choice(("calls", "ops", "tensors", "storages", "escapes"))
    name = chance.choice(data[table]["columns"])
    _put(chance, data, table, name, chance.choice(NUMBERS))


def _strange(chance: random.Random, data: Data) -> None:
    table = chance.choice(list(NAMES_OF_TEXT))
    name = chance.choice(data[table]["columns"])
    _put(chance, data, table, name, chance.choice(STRANGE))


def _text(chance: random.Random, data: Data) -> None:
    table = chance.choice(list(NAMES_OF_TEXT))
    _put(chance, data, table, chance.choice(NAMES_OF_TEXT[table]), chance.choice(TEXTS))


def _rename(chance: random.Random, data: Data) -> None:
    """A module, or its weight, with another name, wherever it is told."""
    place = _at(data, "modules", "path")
    path = chance.choice(_rows(data, "modules")[1:])[place]
    name = chance.choice(TEXTS).replace(".", "_") or "_"
    text = json.dumps(data)
    old, new = json.dumps(path)[1:-1], json.dumps(path.rpartition(".")[0])[1:-1]
    new = f"{new}.{json.dumps(name)[1:-1]}" if new else json.dumps(name)[1:-1]
    text = text.replace(f'"{old}"', f'"{new}"').replace(f'"{old}.', f'"{new}.')
    changed = json.loads(text)
    data.clear()
    data.update(changed)


def _top(chance: random.Random, data: Data) -> None:
    name = chance.choice(list(data))
    data[name] = chance.choice([*NUMBERS, *STRANGE, *TEXTS])


def _parameter(chance: random.Random, data: Data) -> None:
    kind = _at(data, "modules", chance.choice(("parameters", "buffers")))
    rows = [row for row in _rows(data, "modules") if row[kind]]
    part = chance.choice(chance.choice(rows)[kind])
    part[chance.randrange(len(part))] = chance.choice([*NUMBERS, *STRANGE, *TEXTS])


def _shape(chance: random.Random, data: Data) -> None:
    shape = chance.choice(
        [
            [2**126] * chance.choice((1, 30, 30_000)),
            [1] * chance.choice((30, 900, 30_000)),
            [2**31, 2**31],
            [2**62],
            [2**62, 0],
            [0],
            [-1, 3],
            [float("nan")],
        ]
    )
    if chance.random() < 0.5:
        _put(chance, data, "tensors", "shape", shape)
    else:
        rows = [row for row in _rows(data, "modules") if row[_at(data, "modules", "parameters")]]
        chance.choice(chance.choice(rows)[_at(data, "modules", "parameters")])[1] = shape


def _figures(chance: random.Random, data: Data) -> None:
    for row in _rows(data, "ops"):
        for name in ("flops", "bytes_read", "bytes_written", "workspace"):
            row[_at(data, "ops", name)] = chance.choice((0, 2**62, 2**64, 2**126))
    for row in _rows(data, "storages") + _rows(data, "tensors"):
        row[_at(data, "tensors", "bytes") if len(row) > 5 else 1] = chance.choice(
            (0, 2**63, 2**126)
        )


def _seconds(chance: random.Random, data: Data) -> None:
    place = _at(data, "ops", "seconds")
    for row in _rows(data, "ops"):
        row[place] = chance.choice((None, 0, 1e-300, 1e11, 1e300, -1, float("nan"), 10**400))


def _no_outputs(chance: random.Random, data: Data) -> None:
    _put(chance, data, "ops", "outputs", [])


def _ranges(chance: random.Random, data: Data) -> None:
    name = chance.choice(("start", "stop"))
    _put(chance, data, "calls", name, chance.randrange(-1, len(_rows(data, "ops")) + 2))


def _own_producer(chance: random.Random, data: Data) -> None:
    op = chance.randrange(len(_rows(data, "ops")))
    tensor = chance.choice(_rows(data, "ops")[op][_at(data, "ops", "inputs")])
    _rows(data, "tensors")[tensor][_at(data, "tensors", "producer")] = op


def _shared(chance: random.Random, data: Data) -> None:
    rows, path = _rows(data, "modules"), _at(data, "modules", "path")
    other = chance.choice((chance.choice(rows)[path], "nowhere", ""))
    if chance.random() < 0.5:
        _put(chance, data, "modules", "shared_with", other)
    else:
        with_weights = [row for row in rows if row[_at(data, "modules", "parameters")]]
        part = chance.choice(chance.choice(with_weights)[_at(data, "modules", "parameters")])
        part[5] = chance.choice((other, f"{other}.weight", "weight"))


def _family(chance: random.Random, data: Data) -> None:
    calls = len(_rows(data, "calls"))
    if chance.random() < 0.5:
        children = chance.sample(range(calls), chance.randrange(calls))
        _put(chance, data, "calls", "children", children)
    else:
        _put(chance, data, "calls", "parent", chance.choice((None, chance.randrange(calls))))


def _references(chance: random.Random, data: Data) -> None:
    table, name = chance.choice(
        (
            ("calls", "inputs"),
            ("calls", "outputs"),
            ("calls", "ops"),
            ("ops", "inputs"),
            ("ops", "outputs"),
        )
    )
    tensors = len(_rows(data, "tensors"))
    _put(chance, data, table, name, [chance.randrange(tensors) for _ in range(3)])


def _duplicate(chance: random.Random, data: Data) -> None:
    rows = _rows(data, chance.choice(list(NAMES_OF_TEXT)))
    rows.insert(chance.randrange(len(rows) + 1), copy.deepcopy(chance.choice(rows)))


def _drop(chance: random.Random, data: Data) -> None:
    rows = _rows(data, chance.choice(list(NAMES_OF_TEXT)))
    del rows[chance.randrange(len(rows))]


def _swap(chance: random.Random, data: Data) -> None:
    rows = _rows(data, chance.choice(("modules", "calls", "ops", "tensors")))
    i, j = chance.randrange(len(rows)), chance.randrange(len(rows))
    rows[i], rows[j] = rows[j], rows[i]


def _deep(chance: random.Random, data: Data) -> None:
    """A chain of modules, one in the other."""
    rows = _rows(data, "modules")
    path = _at(data, "modules", "path")
    for depth in range(1, chance.choice((90, 400, 990, 3_000))):
        row = copy.deepcopy(rows[0])
        row[path] = ".".join("d" * depth)
        row[_at(data, "modules", "parameters")] = row[_at(data, "modules", "buffers")] = []
        rows.append(row)


def _deep_calls(chance: random.Random, data: Data) -> None:
    """The last layer of the graph called inside itself, again and again."""
    modules, calls, path = _rows(data, "modules"), _rows(data, "calls"), ""
    parent = 0
    stop = len(_rows(data, "ops"))
    for _ in range(chance.choice((90, 400, 990, 3_000))):
        path = f"{path}.c" if path else "c"
        row = copy.deepcopy(modules[0])
        row[0] = path
        row[6] = row[7] = []
        modules.append(row)
        calls[parent][_at(data, "calls", "children")].append(len(calls))
        calls.append([len(calls), path, 0, parent, [], [], [], [], stop, stop, "forward", False])
        parent = len(calls) - 1


def _message(chance: random.Random, data: Data) -> None:
    message = chance.choice(("m" * 10**6, "line\n" * 10**5, *TEXTS))
    if "notes" in data:
        data["notes"].append(message)
    else:
        level = chance.choice(("error", "warning", "info", "fatal"))
        code = chance.choice(("MV001", "", "ZZ999", "\ud800"))
        number, line = chance.choice((None, 0, 10**6)), chance.choice((None, 3, 2**40))
        path = chance.choice((None, "", "stem", "nowhere"))
        finding = [code, level, message, path, number, None, line, message]
        data["findings"]["rows"].append(finding)


def _failure(chance: random.Random, data: Data) -> None:
    data["failure"][chance.randrange(len(data["failure"]))] = chance.choice(
        [*NUMBERS, *STRANGE, *TEXTS, [[2**126] * 30_000], [[1, 2], [3]], "stem"]
    )


def _arguments(chance: random.Random, data: Data) -> None:
    nested: Any = 1
    for _ in range(chance.choice((3, 40, 200))):
        nested = [nested]
    value = chance.choice([*NUMBERS, *STRANGE, *TEXTS, nested, {"a": {"b": "\ud800"}}])
    _put(chance, data, "ops", "args", [[chance.choice(("dim", "\ud800", "")), value]])


def _ends(chance: random.Random, data: Data) -> None:
    tensors = len(_rows(data, "tensors"))
    data[chance.choice(("inputs", "outputs"))] = [chance.randrange(tensors) for _ in range(3)]


def _columns(chance: random.Random, data: Data) -> None:
    columns = data[chance.choice(list(NAMES_OF_TEXT))]["columns"]
    chance.choice((columns.pop, columns.reverse, columns.clear))()


KINDS: dict[str, Mutation] = {
    "number": _number,
    "strange value": _strange,
    "text": _text,
    "name": _rename,
    "top": _top,
    "parameter": _parameter,
    "shape": _shape,
    "figures": _figures,
    "seconds": _seconds,
    "no outputs": _no_outputs,
    "ranges": _ranges,
    "own producer": _own_producer,
    "shared": _shared,
    "family": _family,
    "references": _references,
    "duplicate": _duplicate,
    "drop": _drop,
    "swap": _swap,
    "deep": _deep,
    "deep calls": _deep_calls,
    "message": _message,
    "failure": _failure,
    "arguments": _arguments,
    "ends": _ends,
    "columns": _columns,
}
