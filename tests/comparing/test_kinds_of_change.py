"""Changes of many kinds, each named alone; the other way round the same ones, mirrored."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz import ModelGraph
from modelviz.analysis.figures import NOTHING
from modelviz.comparing import Change, Diff, diff
from modelviz.sources.weights import tree
from tests.comparing.models import INPUT, Adapted, Block, Net

MIRRORED = {"added": "removed", "removed": "added"}


def graph_of(model: nn.Module) -> ModelGraph:
    return modelviz.trace(model, INPUT)


def told(change: Change) -> tuple[str, str | None, str | None, int]:
    return change.kind, change.before, change.after, len(change.also)


def compared(one: nn.Module, other: nn.Module) -> Diff:
    """The diff, whose costs add up and which is mirrored the other way round."""
    return compared_graphs(graph_of(one), graph_of(other))


def compared_graphs(one: ModelGraph, other: ModelGraph) -> Diff:
    found = diff(one, other)
    back = diff(found.after, found.before)
    for each in (found, back):
        costs = sum((change.cost for change in each.changes), NOTHING)
        assert costs == each.totals.difference
    mirrored = Counter(
        (MIRRORED.get(c.kind, c.kind), c.after, c.before, len(c.also)) for c in back.changes
    )
    assert mirrored == Counter(map(told, found.changes)), f"{found}\n{back}"
    return found


def only(found: Diff) -> Change:
    (change,) = found.changes
    return change


def in_block(place: int, name: str, make: Callable[[Any], nn.Module]) -> nn.Module:
    model = Net()
    block = model.blocks[place]
    setattr(block, name, make(getattr(block, name)))
    return model


class Holder(nn.Module):
    """Some blocks and a head, in the order and under the names that it is given."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        self.embed = nn.Linear(8, 16)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Any) -> Any:
        x = self.embed(x)
        for part in [*self.children()][1:]:
            for layer in part if isinstance(part, nn.ModuleList) else [part]:
                x = layer(x)
        return x


def blocks(count: int = 3) -> nn.ModuleList:
    return nn.ModuleList(Block() for _ in range(count))


def test_a_list_that_is_renamed_and_longer() -> None:
    found = compared(Holder(blocks=blocks(), head=nn.Linear(16, 5)), Holder(layers=blocks(5), head=nn.Linear(16, 5)))  # fmt: skip  # noqa: E501
    assert [told(one)[:3] for one in found.changes] == [
        ("renamed", "blocks", "layers"),
        ("changed", "blocks.0", "layers.0"),
    ]
    assert found.changes[1].details[0].field == "copies"


def test_parts_that_are_put_into_a_new_container() -> None:
    norm = nn.LayerNorm(16)
    one = Holder(blocks=blocks(), norm=norm, head=nn.Linear(16, 5))
    inner = Holder(blocks=one.blocks, norm=norm)  # type: ignore[arg-type]
    inner.register_module("embed", nn.Identity())
    found = compared(one, Holder(encoder=inner, head=nn.Linear(16, 5)))
    assert [told(change)[:3] for change in found.changes] == [
        ("added", None, "encoder"),
        ("moved", "blocks", "encoder.blocks"),
        ("moved", "norm", "encoder.norm"),
    ]


def test_two_layers_that_changed_places() -> None:
    layers = [nn.Linear(8, 8), nn.LayerNorm(8), nn.Tanh(), nn.GELU()]
    swapped = [layers[0], layers[3], layers[2], layers[1]]
    change = only(diff(*(graph_of(nn.Sequential(*row)) for row in (layers, swapped))))
    assert change.kind == "moved" and {change.before, change.after} == {"1", "3"}
    assert len(change.also) == 1


class Shifted(nn.Module):
    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        return self.layer(x.roll(self.shift, -1))


@pytest.mark.parametrize(
    ("after", "kind"),
    [((1, 3, 2, 4), "moved"), ((1, 2, 9, 4), "changed"), ((2, 3, 4), "removed"),
     ((1, 2, 9, 3, 4), "added")],
)  # fmt: skip
def test_blocks_of_one_class_in_a_row(after: tuple[int, ...], kind: str) -> None:
    rows = [nn.Sequential(*map(Shifted, row)) for row in ((1, 2, 3, 4), after)]
    assert only(compared(*rows)).kind == kind


def test_a_layer_in_parts_of_its_own_is_one_change() -> None:
    norm = nn.utils.parametrizations.weight_norm
    change = only(compared(Net(), in_block(1, "mlp", lambda mlp: nn.Sequential(norm(mlp[0]), *mlp[1:]))))  # fmt: skip  # noqa: E501
    assert change.path == "blocks.1.mlp.0" and {d.field for d in change.details} == {"parameters"}
    assert {d.before for d in change.details} == {"weight [64, 16]", None}


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Linear(16, 32)
        self.out = nn.Linear(32, 16)

    def forward(self, x: Any) -> Any:
        return self.out(self.into(x).relu())


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("mlp", lambda mlp: Mixer()),
        ("norm", lambda norm: nn.Sequential(nn.Tanh(), nn.Hardtanh())),
        ("dropout", lambda dropout: nn.Sequential(nn.Dropout(0.1), nn.Tanh())),
    ],
)
def test_a_part_that_another_one_took_the_place_of(name: str, make: Any) -> None:
    change = only(compared(Net(), in_block(1, name, make)))
    assert told(change) == ("changed", f"blocks.1.{name}", f"blocks.1.{name}", 0)
    assert change.details[0].field == "class"


def test_a_wrapper_that_is_called_as_what_it_wraps() -> None:
    other = type("Linear", (Adapted,), {"__module__": "tests.elsewhere"})
    one, two = Net(), Net()
    two.head = other(two.head)
    change = only(compared(one, two))
    assert change.path == "head"
    assert change.details[0].before == "torch.nn.modules.linear.Linear"


class Tables(nn.Module):
    def __init__(self, dtype: torch.dtype = torch.float32, persistent: bool = True) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.register_buffer("table", torch.zeros(8, dtype=dtype), persistent)

    def forward(self, x: Any) -> Any:
        return self.layer(x) + self.table


def test_buffers_of_another_type_or_left_out_of_the_state_dict() -> None:
    (dtype,) = only(compared(Tables(), Tables(torch.float16))).details
    assert (dtype.field, dtype.before, dtype.after) == ("dtype", "float32", "float16")
    (kept,) = only(compared(Tables(), Tables(persistent=False))).details
    assert (kept.field, kept.after) == ("buffers", "table not in the state dict")


class Gate(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.both = nn.Linear(8, 16)

    def forward(self, x: Any) -> Any:
        a, b = self.both(x).chunk(2, -1)
        if self.how == "halves":
            a, b = b, a
        y = x - a if self.how == "difference" else a - x
        return (b, y) if self.how == "results" else (y, b)


@pytest.mark.parametrize("how", ["halves", "difference", "results"])
def test_what_reads_from_something_else(how: str) -> None:
    change = only(compared(Gate(""), Gate(how)))
    assert {detail.field for detail in change.details} == {"flow"}


class Late(nn.Module):
    def __init__(self, late: bool) -> None:
        super().__init__()
        self.cell = Step(late)

    def forward(self, x: Any) -> Any:
        return self.cell(self.cell(x, 0), 1)


class Step(nn.Module):
    def __init__(self, late: bool) -> None:
        super().__init__()
        self.late = late
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Any, turn: int) -> Any:
        y = self.layer(x)
        return y.relu() if self.late and turn else y.tanh()


def test_a_later_call_that_differs() -> None:
    assert only(compared(Late(False), Late(True))).path == "cell"


def test_the_same_change_of_every_block_is_one_with_the_others_named() -> None:
    def wider(model: Net) -> Net:
        for block in model.blocks:
            block.mlp = nn.Sequential(nn.Linear(16, 48), nn.GELU(), nn.Linear(48, 16))
        return model

    change = only(compared(Net(), wider(Net())))
    assert change.path == "blocks.0.mlp.0"
    assert change.also == ("blocks.1.mlp.0", "blocks.2.mlp.0", "blocks.3.mlp.0")
    assert change.consequences == tuple(f"blocks.{i}.mlp.2" for i in range(4))


def test_a_rate_is_no_size() -> None:
    def rates(attention: float, other: float) -> nn.Module:
        layer = nn.TransformerEncoderLayer(8, 2, 16, other, batch_first=True)
        layer.self_attn.dropout = attention
        return layer

    found = compared(rates(0.1, 0.1), rates(0.3, 0.3))
    assert all(not change.consequences for change in found.changes)
    assert sum(1 + len(change.also) for change in found.changes) == 4


def test_what_one_change_makes_is_not_put_on_another() -> None:
    def model(width: int, eps: float) -> nn.Module:
        hidden = nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 8)
        return nn.Sequential(*hidden, nn.LayerNorm(8, eps), nn.Linear(8, 4))

    first, second = compared(model(16, 1e-5), model(32, 1e-3)).changes
    assert (first.path, first.consequences) == ("0", ("2",))
    assert (second.path, second.consequences, second.cost.params) == ("3", (), 0)


def test_one_that_ran_and_one_that_did_not() -> None:
    alone = modelviz.trace(Net(), execution="none")
    found = diff(graph_of(Net()), alone)
    assert not found and "Only one of the two was run" in str(found) + found.to_markdown()
    assert only(diff(alone, graph_of(Net(blocks=6)))).details[0].field == "copies"


def test_a_class_that_is_renamed_in_a_row_of_another_length() -> None:
    other = type("Other", (Block,), {})
    one, two = Net(), Net()
    two.blocks = nn.ModuleList(other() for _ in range(6))
    fields = [change.details[0].field for change in compared(one, two).changes]
    assert sorted(fields) == ["class", "copies"]


def test_signs_that_are_in_the_picture_are_explained_in_its_title() -> None:
    found = diff(graph_of(Holder(blocks=blocks())), graph_of(Holder(layers=blocks())))
    view = found.draw().view
    assert view.name.endswith("1 change (» renamed)")
    own = [sign for item in view.walk() for sign in item.signs if not sign.inside]
    assert [sign.word for sign in own] == ["was blocks"]


def test_two_files_of_the_same_weights_differ_in_nothing() -> None:
    def file(name: str) -> ModelGraph:
        graph = modelviz.trace(Net(), execution="none")
        root = replace(graph.modules[0], class_name=name, qualified_class="")
        return replace(graph, name=name, modules=(root, *graph.modules[1:]))

    assert not diff(file("one.safetensors"), file("two.safetensors"))


class Tied(nn.Module):
    """Two places with one weight, buffers in the state dict, and one that is not in it."""

    def __init__(self, features: int = 6) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.norm = nn.BatchNorm1d(4)
        self.out = nn.Linear(4, features)
        self.head = nn.Linear(4, 9, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("table", torch.zeros(3), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.embed(x).mean(1)))


@pytest.mark.parametrize("both_names", [True, False])
def test_a_file_of_weights_beside_the_model_that_it_is_of(both_names: bool) -> None:
    def file(model: nn.Module) -> ModelGraph:
        state = model.state_dict()
        if not both_names:  # as save_model of safetensors leaves them out
            state.pop("head.weight")
        shapes = ((n, tuple(t.shape), str(t.dtype)[6:], t.nbytes) for n, t in state.items())
        return tree("tied.safetensors", shapes)

    model = modelviz.trace(Tied(), input_data=torch.zeros(2, 3, dtype=torch.long))
    same = diff(file(Tied()), model)
    assert not same and "file of weights" in str(same)
    wider = compared_graphs(model, file(Tied(8)))
    change = only(wider)
    assert (change.path, change.cost.params) == ("out", 10)
    told = ["parameters: weight [6, 4] → weight [8, 4]", "parameters: bias [6] → bias [8]"]
    assert list(map(str, change.details)) == told
    assert "file of weights" in wider.to_markdown() and wider.draw().svg
    (cast,) = diff(model, file(Tied().half())).changes
    assert list(map(str, cast.details)) == ["dtype: float32 → float16"]


def test_one_child_gone_and_another_renamed() -> None:
    one = Holder(blocks=blocks(), drop=nn.Dropout(0.2), head=nn.Linear(16, 5))
    found = compared(one, Holder(layers=blocks(), head=nn.Linear(16, 5)))
    assert {told(change)[:3] for change in found.changes} == {
        ("renamed", "blocks", "layers"),
        ("removed", "drop", None),
    }


class Ordered(nn.Module):
    """Two layers in one order or the other; a third one may weigh what they give."""

    def __init__(self, first: str = "norm", gate: bool = False) -> None:
        super().__init__()
        self.norm, self.act = nn.LayerNorm(16), nn.GELU()
        self.first, self.gate = first, nn.Linear(16, 16) if gate else None

    def forward(self, x: Any) -> Any:
        y = self.act(self.norm(x)) if self.first == "norm" else self.norm(self.act(x))
        return x + (y if self.gate is None else y * self.gate(x))


def steps(**options: Any) -> nn.Module:
    return Holder(one=Ordered(**options), rows=nn.ModuleList(Ordered(**options) for _ in range(3)))


def test_layers_in_another_order_came_and_went_nowhere() -> None:
    change = only(compared(steps(), steps(first="act")))
    assert (change.after, len(change.also)) == ("one", 3)
    assert {detail.field for detail in change.details} == {"flow"}
    assert "reads" in str(change.details[0])


def test_what_comes_in_each_block_is_one_change() -> None:
    changes = compared(steps(), steps(gate=True)).changes
    use, gate = changes[0], [change for change in changes if change.kind == "added"]
    assert [(c.after, len(c.also)) for c in gate] == [("one.gate", 0), ("rows.0.gate", 2)]
    assert str(use.details[0]) == "ops: + mul" and len(changes) == 3


def test_a_sequence_around_the_one_that_was_there() -> None:
    inner = nn.Sequential(nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 16))
    around = nn.Sequential(nn.LayerNorm(16), copy.deepcopy(inner))
    change = only(compared(Holder(part=inner), Holder(part=around)))
    assert str(change.details[0]) == "class: Sequential → Sequential around it, as part.1"
    assert change.cost.params == 32


def test_other_sizes_after_what_came_are_told_with_it() -> None:
    one = Holder(stem=nn.Linear(16, 16), head=nn.Linear(16, 5))
    two = Holder(stem=nn.Linear(16, 16), wide=nn.Linear(16, 24), head=nn.Linear(24, 5))
    two.stem = nn.Sequential(nn.Linear(16, 16), nn.ReLU())
    first, second = compared(one, two).changes
    assert (first.path, first.consequences) == ("stem", ())
    assert (second.path, second.consequences) == ("wide", ("head",))
    assert second.cost.params == 16 * 24 + 24 + 8 * 5


class Attends(nn.Module):
    def forward(self, x: Any, mask: Any = None) -> Any:
        return nn.functional.scaled_dot_product_attention(x, x, x, mask)


class Masked(nn.Module):
    """Gives a mask to a layer, or does not."""

    def __init__(self, masked: bool) -> None:
        super().__init__()
        self.first, self.second, self.masked = Attends(), Attends(), masked

    def forward(self, x: Any) -> Any:
        mask = (torch.zeros(6, 6).fill_diagonal_(-1.0),) if self.masked else ()
        return self.second(self.first(x, *mask), *mask)


def test_a_further_argument_is_one_change_where_it_is_given() -> None:
    change = only(compared(Masked(False), Masked(True)))
    assert change.after == "" and "zeros" in str(change.details[0])


class Halved(nn.Module):
    """Pictures of half the size, in a shape that it says in numbers."""

    def __init__(self, stride: int = 2) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(4, 4, 3, stride))

    def forward(self, x: Any) -> Any:
        batch, steps, *shape = x.shape
        y = self.conv(x.reshape(batch * steps, *shape))
        return y.reshape(batch, steps, y.size(1), y.size(2), y.size(3))


def test_numbers_of_a_forward_follow_from_sizes_that_its_parts_give() -> None:
    one, other = (nn.Sequential(Halved(stride), Halved(), Halved()) for stride in (2, 1))
    graphs = [modelviz.trace(model, (1, 3, 4, 32, 32)) for model in (one, other)]
    for before, after in (graphs, graphs[::-1]):
        change = only(diff(before, after))
        assert told(change) == ("changed", "0.conv.1", "0.conv.1", 0)
        assert [detail.field for detail in change.details] == ["config"]
        assert change.consequences == ("0", "1", "2")


class Computing(nn.Module):
    """Two layers, and a function of them."""

    def __init__(self, compute: Callable[[nn.Module, nn.Module, torch.Tensor], Any]) -> None:
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)
        self.compute = compute

    def forward(self, x: torch.Tensor) -> Any:
        return self.compute(self.a, self.b, x)


class ComputingAnew(Computing):
    """The next version, under a name of its own."""


def details_of(one: nn.Module, other: nn.Module) -> dict[str | None, list[str]]:
    found = compared(one, other)
    assert bool(found) == bool(found.changes)
    return {change.after: list(map(str, change.details)) for change in found.changes}


def test_of_a_class_under_another_name_it_is_told_what_it_computes_otherwise() -> None:
    before = Computing(lambda a, b, x: b(a(x).relu()))
    after = ComputingAnew(lambda a, b, x: b(nn.functional.gelu(a(x))) + x)
    expected = ["class: Computing → ComputingAnew", "ops: relu → gelu", "ops: + add"]
    assert details_of(before, after) == {"": expected}
    rows = [nn.Sequential(nn.Sequential(model), nn.Linear(8, 2)) for model in (before, after)]
    assert details_of(*rows) == {"0.0": expected}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda a, b, x: {"b": b(x), "a": a(x)}, ()),
        (lambda a, b, x: {"c": a(x), "b": b(x)}, ("the result has a", "the result has c")),
        (
            lambda a, b, x: {"b": a(x), "a": b(x)},
            ("the result is a=a(), b=b()", "the result is a=b(), b=a()"),
        ),
        (lambda a, b, x: (a(x), b(x)), ("the result is a=a(), b=b()", "the result is a(), b()")),
    ],
)
def test_the_names_under_which_a_result_is_read(result: Any, expected: tuple[str, ...]) -> None:
    before = Computing(lambda a, b, x: {"a": a(x), "b": b(x)})
    found = details_of(before, Computing(result))
    assert found == ({"": [f"flow: {' → '.join(expected)}"]} if expected else {})


def test_of_keys_that_differ_in_a_number_the_first_is_named() -> None:
    before = Computing(lambda a, b, x: {"y": b(a(x))})
    after = Computing(lambda a, b, x: {"y": b(a(x)), "states": [x + 1, x + 2, x + 3]})
    found = details_of(before, after)[""]
    assert "flow: + the result has states[0] and 2 more" in found


class Attending(nn.Module):
    """Gives what it computed, and beside it how, where there is a mask."""

    def forward(self, x: Any, mask: Any, scale: Any, shift: Any) -> Any:
        if mask is None:
            return x * scale - shift, None
        return (x + mask) * scale - shift, mask * 2


class AroundAttending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = Attending()

    def forward(self, x: Any, mask: Any, shift: Any, scale: Any) -> Any:
        y, weights = self.part(x, mask, scale, shift)
        return y + x, weights


class Given(nn.Module):
    """Hands a mask to its layer or none, before two other arguments."""

    def __init__(self, masked: bool) -> None:
        super().__init__()
        self.layer = AroundAttending()
        self.masked = masked

    def forward(self, x: Any) -> Any:
        return self.layer(x, x.sign() if self.masked else None, x.cos(), x.exp())[0]


def test_what_comes_before_other_arguments_or_beside_a_result_moves_none_of_them() -> None:
    assert details_of(Given(False), Given(True)) == {
        "": ["ops: + sign"],
        "layer": ["flow: the result is add → the result is add, part()[1]"],
        "layer.part": ["ops: + add", "ops: + mul"],
    }


def test_autocast_is_another_dtype_where_it_begins() -> None:
    def cast(a: nn.Module, b: nn.Module, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return b(a(x).relu())  # type: ignore[no-any-return]

    before = Computing(lambda a, b, x: b(a(x).relu()))
    found = details_of(before, Computing(cast))
    assert found == {"a": ["dtype: linear: float32 → linear: bfloat16"]}


def test_which_of_two_models_takes_other_inputs_and_what_to_do() -> None:
    one, other = nn.Sequential(nn.Linear(8, 2)), nn.Sequential(nn.Linear(8, 2)).double()
    data = torch.zeros(3, 8)
    with pytest.raises(modelviz.TraceError) as caught:
        diff(one, other, input_data=data)
    *_, side, remedy = str(caught.value).splitlines()
    assert side == "  this is the second of the two"
    assert remedy.endswith("diff(trace(a, …), trace(b, …))")
    graphs = [modelviz.trace(one, input_data=data), modelviz.trace(other, input_data=data.double())]
    assert list(map(str, only(diff(*graphs)).details)) == ["dtype: float32 → float64"]


class Around(nn.Module):
    """A model with a head of its own after the one that it is given."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> Any:
        return self.head(self.backbone(x))


def test_of_a_model_inside_another_it_is_told_where_it_is_and_what_else_is_there() -> None:
    before = Computing(lambda a, b, x: b(a(x)))
    around, head = compared(before, Around(copy.deepcopy(before))).changes
    assert list(map(str, around.details)) == ["class: Computing → Around around it, as backbone"]
    assert not around.cost.params
    assert (head.kind, head.path, head.cost.params) == ("added", "head", 18)


class Rows(nn.Module):
    """Blocks of two layers in a list, under the names that it is given."""

    def __init__(self, blocks: str, *layers: str) -> None:
        super().__init__()
        made = [nn.ModuleDict({name: nn.Linear(8, 8) for name in layers}) for _ in range(2)]
        setattr(self, blocks, nn.ModuleList(made))
        self.head = nn.Linear(8, 2)
        self.blocks_name = blocks

    def forward(self, x: torch.Tensor) -> Any:
        for block in getattr(self, self.blocks_name):
            for layer in block.values():
                x = layer(x).relu()
        return self.head(x)


def test_a_list_and_what_its_blocks_hold_are_renamed_at_once() -> None:
    found = compared(Rows("blocks", "up", "down"), Rows("layers", "first", "second"))
    assert sorted(map(told, found.changes), key=str) == [
        ("renamed", "blocks", "layers", 0),
        ("renamed", "blocks.0.down", "layers.0.second", 1),
        ("renamed", "blocks.0.up", "layers.0.first", 1),
    ]
    assert not any(change.details or change.cost.params for change in found.changes)


class Patches(nn.Module):
    """Patches of a picture, whose number is the product of their height and width."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x.view(2, 8, 1, 1).expand(2, 8, 8, 8))
        return x.reshape(2, 8, x.shape[2] * x.shape[3])


def test_a_number_of_patches_follows_from_their_size() -> None:
    one, other = (modelviz.trace(Patches(size), (2, 8)) for size in (4, 2))
    change = only(diff(one, other))
    assert (change.path, change.consequences) == ("conv", ("",))


def test_what_a_container_holds_in_the_place_of_a_layer_is_named() -> None:
    def with_head(*layers: nn.Module) -> nn.Module:
        model = Computing(lambda a, b, x: b(a(x)))
        model.b = nn.Sequential(*layers) if len(layers) > 1 else layers[0]  # type: ignore[assignment]
        return model

    other = compared(with_head(nn.Linear(8, 8)), with_head(nn.Dropout(), nn.Linear(8, 3)))
    assert str(only(other).details[0]) == "class: Linear → Sequential(Dropout, Linear)"
    around = compared(with_head(nn.Linear(8, 8)), with_head(nn.Linear(8, 8), nn.ReLU()))
    assert list(map(str, only(around).details)) == ["class: Linear → Sequential(Linear, ReLU)"]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (lambda y: y, lambda y: (y, y), "flow: the result is a() → the result is [0], [1]=a()"),
        (lambda y: {1: y}, lambda y: {2: y}, "flow: the result has [1] → the result has [2]"),
        (lambda y: {"[a": y}, lambda y: {"b": y}, "flow: the result has [a → the result has b"),
        (lambda y: (y, y * 2), lambda y: [y, y * 2], None),
        (lambda y: {0: y}, lambda y: (y,), None),
    ],
)
def test_where_a_result_is_given(one: Any, other: Any, told: str | None) -> None:
    def giving(result: Any) -> nn.Module:
        return Computing(lambda a, b, x: result(a(x)))

    found = compared(giving(one), giving(other)).changes
    assert [str(detail) for change in found for detail in change.details] == (
        [told] if told else []
    )


def test_parameters_that_a_list_loses_are_told_alone() -> None:
    class Prompts(nn.Module):
        def __init__(self, count: int) -> None:
            super().__init__()
            self.prompts = nn.ParameterList([torch.zeros(8) for _ in range(count)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + sum(self.prompts)

    found = {c.before: list(map(str, c.details)) for c in compared(Prompts(3), Prompts(2)).changes}
    assert found["prompts"] == ["parameters: − 2 [8]"]
