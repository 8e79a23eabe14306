"""What a picture opens by itself: as much as a page holds, and what tells something."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from modelviz import trace
from modelviz.drawing import draw
from modelviz.view import Group, View
from modelviz.view.making import Pages
from modelviz.view.options import Depth, ViewOptions
from tests.render.u_nets import U_NETS
from tests.view.showing import view_of


class Wrapper(nn.Module):
    def __init__(self, inside: nn.Module) -> None:
        super().__init__()
        self.net = inside

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Level(nn.Module):
    """A module that has another of its class inside."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(8, 8), nn.Linear(8, 8)
        self.inner = Level(levels - 1) if levels else nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(self.inner(self.down(x)))


def layers(*widths: int) -> nn.Sequential:
    return nn.Sequential(*(nn.Linear(8, 8) if i % 2 else nn.Conv1d(8, 8, 1) for i in widths))


def traced_view(model: nn.Module) -> View:
    return view_of(trace(model, (8, 8)))


def opened(view: View) -> list[str]:
    return [group.path for group in view.groups() if group.path is not None]


def test_a_module_that_only_calls_another_opens_with_that_one() -> None:
    """Ten more of these are too many to show what is in them; their frames alone tell nothing."""
    blocks = nn.Sequential(*(Wrapper(layers(*range(k + 3))) for k in range(12)))
    view = traced_view(blocks)
    assert opened(view) == [] and [n.title for n in view.nodes()].count("Wrapper") == 12
    few = traced_view(nn.Sequential(Wrapper(layers(0, 1, 2)), nn.Linear(8, 4)))
    assert opened(few) == ["0", "0.net"]


def test_siblings_of_one_class_open_together() -> None:
    """One of them only calls another, the other does more."""
    model = nn.Sequential(layers(0), *(layers(*range(k + 4)) for k in range(6)), nn.Linear(8, 3))
    view = traced_view(model)
    closed = [n.path for n in view.nodes() if n.title == "Sequential" and n.expandable]
    assert not closed or not opened(view)


def test_modules_of_one_class_inside_one_another_are_one_level() -> None:
    view = traced_view(nn.Sequential(nn.Linear(8, 8), Level(3), nn.Linear(8, 2)))
    assert [path.count("inner") for path in opened(view)] == [0, 1, 2, 3]


def test_where_they_are_too_many_some_are_open() -> None:
    view = traced_view(nn.Sequential(nn.Linear(8, 8), Level(30), nn.Linear(8, 2)))
    assert 1 <= len(opened(view)) < 12


class Uneven(nn.Module):
    """Large parts and small ones, all of them deep."""

    def __init__(self) -> None:
        super().__init__()
        self.small = nn.ModuleList(self.part(8, k) for k in range(3))
        self.body, self.head = nn.Sequential(*self.rows(80, 9)), nn.Sequential(*self.rows(64, 8))
        self.into, self.on = nn.Linear(8, 80), nn.Linear(80, 64)

    def rows(self, width: int, count: int) -> list[nn.Module]:
        kinds = [nn.Linear(width, width), nn.Softmax(-1), nn.LayerNorm(width), nn.Tanh()]
        return [kinds[k % 4] if k % 4 else nn.Linear(width, width) for k in range(count)]

    def part(self, width: int, extra: int) -> nn.Module:
        found = self.rows(width, 11 + extra)
        return type(f"Part{extra}", (nn.Sequential,), {})(*found)

    def forward(self, x: Tensor) -> Tensor:
        for part in self.small:
            x = part(x)
        return self.head(self.on(self.body(self.into(x))))


def test_what_holds_most_parameters_opens_where_not_everything_can() -> None:
    paths = opened(traced_view(Uneven()))
    assert set(paths) == {"body", "head"}


@pytest.mark.parametrize("build", [U_NETS["hourglass"], U_NETS["dynunet-2d"]])
def test_nested_nets_show_more_than_one_box(
    build: Callable[[], tuple[nn.Module, tuple[Tensor, ...]]],
) -> None:
    model, inputs = build()
    view = draw(trace(model, input_data=inputs)).view
    assert any(isinstance(item, Group) for item in view.items) and view.size > 12


def test_what_a_class_calls_by_one_name_is_open_in_all_of_its_modules_or_in_none() -> None:
    class Unit(nn.Module):
        """A unit with a branch, which in a wide one has most of the parameters."""

        def __init__(self, width: int) -> None:
            super().__init__()
            self.branch = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.branch(x).relu()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = nn.Sequential(Unit(8), Unit(8))
            self.between = nn.Linear(8, 64)
            self.wide = nn.Sequential(Unit(64), Unit(64))

        def forward(self, x: Tensor) -> Tensor:
            return self.wide(self.between(self.narrow(x)))

    graph = trace(Net(), (2, 8))
    options = ViewOptions(page=Depth(4, least=0.1))
    shown = [item for item in view_of(graph, options).walk() if item.name == "branch"]
    assert len(shown) == 2
    assert len({isinstance(item, Group) for item in shown}) == 1


class Towers(nn.Module):
    """Two kinds of modules, of which one page holds the contents of one."""

    def __init__(self, wide: int, long: int) -> None:
        super().__init__()
        self.stem, self.body = Wide(wide), Long(long)
        self.mid, self.head = nn.Linear(8, 8), Wide(wide)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.mid(self.body(self.stem(x))))


class Wide(nn.Module):
    """Branches beside one another."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(8, 8 + width) for width in range(count))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([torch.tanh(branch(x)) for branch in self.branches], 1)[:, :8]


class Long(nn.Module):
    """Layers after one another, each read by the last, too: they are in one column."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        every = [x]
        for layer in self.layers:
            every.append(torch.tanh(layer(every[-1])))
        return sum(every[1:], every[0])


def test_a_kind_of_module_that_fits_opens_where_a_whole_level_does_not() -> None:
    graph = trace(Towers(12, 6), input_data=torch.zeros(8, 8))
    assert not draw(graph, depth=2).fits
    diagram = draw(graph)
    assert diagram.fits and opened(diagram.view) == ["body"]


def test_kinds_that_are_open_besides_open_once_and_together() -> None:
    graph = trace(nn.Sequential(Level(2), nn.Linear(8, 8), Level(2)), input_data=torch.zeros(8, 8))
    options = ViewOptions(page=Depth(1, also=frozenset({"Level"})))
    assert opened(view_of(graph, options)) == ["0", "2"]


def test_places_are_given_to_the_viewer_where_a_model_has_a_form_of_its_own() -> None:
    model, inputs = U_NETS["unet"]()
    told = draw(trace(model, input_data=inputs)).to_dict()
    assert {"boxes", "curves", "upward", "labels"} <= told["places"].keys()
    assert told["places"]["upward"]
    assert "places" not in draw(trace(layers(0, 1), input_data=torch.zeros(8, 8))).to_dict()


class Named(nn.Module):
    """Layers of one class in a module with a name of its own."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.blocks = nn.ModuleList(Deep(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Deep(nn.Module):
    """A block with a skip, and a part in it that is a module of its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(nn.Linear(8, width), nn.GELU(), nn.Linear(width, 8))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.tanh(self.inside(x))


class EncoderDecoder(nn.Module):
    """Two modules that each hold a good part of the model, and more than a page of others."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.ModuleList(nn.Linear(8 + size, 9 + size) for size in range(6))
        self.fork, self.join = Wide(12), Wide(12)
        self.neck = nn.Linear(14, 8)
        self.encoder = type("Encoder", (Named,), {})(512, 6)
        self.decoder = type("Decoder", (Named,), {})(1024, 4)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.stem:
            x = torch.relu(layer(x))
        return self.decoder(self.join(self.encoder(self.fork(self.neck(x)))))


def test_what_holds_much_of_a_model_is_not_left_shut_where_it_fits() -> None:
    diagram = draw(EncoderDecoder(), (2, 8))
    titles = {group.title for group in diagram.view.groups()}
    assert {"Encoder", "Decoder"} <= titles and "Wide" not in titles
    assert diagram.fits


def test_a_module_in_repeated_blocks_counts_as_often_as_it_is_there() -> None:
    """What is in a block that is drawn once holds a twelfth of the model, and is there 12 times."""
    pages = Pages(trace(Named(128, 12), (2, 8)), ViewOptions())
    found = [shown.page.also for shown, _ in pages.further(Depth(2)) if shown.page]
    assert found == [{"Deep.Sequential"}]
