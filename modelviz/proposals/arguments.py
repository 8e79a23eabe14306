"""The arguments that a forward needs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from ..signatures import parameters_of
from ..tracing.members import entry_of
from ..tracing.modules import walk
from ..tracing.torch_internals import ConvNd
from .guess import ArgumentPart
from .layers import SEQUENCE, Option, options, told
from .naming import namesake
from .texts import text

_STATES = {"h", "h0", "h_0", "hx", "hidden", "hidden_state", "hiddens", "h_prev", "prev_h", "hc"}
_STATES |= {"prev_state", "state", "states", "hidden_states", "init_hidden", "rnn_state", "carry"}
_CELLS = {"c", "c0", "c_0", "cx", "cell", "cell_state", "c_prev", "prev_c"}
_REWARDS = {"reward", "rewards", "done", "dones", "terminal", "terminals", "terminated", "returns"}
_REWARDS |= {"truncated", "advantage", "advantages", "not_done", "not_dones", "log_prob_old"}
_TEXTS = {"idx", "ids", "tokens", "token", "sentence", "sentences", "text", "texts", "words", "src"}
_TEXTS |= {"tgt", "trg", "source", "target", "prompt", "context_ids", "seq", "sequence", "chars"}
_TEXTS |= {"question", "answer", "premise", "hypothesis", "docs", "document", "tokens_ids"}
IMAGES = {"img", "image", "images", "imgs", "picture", "photo", "frame", "pixels", "pixel_values"}
SOUNDS = {"audio", "audios", "wav", "wavs", "wave", "waveform", "waveforms", "speech", "sound"}
_LABELS = {"y", "label", "labels", "cls", "classes", "class_label", "class_labels", "class_id"}
_NOISES = {"z", "noise", "latent", "latents", "code"}
_LEVELS = {"sigma", "sigmas", "noise_level", "noise_levels", "noise_scale", "c_noise", "log_snr"}
_LEVELS |= {"logsnr", "temperature", "temp"}
_PLACES = {
    "pos",
    "xyz",
    "coords",
    "coord",
    "coordinates",
    "coor",
    "coors",
    "points",
    "positions",
    "pcd",
    "points_xyz",
}
_COUNTED = {"pos", "positions"}
"""Where it is not in space, it is the place in a sequence."""
_FEATURES = {"h", "feat", "feats", "features", "node_feats", "node_features", "f"}
_ATOMS = {"z", "atomic_numbers", "atom_types", "atoms", "species", "atom_type"}
_ENCODED = {"encoder_outputs", "encoder_output", "enc_out", "enc_output", "enc_outputs", "memory"}
_ENCODED |= {"encoder_hidden_states", "encoder_out", "encoder_states", "annotations", "keys"}
_SWITCHES = {"train", "training", "is_training", "train_mode", "verbose", "debug", "inference"}
_COUNTS = {"size", "output_size", "out_size", "k", "depth", "length", "seq_length", "num", "n"}
_COUNTS |= {"n_steps", "start_pos", "offset", "layer_idx", "horizon", "start", "pos_offset"}
_KEYS = {"task", "task_name", "head", "domain", "modality", "lang", "language", "branch", "name"}
_KEYS |= {"key", "dataset", "expert", "stage", "adapter"}
_EDGES = {"edge_attr", "edge_attrs", "edge_feat", "edge_feats", "edge_features", "edge_feature"}
_GRAPHS = {"batch", "batch_index", "batch_idx", "batch_ids", "batch_vec", "batch_vector"}
_GRAPHS |= {"graph_ids", "graph_id", "graph_idx", "graph_index", "segment_ids"}
_ADJACENCIES = {"adj", "adjacency", "adj_matrix", "adjacency_matrix", "adj_mat", "adj_norm"}
_ADJACENCIES |= {"a_hat", "a_norm", "norm_adj", "normalized_adj", "laplacian", "lap"}
_PAIRS_OF_TOKENS = ("src_mask", "tgt_mask", "memory_mask", "attn_mask", "causal_mask", "look_ahead")


def needed(model: nn.Module) -> dict[str, Any]:
    """Names and annotations of the arguments without a default; the first of all if all have one.

    Of several positional arguments (``*inputs``) one stands for all.
    """
    parameters = parameters_of(entry_of(model))
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    named = [p for p in parameters if p.kind in (*positional, inspect.Parameter.KEYWORD_ONLY)]
    chosen = [p for p in named if p.default is p.empty] or named[:1]
    chosen = chosen or [p for p in parameters if p.kind is p.VAR_POSITIONAL]
    names = getattr(inspect.unwrap(entry_of(model)), "__globals__", {})
    return {p.name: _resolved(p.annotation, names) for p in chosen}


def _resolved(annotation: Any, names: Mapping[str, Any]) -> Any:
    """The class that an annotation names which was left a text."""
    return names.get(annotation, annotation) if isinstance(annotation, str) else annotation


def known(model: nn.Module) -> frozenset[str]:
    """The names of all arguments of the forward."""
    return frozenset(parameter.name for parameter in parameters_of(entry_of(model)))


def by_name(name: str, annotation: Any, model: nn.Module, dtype: str) -> dict[str, ArgumentPart]:
    """What an argument may be, going by its name and annotation; empty where they say nothing.

    An argument that is a pair comes back as its two parts.
    """
    setting = _named_setting(name, annotation, model) or _setting(annotation)
    if setting is not None:
        return {name: ArgumentPart.of([setting])}
    if state := _state(name, model, dtype):
        return state
    found = _plain(name, model, dtype)
    return {name: ArgumentPart.of(found)} if found else {}


def _setting(annotation: Any) -> Option | None:
    """A value for an argument that its annotation says is a number or a switch."""
    kind = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if kind == "str":
        return text("its annotation says str").now
    values: dict[str, bool | int | float | str] = {"bool": False, "int": 2, "float": 1.0}
    if kind not in values:
        return None
    return Option((), kind, f"its annotation says {kind}", values[kind])


def _named_setting(name: str, annotation: Any, model: nn.Module) -> Option | None:
    """A value for an argument that its name says is a switch, a number, or one of some keys."""
    low, why = name.lower(), f"{name} sounds like "
    if annotation not in (inspect.Parameter.empty, str, "str"):
        return None
    if low in _KEYS:
        for _, part in walk(model):
            if isinstance(part, (nn.ModuleDict, nn.ParameterDict)) and len(part):
                return Option((), "str", f"{why}a key", next(iter(part.keys())))
    if annotation is not inspect.Parameter.empty:
        return None
    if low in _SWITCHES or low.startswith(("return_", "use_", "is_", "do_", "with_")):
        return Option((), "bool", f"{why}a switch", False)
    beside = {"q", "v", "query", "value", "values", "queries"} & known(model)
    if low == "k" and beside:
        return None
    if low in _COUNTS or low.startswith(("n_", "num_", "max_")) or low.endswith("_size"):
        return Option((), "int", f"{why}a whole number", SEQUENCE if "size" in low else 2)
    return None


def _plain(name: str, model: nn.Module, dtype: str) -> list[Option]:
    low = name.lower()
    why = f"{name} sounds like "
    if "mask" in low:
        return _masks(low, why)
    if low in _LEVELS:
        return [Option(shape, dtype, f"{why}a level for each sample") for shape in ((1,), (1, 1))]
    if low in ("t", "time", "step", "steps", "ts") or "timestep" in low:
        shapes = [((1,), "int64"), ((1,), dtype), ((1, 1), dtype)]
        if low in ("t", "time") and _is_of_an_equation(name, model):
            shapes[:2] = shapes[1::-1]
        return [Option(shape, kind, f"{why}a time step") for shape, kind in shapes]
    if low == "edge_index":
        return [Option((2, SEQUENCE), "int64", f"{why}the ends of edges")]
    if low in ("edge_weight", "edge_weights"):
        return [Option((SEQUENCE,), dtype, f"{why}a number for each edge")]
    if low in _EDGES and "edge_index" in known(model):
        return _edges(low, model, dtype, why)
    if relates_nodes(name, model):
        why += "the edges of a graph"
        return [Option(shape, dtype, why) for shape in ((SEQUENCE,) * 2, (1, SEQUENCE, SEQUENCE))]
    if "edge_index" in known(model) or _is_of_a_graph(model):
        return _nodes(low, model, dtype, why)
    if low in ("ids", "tokens") or low.endswith(("_ids", "_tokens", "token_indices")):
        return [Option((1, SEQUENCE), "int64", f"{why}token ids")]
    if low.endswith(("lengths", "lens", "_len", "seqlen", "_length")) or low == "length":
        why += "the length of each sequence"
        return [Option((1,), "int64", why, filled=length) for length in (SEQUENCE, 1)]
    if low in _REWARDS or (low in ("r", "d", "done") and known(model) >= {"s", "a"}):
        return [Option(shape, dtype, f"{why}a number for each sample") for shape in ((1,), (1, 1))]
    if low == "offsets" or low.endswith(("labels", "_label", "_y")):
        return [Option((1,), "int64", f"{why}a whole number for each sample")]
    return _of_a_layer(low, model, dtype, why)


def relates_nodes(name: str, model: nn.Module) -> bool:
    """Whether an argument sounds like a number for each two nodes of a graph: ``adj``, ``A``."""
    beside = {"x", "X", "h", "H", "features", "feats", "nodes"} & known(model)
    return name.lower() in _ADJACENCIES or (name in ("A", "L") and bool(beside))


def _is_of_a_graph(model: nn.Module) -> bool:
    return any(relates_nodes(name, model) for name in known(model))


def _is_of_an_equation(name: str, model: nn.Module) -> bool:
    """Whether the time comes before the state, as in the right side of a differential equation."""
    first, *others = needed(model)
    tables = any(isinstance(layer, nn.Embedding) for _, layer in walk(model))
    return first == name and bool(others) and not tables


def _masks(low: str, why: str) -> list[Option]:
    shapes: list[tuple[int, ...]] = [
        (1, SEQUENCE),
        (SEQUENCE, SEQUENCE),
        (1, 1, SEQUENCE, SEQUENCE),
    ]
    if low.endswith(_PAIRS_OF_TOKENS) and "pad" not in low:
        shapes[:2] = [(SEQUENCE, SEQUENCE), (1, SEQUENCE)]
    return [Option(shape, "bool", f"{why}a mask") for shape in shapes]


def _nodes(low: str, model: nn.Module, dtype: str, why: str) -> list[Option]:
    """The features of a graph's nodes, where they are, or the graph that each is part of."""
    beside = set(map(str.lower, needed(model))) - {low, *_ADJACENCIES, "a", "edge_index"} - _EDGES
    if (low in _PLACES and beside) or (low == "x" and beside & _FEATURES):
        return [Option((SEQUENCE, 3), dtype, f"{why}points in space")]
    if low in _GRAPHS:
        return [Option((SEQUENCE,), "int64", f"{why}the graph of each node")]
    widths = [
        option.shape[-1]
        for path, layer in walk(model)
        for option in (options(layer, path, dtype) or told(layer, dtype))[:1]
    ]
    shapes: list[tuple[int, ...]] = [(SEQUENCE, width) for width in widths[:1]]
    if _is_of_a_graph(model):
        shapes += [(1, *shape) for shape in shapes]
    return [Option(shape, dtype, "a row for each node") for shape in shapes]


def _edges(low: str, model: nn.Module, dtype: str, why: str) -> list[Option]:
    """The features of a graph's edges, as wide as the layer that has their name."""
    for path, layer in walk(model):
        if isinstance(layer, nn.Linear) and "edge" in path.lower():
            return [Option((SEQUENCE, layer.in_features), dtype, f"{why}a row for each edge")]
    return []


def _of_a_layer(low: str, model: nn.Module, dtype: str, why: str) -> list[Option]:
    """What the first layer of the kind that the name tells takes, if the model has one."""
    single = low not in _TEXTS and not low.endswith("s")
    if found := namesake(low, model, dtype, single=single):
        return found
    beside = set(map(str.lower, needed(model))) - {low}
    spaced = known(model) & _ATOMS or (low in _PLACES - _COUNTED and beside)
    if spaced and (found := places(low, model, dtype)):
        return found
    if low in _ATOMS and len(known(model) & _PLACES) > 0:
        shapes: tuple[tuple[int, ...], ...] = ((SEQUENCE,), (1, SEQUENCE))
        return [Option(shape, "int64", f"{why}the kind of each atom") for shape in shapes]
    if low in _ENCODED and any(isinstance(layer, nn.RNNBase) for _, layer in walk(model)):
        return _encoded(model, dtype, why)
    embeddings = (nn.Embedding, nn.EmbeddingBag)
    for names, kinds, what in (
        (_TEXTS, embeddings, "text"),
        (_LABELS, embeddings, "a class for each sample"),
        (IMAGES, ConvNd, "an image"),
        (_NOISES, (nn.Linear, ConvNd), "random numbers"),
    ):
        if low not in names:
            continue
        for path, layer in walk(model):
            if isinstance(layer, kinds):
                if names is _LABELS:
                    return [Option((1,), "int64", f"{why}{what}")]
                if isinstance(layer, nn.EmbeddingBag) and "offsets" in known(model):
                    return [Option((SEQUENCE,), "int64", f"{why}{what}")]
                own = told(model, dtype) if names is _NOISES else []
                return [*[o for o in own if len(o.shape) == 2][:1], *options(layer, path, dtype)]
    return []


def _encoded(model: nn.Module, dtype: str, why: str) -> list[Option]:
    """What the encoder of a decoder's sequence gives: a state for each of its steps."""
    layer = next(layer for _, layer in walk(model) if isinstance(layer, nn.RNNBase))
    width, why = layer.proj_size or layer.hidden_size, f"{why}the states of an encoder"
    shapes = [(1, SEQUENCE, width), (SEQUENCE, 1, width), (SEQUENCE, width)]
    return [Option(shape, dtype, why) for shape in shapes]


def places(name: str, model: nn.Module, dtype: str) -> list[Option]:
    """Points in space, for an argument called so in a model that has no layer for it."""
    if name.lower() not in _PLACES or "edge_index" in known(model):
        return []
    why = f"{name} sounds like points in space"
    shapes: list[tuple[int, ...]] = [(1, SEQUENCE, 3), (SEQUENCE, 3)]
    if known(model) & _ATOMS:
        shapes.reverse()
    return [Option(shape, dtype, why) for shape in shapes]


def takes_any_number(model: nn.Module) -> bool:
    """Whether all that the forward needs are positional arguments that it does not name."""
    parameters = {p.name: p for p in parameters_of(entry_of(model))}
    return any(parameters[name].kind is inspect.Parameter.VAR_POSITIONAL for name in needed(model))


def takes_any_name(model: nn.Module) -> bool:
    """Whether the forward takes keywords that it does not name."""
    return any(p.kind is p.VAR_KEYWORD for p in parameters_of(entry_of(model)))


def _state(name: str, model: nn.Module, dtype: str) -> dict[str, ArgumentPart]:
    """The state that a recurrent layer of the model takes; a pair for an LSTM's two states."""
    low = name.lower()
    names = {known_name.lower() for known_name in known(model)}
    if low not in _STATES | _CELLS or (len(names) == 1 and low != "hidden"):
        return {}
    for path, layer in walk(model):
        why = f"the state of {path or 'the model'}"
        if isinstance(layer, nn.RNNBase):
            depth = layer.num_layers * (2 if layer.bidirectional else 1)
            shape: tuple[int, ...] = (depth, 1, layer.proj_size or layer.hidden_size)
        elif isinstance(layer, nn.RNNCellBase):
            shape = (1, layer.hidden_size)
        else:
            continue
        part = ArgumentPart.of([Option(shape, dtype, why)])
        pair = isinstance(layer, (nn.LSTM, nn.LSTMCell)) and not (names & _CELLS)
        return {f"{name}[0]": part, f"{name}[1]": part} if pair else {name: part}
    return {}


def positions(model: nn.Module, names: Sequence[str | None]) -> int:
    """How many of the inputs, the first ones, can go by position.

    An input without a name goes by position, and so does one whose name is no argument (``pair[0]``
    is part of one), or is that of the argument at its place.
    """
    parameters = parameters_of(entry_of(model))
    keywords = {p.name for p in parameters if p.kind is not p.VAR_POSITIONAL}
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        keywords |= {name for name in names if name is not None and name.isidentifier()}
    places = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    for place, name in enumerate(names):
        if name in keywords and (place >= len(places) or places[place] != name):
            return place
    return len(names)
