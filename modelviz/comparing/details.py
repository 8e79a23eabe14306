"""What differs between a module and its partner, in what it holds itself and in what it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from ..analysis.alignment import Alignment, Pair, Side
from ..analysis.settings import named_settings
from ..dotted import join, relative
from ..graph import Buffer, Module, Parameter
from ..sources.weights import shapes_text
from .changes import Detail

_T = TypeVar("_T", Parameter, Buffer)


def own_details(alignment: Alignment, pair: Pair) -> list[Detail]:
    """The differences of two modules, without those of the modules inside."""
    one, other = alignment.before.module(pair.before), alignment.after.module(pair.after)
    found = [*_class(alignment, pair), *_config(one, other), *_tensors(one, other)]
    found += _inside(alignment, pair)
    if one.training is not other.training:
        found.append(Detail("training", _mode(one), _mode(other)))
    if one.shared_with is None and other.shared_with is not None:
        found.append(Detail("sharing", None, f"the same module as {other.shared_with}"))
    if one.shared_with is not None and other.shared_with is None:
        found.append(Detail("sharing", f"the same module as {one.shared_with}", None))
    return found


def class_names(one: Module, other: Module) -> tuple[str, str] | None:
    """What two classes are called, with their modules where both have one name; None: one class."""
    if not (one.path or other.path or one.qualified_class or other.qualified_class):
        return None  # of a file of weights it is the name of the file
    if one.class_name != other.class_name:
        return one.class_name, other.class_name
    names = one.qualified_class, other.qualified_class
    # A class of the reader's may stand in another file; one of PyTorch's is another class.
    apart = names[0] != names[1] and any(name.startswith("torch.") for name in names)
    return names if apart else None


def _class(alignment: Alignment, pair: Pair) -> Iterator[Detail]:
    one, other = alignment.before.module(pair.before), alignment.after.module(pair.after)
    names = class_names(one, other)
    if names is not None and pair.after in alignment.replaced:
        yield Detail(
            "class",
            names[0] + contents(alignment.before, pair.before),
            names[1] + contents(alignment.after, pair.after),
        )
    elif names is not None:
        yield Detail("class", *names)


_NAMED_CONTENTS = 4


def contents(side: Side, path: str) -> str:
    """The classes of what a container of PyTorch's holds, which its own class does not tell."""
    kinds = [side.kind(child) for child in side.children(path)]
    if not kinds or not side.module(path).is_container:
        return ""
    rest = ["…"] if len(kinds) > _NAMED_CONTENTS else []
    return f"({', '.join([*kinds[:_NAMED_CONTENTS], *rest])})"


def _inside(alignment: Alignment, pair: Pair) -> Iterator[Detail]:
    """The parameters of what came or went inside a layer that is of the same class."""
    replaced = alignment.replaced.get(pair.after)
    if replaced is None or alignment.before.kind(pair.before) != alignment.after.kind(pair.after):
        return
    for path in replaced.before:
        for module in alignment.before.below(path):
            for tensor in module.parameters:
                yield Detail("parameters", _shape(tensor, relative(module.path, pair.before)), None)
    for path in replaced.after:
        for module in alignment.after.below(path):
            for tensor in module.parameters:
                yield Detail("parameters", None, _shape(tensor, relative(module.path, pair.after)))


def _config(one: Module, other: Module) -> Iterator[Detail]:
    if one.config == other.config or all(
        m.config == shapes_text(m.parameters) for m in (one, other)
    ):
        return  # the shapes of parameters are told with these
    if one.class_name != other.class_name:
        yield Detail("config", one.config or None, other.config or None)
        return
    before, after = named_settings(one), named_settings(other)
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Detail("config", _setting(name, before), _setting(name, after))


def _setting(name: str, values: Mapping[str, str]) -> str | None:
    if name not in values:
        return None
    return values[name] if name.isdigit() else f"{name}={values[name]}"


def _mode(module: Module) -> str:
    return "train" if module.training else "eval"


def _tensors(one: Module, other: Module) -> Iterator[Detail]:
    """What differs in the parameters and buffers that two modules hold themselves."""
    parameters = _both(one.parameters, other.parameters)
    buffers = _both(one.buffers, other.buffers)
    for field, pairs in (("parameters", parameters), ("buffers", buffers)):
        for a, b in pairs:
            if a is None or b is None or a.shape != b.shape:
                yield Detail(field, _shape(a), _shape(b))  # type: ignore[arg-type]
    known = [(a, b) for a, b in parameters if a is not None and b is not None]
    tables = [(a, b) for a, b in buffers if a is not None and b is not None]
    yield from _dtypes(known, tables)
    yield from _trainable(known)
    for a, b in tables:
        if a.persistent is not b.persistent:
            yield Detail("buffers", _persistence(a), _persistence(b))
    yield from _sharing(known)
    yield from _sharing(tables)


def _both(mine: Sequence[_T], theirs: Sequence[_T]) -> list[tuple[_T | None, _T | None]]:
    """The tensors of two modules, by name."""
    before: dict[str, _T] = {tensor.name: tensor for tensor in mine}
    after: dict[str, _T] = {tensor.name: tensor for tensor in theirs}
    return [(before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))]


def _dtypes(
    parameters: Sequence[tuple[Parameter, Parameter]], buffers: Sequence[tuple[Buffer, Buffer]]
) -> Iterator[Detail]:
    """What became of another type; a buffer is named where it is not cast with the parameters."""
    cast = dict.fromkeys((a.dtype, b.dtype) for a, b in parameters if a.dtype != b.dtype)
    for first, second in cast:
        yield Detail("dtype", first, second)
    apart = [(a, b) for a, b in buffers if a.dtype != b.dtype and (a.dtype, b.dtype) not in cast]
    if apart and not parameters and len({(a.dtype, b.dtype) for a, b in apart}) == 1:
        yield Detail("dtype", apart[0][0].dtype, apart[0][1].dtype)
        return
    for a, b in apart:
        yield Detail("dtype", f"{a.name}: {a.dtype}", f"{b.name}: {b.dtype}")


def _trainable(parameters: Sequence[tuple[Parameter, Parameter]]) -> Iterator[Detail]:
    turned = [(a.name, a.trainable, b.trainable) for a, b in parameters]
    turned = [(name, was, is_now) for name, was, is_now in turned if was != is_now]
    if turned:
        whole = len(turned) == len(parameters) and len({was for _, was, _ in turned}) == 1
        for name, was, is_now in turned[:1] if whole else turned:
            of = "" if whole else f"{name}: "
            yield Detail("trainable", f"{of}{was}", f"{of}{is_now}")


def _sharing(pairs: Sequence[tuple[_T, _T]]) -> Iterator[Detail]:
    for a, b in pairs:
        if (a.shared_with is None) != (b.shared_with is None):
            tied = [f"{p.name} = {p.shared_with}" if p.shared_with else None for p in (a, b)]
            yield Detail("sharing", *tied)


def _persistence(buffer: Buffer) -> str:
    return f"{buffer.name} {'in' if buffer.persistent else 'not in'} the state dict"


def _shape(tensor: Parameter | Buffer | None, path: str = "") -> str | None:
    return None if tensor is None else f"{join(path, tensor.name)} {list(tensor.shape)}"


def model_inputs(alignment: Alignment) -> Detail | None:
    """How the inputs of the two forwards differ."""
    texts = []
    for side in (alignment.before, alignment.after):
        graph = side.graph
        if not graph.calls:
            return None
        tensors = [graph.tensors[tensor] for tensor in graph.inputs]
        texts.append(", ".join(f"{list(tensor.shape)} {tensor.dtype}" for tensor in tensors))
    return Detail("shapes", *texts) if texts[0] != texts[1] else None
