"""The values of a ``config.json``, read without trust.

A configuration can ask for any size. What would take hours to build, or cannot exist, is refused
before anything is built; memory is no concern, since models are built on the meta device.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..dotted import join
from ..errors import InputError

MAX_TEXT = 2 * 2**20
"""Bytes of a config; the largest on the Hub, with thousands of labels, are below 1 MB."""
MAX_DEPTH = 12
MAX_SIZE = 2**28
"""Of a vocabulary, a width, a number of positions: far above any model there is."""
MAX_LAYERS = 2_000
MAX_PARTS = 8_192
"""Heads, experts, groups, stages: what a layer has several of."""
MAX_COUNT = 2**17
"""Labels, queries, buckets: any other number of things, each of which takes memory."""
MAX_LISTED = 2_000
"""Sizes in one list, which often has one for each layer."""
MAX_EXPERTS = 200_000
"""Experts in all layers together."""

_LAYERS = re.compile(r"(^|_)(n|num)_.*(layers|blocks)$|^(n_layers?|num_layers|depths?|.*_layers)$")
_NUMBERS = re.compile(r"^depths?$|(^|_)(n|num)_")
_PARTS = re.compile(r"(heads?|experts|groups|stages|n_head|n_heads)$")
_SIZES = re.compile(
    r"(_size|_sizes|_dim|_dims|_channels|_embeddings|_width|_rank|_positions|_bins)$"
    r"|^(d_model|d_ff|d_kv|d_inner|n_embd|n_inner|n_positions|n_ctx|dim|width|channels)$"
)
_COUNTS = re.compile(
    r"^(?!.*param)(.*_)?(n|num)_|"
    r"(labels|classes|queries|steps|codebooks|levels|iterations|repeats|convs|buckets)$"
)
_BITS = ("bits", "w_bit", "weight_bits", "nbits")
"""What methods of quantization call the bits of a weight."""
_RULES = (
    (_LAYERS, MAX_LAYERS),
    (_PARTS, MAX_PARTS),
    (_SIZES, MAX_SIZE),
    (_COUNTS, MAX_COUNT),
)

# They choose kernels and loaders, some of which run code from the network; shapes do not
# depend on them.
_DROPPED = (
    "attn_implementation",
    "experts_implementation",
    "quantization_config",
    "trust_remote_code",
    "use_kernels",
)


def parse_config(text: str) -> dict[str, Any]:
    """The values in the text of a config, of sizes that can be built. Raises InputError."""
    if len(text) > MAX_TEXT:
        raise InputError(
            f"the config has {len(text):,} characters: expected a config.json, "
            f"which has less than {MAX_TEXT:,}"
        )
    try:
        values = json.loads(text)
    except RecursionError:
        raise InputError("the config is nested too deeply to be a config.json") from None
    except ValueError as error:  # also for numbers of thousands of digits
        raise InputError(f"the config is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"expected the config to be a JSON object, got {type(values).__name__}")
    _check(values)
    return _kept(values)


def quantization_asked(text: str) -> str:
    """The quantization that a config asks for: ``bitsandbytes, 4-bit``; empty where it has none.

    ``text`` is one that ``parse_config`` takes.
    """
    asked = _found(json.loads(text), "quantization_config")
    if not isinstance(asked, dict):
        return ""
    method = str(asked.get("quant_method") or "a method that it does not name")[:40]
    bits = next((asked[name] for name in _BITS if isinstance(asked.get(name), int)), None)
    for name, count in (("load_in_4bit", 4), ("load_in_8bit", 8)):
        if asked.get(name) is True:
            bits = count
    return method if bits is None else f"{method}, {bits}-bit"


def _found(values: dict[str, Any], name: str) -> Any:
    """The first value of that name, in the parts of a config as well."""
    if name in values:
        return values[name]
    parts = (_found(value, name) for value in values.values() if isinstance(value, dict))
    return next((part for part in parts if part is not None), None)


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    """The values without those that choose how to load or to compute."""
    return {
        name: _kept(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if name not in _DROPPED and not name.startswith("_")
    }


def _check(values: dict[str, Any]) -> None:
    """Raise InputError for sizes that no model has, or that would take hours to build."""
    layers: dict[str, int] = {}
    sizes: Counter[str] = Counter()
    experts = 1
    for path, value, listed in _leaves(values, "", False, 0):
        name = path.rpartition(".")[2]
        pattern, limit = next((rule for rule in _RULES if rule[0].search(name)), (None, 0))
        if pattern is None or value is None or isinstance(value, bool):
            continue
        if isinstance(value, str):
            # Lists of names are common: the kind of each layer.
            if not listed and pattern is _SIZES:
                raise _refused(path, value, limit)
            continue
        # -1 stands for "none" or "all" in some configurations.
        if not -1 <= value <= limit:
            raise _refused(path, value, limit)
        sizes[path] += listed
        if sizes[path] > MAX_LISTED:
            raise InputError(f"the config lists more than {MAX_LISTED:,} numbers as {path}")
        # A list of layers may say which, not how many.
        if pattern is _LAYERS and (not listed or _NUMBERS.search(name)):
            layers[path] = layers.get(path, 0) + int(value)
        if name.endswith("experts"):
            experts = max(experts, int(value))
    for path, count in layers.items():
        if count > MAX_LAYERS or count * experts > MAX_EXPERTS:
            what = f"{count:,} layers" + (f" of {experts:,} experts" if experts > 1 else "")
            raise InputError(f"the config says {path} = {count:,}: {what} are too many to build")


def _leaves(value: Any, path: str, listed: bool, depth: int) -> Iterator[tuple[str, Any, bool]]:
    """Each value that is no container, its path, and whether it is the item of a list."""
    if depth > MAX_DEPTH:
        raise InputError(f"the config is nested too deeply at {path[:80]}")
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, join(path, name), False, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, path, True, depth + 1)
    else:
        yield path, value, listed


def _refused(path: str, value: Any, limit: int) -> InputError:
    text = f"{value:,}" if isinstance(value, int) else repr(value)
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return InputError(
        f"the config says {path} = {shown}: expected a whole number from 0 to {limit:,}"
    )
