"""Which line belongs to which part of a model."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import torch

from modelviz import trace
from modelviz.lessons.lines import Lines, source_lines
from modelviz.sources.python import from_file


@pytest.fixture
def lines_of(tmp_path: Path) -> object:
    def found(code: str, *shape: int) -> tuple[Lines, dict[str, int]]:
        """The lines of the code, and the numbers of those that end in a comment, by its text."""
        source = dedent(code)
        file = tmp_path / "net.py"
        file.write_text(source)
        model = from_file(file, "Net").model
        assert isinstance(model, torch.nn.Module)
        graph = trace(model, input_data=(torch.rand(*shape),))
        marked = {
            text.rpartition("# ")[2]: number
            for number, text in enumerate(source.split("\n"), 1)
            if "# " in text
        }
        return source_lines(source, graph, str(file)), marked

    return found


def test_making_using_and_nesting(lines_of: object) -> None:
    found, at = lines_of(  # type: ignore[operator]
        """
        from collections import OrderedDict
        import torch
        from torch import nn

        class Block(nn.Module):  # block
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(4, 4)  # a
                self.unused = nn.Linear(4, 4)  # unused

            def forward(self, x):  # not the model's
                return torch.relu(self.a(x))  # use a

        class Net(nn.Module):  # net
            def __init__(self):
                super().__init__()
                self.named = nn.Sequential(OrderedDict([  # named
                    ("first", nn.Linear(4, 4)),  # first
                    ("second", Block()),  # second
                ]))
                self.many = nn.ModuleList([Block() for _ in range(2)])  # many
                self.pair = nn.ModuleDict({
                    "p": nn.Identity(),  # p
                    "q": nn.Tanh(),  # q
                })

            def forward(self, x):  # in
                x = self.named(x)  # use named
                for block in self.many:  # loop
                    x = block(x)  # each
                return self.pair["q"](x) + 1  # out
        """,
        2,
        4,
    )
    modules = {name: found.modules.get(line, ()) for name, line in at.items()}
    assert modules["net"] == ("",)
    assert set(modules["block"]) == {"named.second", "many.0", "many.1"}
    assert set(modules["a"]) == {f"{path}.a" for path in modules["block"]}
    assert set(modules["unused"]) == {f"{path}.unused" for path in modules["block"]}
    assert set(modules["use a"]) == {f"{path}.a" for path in modules["block"]}
    assert modules["named"] == modules["use named"] == ("named",)
    assert modules["first"] == ("named.first",)
    assert modules["second"] == ("named.second",)
    assert modules["many"] == modules["loop"] == ("many",)
    assert modules["p"] == ("pair.p",)
    assert modules["q"] == ("pair.q",)
    assert modules["out"] == ("pair.q",)
    assert found.inputs == {at["in"]}
    assert found.outputs == {at["out"]}
    # The relu of each block, and the sum at the end, run in the lines themselves.
    assert len(found.ops[at["use a"]]) == 3
    assert len(found.ops[at["out"]]) == 1


def test_what_cannot_be_read_off_the_source_is_left_alone(lines_of: object) -> None:
    found, at = lines_of(  # type: ignore[operator]
        """
        from torch import nn

        def layers():
            return [nn.Linear(4, 4), nn.ReLU()]  # elsewhere

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(*layers())  # body
                for name in ("left", "right"):
                    setattr(self, name, nn.Linear(4, 4))  # by name

            def forward(self, x):
                return self.right(self.left(self.body(x)))  # use
        """,
        1,
        4,
    )
    assert found.modules[at["body"]] == ("body",)
    assert at["elsewhere"] not in found.modules
    assert at["by name"] not in found.modules
    assert {"left", "right", "body"} <= set(found.modules[at["use"]])


def test_a_base_class_in_the_same_source(lines_of: object) -> None:
    found, at = lines_of(  # type: ignore[operator]
        """
        from torch import nn

        class Base(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 2)  # fc

            def forward(self, x):  # in
                return self.fc(x)

        class Net(Base):
            pass
        """,
        1,
        4,
    )
    assert found.modules[at["fc"]] == ("fc",)


def test_text_that_is_no_python_belongs_to_nothing() -> None:
    graph = trace(torch.nn.Linear(2, 2), input_size=(1, 2))
    assert source_lines("class (", graph, "net.py").modules == {}
