"""Wrong files of weights: each is refused with an InputError, or becomes a graph that shows."""

from __future__ import annotations

import copy
import io
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from modelviz import InputError, ModelGraph, summary
from modelviz.sources import from_safetensors
from modelviz.sources.files import from_state_dict

from .trial import Tried, attempt

SECONDS = 20
SHOWN = 20
"""Every so many graphs are made into a table, which takes longest."""
_STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 2**64, 10**400, 0.5, "", "x", "a.b", ".", "..", "a\ud800",
    "9" * 5000, "=1+1", "\x00", "a" * 10_000, ".".join("a" * 200), [], [1], [[]], {}, {"a": 1},
)  # fmt: skip


def run(count: int, seed: int) -> Tried:
    """Try so many files, most of safetensors, every tenth of PyTorch's own kind."""
    chance = random.Random(seed)
    tried: Tried = (Counter(), Counter())
    archive = _archive()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            if number % 10:
                path = Path(folder) / "weights.safetensors"
                kind, data = _safetensors(chance)
                read: Callable[[Path], Any] = from_safetensors
            else:
                path = Path(folder) / "weights.pt"
                kind, data = "archive", _damaged(chance, archive)
                read = from_state_dict
            path.write_bytes(data)

            def show(path: Path = path, read: Any = read, number: int = number) -> None:
                graph = read(path).model
                assert isinstance(graph, ModelGraph)
                if number % SHOWN == 0:
                    assert ModelGraph.from_json(graph.to_json()) == graph
                    str(summary(graph, verbose=0)).encode()

            attempt(tried, kind, show, InputError, SECONDS)
    return tried


def _safetensors(chance: random.Random) -> tuple[str, bytes]:
    """A file with one to three things wrong."""
    header: dict[str, Any] = {}
    end = 0
    for number in range(chance.randint(1, 6)):
        size = chance.randint(1, 4)
        entry = {"dtype": "F32", "shape": [size], "data_offsets": [end, end + 4 * size]}
        header[f"layers.{number}.weight"] = entry
        end += 4 * size
    kinds = []
    for _ in range(chance.randint(1, 3)):
        mutate = chance.choice((_rename, _field, _offset, _extra))
        mutate(chance, header)
        kinds.append(mutate.__name__.strip("_"))
    text = json.dumps(header).encode()
    data = len(text).to_bytes(8, "little") + text + bytes(end)
    if chance.random() < 0.3:
        kinds.append("damaged")
        data = _damaged(chance, data)
    return " and ".join(kinds), data


def _strange(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(_STRANGE))


def _rename(chance: random.Random, header: dict[str, Any]) -> None:
    name = chance.choice(list(header))
    strange = str(_strange(chance))
    header[chance.choice((strange, f"{name}.{strange}", f"{strange}.{name}"))] = header.pop(name)


def _field(chance: random.Random, header: dict[str, Any]) -> None:
    entry = header[chance.choice(list(header))]
    if isinstance(entry, dict):
        entry[chance.choice(("dtype", "shape", "data_offsets", "other"))] = _strange(chance)


def _offset(chance: random.Random, header: dict[str, Any]) -> None:
    entry = header[chance.choice(list(header))]
    if isinstance(entry, dict) and isinstance(entry.get("data_offsets"), list):
        entry["data_offsets"] = [_strange(chance) for _ in range(chance.randint(0, 3))]


def _extra(chance: random.Random, header: dict[str, Any]) -> None:
    header[str(_strange(chance))] = _strange(chance)


def _archive() -> bytes:
    file = io.BytesIO()
    weights = {"a.weight": torch.zeros(2, 3), "a.bias": torch.zeros(2), "b": torch.zeros(())}
    torch.save(weights, file)
    return file.getvalue()


def _damaged(chance: random.Random, data: bytes) -> bytes:
    """The bytes with some changed, left out, or put in twice."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if not changed:
            break
        at = chance.randrange(len(changed))
        way = chance.randrange(4)
        if way == 0:
            changed[at] = chance.randrange(256)
        elif way == 1:
            del changed[at : at + chance.randint(1, 40)]
        elif way == 2:
            changed[at:at] = changed[: chance.randint(1, 40)]
        else:
            changed[at:at] = chance.randbytes(chance.randint(1, 9))
    return bytes(changed)
