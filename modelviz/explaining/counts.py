"""Where the parameters of a layer come from: ``784·128 + 128 = 100,480``, and in words.

The numbers are those of the layer's own tensors, so that the sum is right for any class. What the
dimensions mean is said for the layers of PyTorch; of another class, the tensors are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import prod
from operator import itemgetter

from ..graph import Module, Parameter

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
"""Of a recurrent layer: each gate has weights of its own (``torch.nn.LSTM``, ``GRU``)."""
_RECURRENT = re.compile(r"(LSTM|GRU|RNN)(?:Cell)?")
_CONVOLUTION = re.compile(r"(?:Lazy)?Conv(Transpose)?[123]d")
_NORM = re.compile(r"(?:Lazy)?(?:Batch|Instance|Group|Layer|RMS|SyncBatch)Norm(?:[123]d)?")
_LINEAR = re.compile(r"(?:Lazy|NonDynamicallyQuantizable)?Linear")


@dataclass(frozen=True, slots=True)
class Term:
    """``times`` the sum of the products: ``4·(20·32 + 32·32 + 32 + 32)`` for four gates."""

    products: tuple[tuple[int, ...], ...]
    times: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """The number that it is."""
        return prod(self.times) * sum(prod(factors) for factors in self.products)

    def __str__(self) -> str:
        inner = " + ".join(_product(factors) for factors in self.products)
        if not self.times:
            return inner
        return f"{_product(self.times)}·({inner})" if len(self.products) > 1 else (
            _product((*self.times, *self.products[0]))
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the parameters of a layer add up, and what they are in words."""

    terms: tuple[Term, ...]
    words: str

    @property
    def total(self) -> int:
        """Number of elements."""
        return sum(term.total for term in self.terms)

    @property
    def sum(self) -> str:
        """``784·128 + 128``; empty for a layer without parameters."""
        return " + ".join(map(str, self.terms))

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        left, right = self.sum, f"{self.total:,}"
        return left if left == right else f"{left} = {right}"


def derivation(module: Module) -> Derivation:
    """How the parameters add up that the module holds itself, each tensor where it is first held.

    Lazy parameters, whose sizes are not known yet, count nothing.
    """
    own = [one for one in module.parameters if one.shared_with is None and not one.lazy]
    shapes = {one.name: one.shape for one in own}
    made = _of_torch(module, shapes) if own else None
    if made is None:
        terms = tuple(Term((one.shape or (1,),)) for one in own)
        made = Derivation(terms, _named(own))
    return Derivation(made.terms, _sentences(made.words, *_remarks(module)))


def derived_sum(parts: Iterable[tuple[str, int]]) -> Derivation:
    """The parameters of a block as those of the named parts in it: ``5,050 + 2·510 = 6,070``.

    Parts in a row that hold as many are told together.
    """
    terms, names = [], []
    for count, those in groupby((one for one in parts if one[1]), itemgetter(1)):
        called = [name for name, _ in those]
        terms.append(Term(((count,),), (len(called),) if len(called) > 1 else ()))
        joint = " and " if len(called) == 2 else " to "
        name = called[0] if len(called) == 1 else f"each of {called[0]}{joint}{called[-1]}"
        names.append(f"{count:,} in {name}")
    return Derivation(tuple(terms), f"{', '.join(names)}." if names else "")


# -- layers of PyTorch ----------------------------------------------------------------------------

Shapes = Mapping[str, tuple[int, ...]]


def _of_torch(module: Module, shapes: Shapes) -> Derivation | None:
    """The derivation for a layer of PyTorch; None where its tensors are not those of its class."""
    if not module.qualified_class.startswith("torch.nn."):
        return None
    name = module.class_name
    for pattern, derive in _KINDS:
        if pattern.fullmatch(name):
            return derive(name, shapes)
    return None


def _linear(name: str, shapes: Shapes) -> Derivation | None:
    found = _weight_and_bias(shapes, 2)
    if found is None:
        return None
    (outputs, inputs), bias = found
    words = f"a weight from each of the {inputs:,} inputs to each of the {outputs:,} outputs"
    return _with_bias((inputs, outputs), words, bias, "output")


def _bilinear(name: str, shapes: Shapes) -> Derivation | None:
    found = _weight_and_bias(shapes, 3)
    if found is None:
        return None
    (outputs, first, second), bias = found
    words = (
        f"a weight for each pair of the {first:,} and {second:,} inputs and each of the "
        f"{outputs:,} outputs"
    )
    return _with_bias((first, second, outputs), words, bias, "output")


def _convolution(name: str, shapes: Shapes) -> Derivation | None:
    found = _weight_and_bias(shapes, int(name[-2]) + 2)
    if found is None:
        return None
    (first, second, *window), bias = found
    seen = "×".join(map(str, window))
    if "Transpose" in name:
        words = f"a window of {seen} weights from each of the {first:,} input channels to each of "
        words += f"the {second:,} output channels that it reaches"
        return _with_bias((*window, first, second), words, bias, "output channel")
    channels = "the input channel" if second == 1 else f"each of the {second:,} input channels"
    words = f"{first:,} filters, each a window of {seen} weights for {channels} that it sees"
    return _with_bias((*window, second, first), words, bias, "filter")


def _embedding(name: str, shapes: Shapes) -> Derivation | None:
    if set(shapes) != {"weight"} or len(shapes["weight"]) != 2:
        return None
    rows, width = shapes["weight"]
    words = f"A vector of {width:,} numbers for each of the {rows:,} entries of the table."
    return Derivation((Term(((rows, width),)),), words)


def _norm(name: str, shapes: Shapes) -> Derivation | None:
    if not shapes or not set(shapes) <= {"weight", "bias"}:
        return None
    what = " and ".join({"weight": "a scale", "bias": "a shift"}[one] for one in shapes)
    shape = next(iter(shapes.values()))
    unit = "numbers" if len(shape) > 1 or name in ("LayerNorm", "RMSNorm") else "channels"
    words = f"{_capital(what)} for each of the {_product(shape)} {unit}."
    return Derivation(tuple(Term((one,)) for one in shapes.values()), words)


def _slopes(name: str, shapes: Shapes) -> Derivation | None:
    if set(shapes) != {"weight"} or len(shapes["weight"]) != 1:
        return None
    (count,) = shapes["weight"]
    each = "One slope for negative numbers" if count == 1 else "A slope for each channel"
    return Derivation((Term(((count,),)),), f"{each}.")


def _attention(name: str, shapes: Shapes) -> Derivation | None:
    weight, bias = shapes.get("in_proj_weight"), shapes.get("in_proj_bias")
    if weight is None or not set(shapes) <= {"in_proj_weight", "in_proj_bias"}:
        return None
    outputs, inputs = weight
    products = ((inputs, outputs // 3), *(() if bias is None else ((outputs // 3,),)))
    words = "Three linear maps, to queries, keys and values: each has " + (
        f"a weight from each of the {inputs:,} inputs to each of the {outputs // 3:,} outputs"
    )
    words += ", and a bias for each output." if bias is not None else "."
    return Derivation((Term(products, (3,)),), words)


def _recurrent(name: str, shapes: Shapes) -> Derivation | None:
    match = _RECURRENT.fullmatch(name)
    assert match is not None
    gates = GATES[match[1]]
    layers: list[Term] = []
    for products, those in groupby(_levels(shapes, gates)):
        copies = len(list(those))
        times = (*((copies,) if copies > 1 else ()), *((gates,) if gates > 1 else ()))
        layers.append(Term(products, times))
    if sum(term.total for term in layers) != sum(map(prod, shapes.values())):
        return None
    first = shapes.get("weight_ih_l0") or shapes["weight_ih"]
    state = (shapes.get("weight_hh_l0") or shapes["weight_hh"])[1]
    each = f"For each of {gates} gates: a" if gates > 1 else "A"
    words = (
        f"{each} weight from each of the {first[1]:,} inputs, and from each of the {state:,} "
        f"numbers of the state, to each of the {first[0] // gates:,} numbers of the new state"
    )
    words += ", and two biases for each of these." if any("bias" in one for one in shapes) else "."
    if sum("weight_ih" in one for one in shapes) > 1:
        words += " Further layers and directions have weights of their own."
    return Derivation(tuple(layers), words)


def _levels(shapes: Shapes, gates: int) -> Iterable[tuple[tuple[int, ...], ...]]:
    """For each layer and direction, the products of what one of its gates holds."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        match = re.fullmatch(r"(?:weight|bias)_[ih]h(.*)", name)
        if match is None or shape[0] % gates:
            continue
        found.setdefault(match[1], []).append((*shape[1:], shape[0] // gates))
    return [tuple(products) for products in found.values()]


_KINDS: tuple[tuple[re.Pattern[str], Callable[[str, Shapes], Derivation | None]], ...] = (
    (_LINEAR, _linear),
    (re.compile("Bilinear"), _bilinear),
    (_CONVOLUTION, _convolution),
    (re.compile("Embedding(?:Bag)?"), _embedding),
    (_NORM, _norm),
    (re.compile("PReLU"), _slopes),
    (re.compile("MultiheadAttention"), _attention),
    (_RECURRENT, _recurrent),
)


# -- words ----------------------------------------------------------------------------------------


def _weight_and_bias(shapes: Shapes, dims: int) -> tuple[tuple[int, ...], int | None] | None:
    """The shape of the weight and the size of the bias; None where there is anything else."""
    weight, bias = shapes.get("weight"), shapes.get("bias")
    if weight is None or len(weight) != dims or not set(shapes) <= {"weight", "bias"}:
        return None
    return weight, None if bias is None else prod(bias)


def _with_bias(factors: tuple[int, ...], words: str, bias: int | None, of: str) -> Derivation:
    terms = (Term((factors,)), *(() if bias is None else (Term(((bias,),)),)))
    tail = "" if bias is None else f", and a bias for each {of}"
    return Derivation(terms, f"{_capital(words)}{tail}.")


def _named(own: Iterable[Parameter]) -> str:
    names = ", ".join(f"{one.name} ({_product(one.shape) or '1'})" for one in own)
    return f"Its tensors: {names}." if names else ""


def _remarks(module: Module) -> Iterable[str]:
    """What counts nothing here, and why."""
    for one in module.parameters:
        if one.shared_with is not None:
            yield f"Its {one.name} is {one.shared_with}, and is counted there."
        elif one.lazy:
            yield f"The size of its {one.name} is known after the first forward."
    if module.parameters and module.buffers and _NORM.fullmatch(module.class_name):
        yield "Its running mean and variance are not trained: they are buffers."


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _product(factors: Iterable[int]) -> str:
    return "·".join(f"{factor:,}" for factor in factors)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
