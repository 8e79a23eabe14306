"""``modelviz.check``: what it takes, what it leaves alone, and how a report reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz import InputError, TraceError
from modelviz.checking import RULES, Report, check


class Net(nn.Module):
    """Two faults: a parameter that is cut off, and dropout that is always on."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x: Any) -> Any:
        y = nn.functional.dropout(self.encoder(x).relu(), 0.5)
        return self.head(y.detach())


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report]


def test_findings_name_the_place_and_the_remedy() -> None:
    report = modelviz.check(Net(), (4, 8))
    by_code = {finding.code: finding for finding in report}
    dropout = by_code["MV302"]
    assert dropout.file == __file__ and dropout.level == "error"
    assert (
        "dropout(self.encoder(x).relu()"
        in Path(__file__).read_text().splitlines()[dropout.line - 1]
    )
    assert dropout.op is not None and report.graph.ops[dropout.op].name == "dropout"
    cut = by_code["MV301"]
    assert "encoder.bias, encoder.weight" in cut.message and "detach" in cut.message
    assert report.exit_code == 1 and report.counts["error"] == 2


def test_a_sound_model_has_no_errors_and_warnings() -> None:
    report = check(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2)), (4, 8))
    assert not report.findings and report.exit_code == 0 and not report
    assert set(report.skipped) == set()


def test_select_and_ignore() -> None:
    assert codes(check(Net(), (4, 8), select=["MV302"])) == ["MV302"]
    assert codes(check(Net(), (4, 8), select="MV3")) == ["MV301", "MV302"]
    assert codes(check(Net(), (4, 8), select="no-gradient")) == ["MV301"]
    assert codes(check(Net(), (4, 8), ignore="MV301,dropout-always-on")) == []
    with pytest.raises(InputError, match="no rule has the code or name 'MV9'"):
        check(Net(), (4, 8), select="MV9")


def test_settings_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.modelviz]\nignore = ["MV301"]\n')
    monkeypatch.chdir(tmp_path / "inside")
    assert codes(check(Net(), (4, 8))) == ["MV302"]
    assert codes(check(Net(), (4, 8), ignore="MV302")) == ["MV301"]
    (tmp_path / "pyproject.toml").write_text("[tool.modelviz\n")
    with pytest.raises(InputError, match="cannot read the settings"):
        check(Net(), (4, 8))


@pytest.mark.parametrize(
    ("remark", "told"),
    [
        ("", True),
        ("  # modelviz: ignore", False),
        ("  # modelviz: ignore[MV302]", False),
        ("  # modelviz: ignore[MV301, dropout-always-on]", False),
        ("  # modelviz: ignore[MV301]", True),
    ],
)
def test_remarks_in_the_source(remark: str, told: bool, tmp_path: Path) -> None:
    source = (
        "import torch.nn.functional as F\nfrom torch import nn\n"
        "class Net(nn.Module):\n"
        "    def forward(self, x):\n"
        f"        return F.dropout(x, 0.5){remark}\n"
    )
    file = tmp_path / f"net{abs(hash(remark))}.py"
    file.write_text(source)
    names: dict[str, Any] = {"__name__": "net"}
    exec(compile(source, str(file), "exec"), names)
    assert ("MV302" in codes(check(names["Net"](), (4, 8)))) is told


def test_nothing_of_the_model_changes() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), Net()).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    attributes = {path: dict(vars(module)) for path, module in model.named_modules()}
    state = torch.get_rng_state()
    check(model, (4, 8))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    for path, module in model.named_modules():
        now = vars(module)
        assert now.keys() == attributes[path].keys()
        assert all(now[name] is value for name, value in attributes[path].items())
        assert module.training and not module._forward_hooks and not module._forward_pre_hooks
    assert model[0].weight.grad is None


def test_a_graph_is_looked_at_as_far_as_it_tells() -> None:
    report = check(modelviz.trace(Net().eval(), (4, 8)))
    assert codes(report) == ["MV302"]
    assert report.skipped["MV301"] == "a graph was given, not the model"
    assert report.skipped["MV601"] == "a graph holds no weights"


def test_a_failing_forward_and_a_loss_that_is_none() -> None:
    with pytest.raises(TraceError):
        check(Net(), (4, 9))
    with pytest.raises(InputError, match="expected a loss module"):
        check(Net(), (4, 8), loss=3)
    with pytest.raises(InputError, match="did you mean 'cross_entropy'"):
        check(Net(), (4, 8), loss="crossentrpy")


def test_a_rule_that_is_selected_alone_has_all_that_it_needs() -> None:
    model = nn.Sequential(nn.Linear(8, 3), nn.Softmax(0))
    for select in ("MV204", "MV209"):
        report = check(model, (4, 8), select=(select,))
        assert not report.skipped and codes(report) == ["MV204"] * (select == "MV204")
    assert check(model, (4, 8), select=("MV204",))[0].file is None  # no line of the user's


def test_of_a_model_on_meta_only_its_values_are_not_known() -> None:
    report = check(Net().to("meta"), (4, 8))
    assert codes(report) == ["MV301", "MV302"]
    assert report.skipped["MV204"] == "the model has no data"


@pytest.mark.parametrize(
    ("activation", "loss", "told"),
    [
        (nn.Softmax(-1), nn.CrossEntropyLoss(), True),
        (nn.Softmax(-1), nn.functional.cross_entropy, True),
        (nn.Softmax(-1), "cross_entropy", True),
        (nn.Sigmoid(), nn.BCEWithLogitsLoss(), True),
        (nn.Sigmoid(), nn.BCELoss(), False),
        (nn.LogSoftmax(-1), nn.NLLLoss(), False),
        (nn.Softmax(-1), nn.NLLLoss(), True),
        (nn.Identity(), nn.CrossEntropyLoss(), False),
    ],
)
def test_losses(activation: nn.Module, loss: Any, told: bool) -> None:
    model = nn.Sequential(nn.Linear(8, 3), activation)
    assert ("MV402" in codes(check(model, (4, 8), loss=loss))) is told


def test_a_block_that_repeats_is_told_once() -> None:
    model = nn.Sequential(*[_Block() for _ in range(12)])
    found = [one for one in check(model, (4, 8)) if one.code == "MV302"]
    assert len(found) == 1 and "in 11 more like it" in found[0].message


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x: Any) -> Any:
        return x + nn.functional.dropout(self.linear(x).relu(), 0.1)


def test_forms_of_a_report() -> None:
    report = check(Net(), (4, 8))
    text = str(report)
    assert "✖ MV302 dropout-always-on" in text and "Net: 2 errors" in text
    assert json.loads(report.to_json())["counts"] == {"error": 2, "warning": 0, "info": 0}
    log = report.to_sarif()
    assert log["version"] == "2.1.0"
    run = log["runs"][0]
    assert len(run["tool"]["driver"]["rules"]) == len(RULES)
    first = run["results"][0]
    region = first["locations"][0]["physicalLocation"]["region"]
    assert first["level"] == "error" and region["startLine"] == report[0].line
    command = report.to_github().splitlines()[0]
    assert command.startswith("::error file=") and f"line={report[0].line}" in command
    assert "%0A" in command
    assert report.to_markdown().count("\n| ✖ |") == 2
    assert "MV301" in report._repr_html_()


def test_names_are_escaped() -> None:
    class Odd(nn.Module):
        def forward(self, x: Any) -> Any:
            return nn.functional.dropout(x, 0.5)

    Odd.__name__ = "<b>|x|</b>"
    report = check(Odd(), (2, 2))
    assert "&lt;b&gt;|x|" in report._repr_html_() and "<b>|x|" not in report._repr_html_()
    assert r"\<b\>\|x\|" in report.to_markdown()


class Contrastive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 4), nn.Linear(8, 4)

    def forward(self, x: Any, y: Any) -> Any:
        return self.one(x) @ self.two(y).T


def test_a_table_of_samples_by_samples_is_no_mixing() -> None:
    assert "MV204" not in codes(check(Contrastive(), [(4, 8), (4, 8)]))


class Nodes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, x: Any, edges: Any) -> Any:
        return self.linear(x).relu().index_add(0, edges[1], x[edges[0]] * x.new_ones(6, 1))


def test_nodes_of_a_graph_are_no_batch() -> None:
    edges = torch.tensor([[0, 1, 2, 3, 8, 5], [1, 2, 3, 4, 5, 9]])
    report = check(Nodes(), input_data=[torch.rand(10, 8), edges])
    assert not {"MV205", "MV204"} & set(codes(report))


class _Crossed(nn.Module):
    """As many outputs as are unlikely to be anything but a number of samples."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4 * 36, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.head(self.conv(x).permute(1, 0, 2, 3).reshape(x.shape[0], -1)))


def test_samples_that_meet_are_seen_for_any_number_of_outputs() -> None:
    assert "MV204" in [finding.code for finding in check(_Crossed(), (4, 3, 8, 8))]


class _Squeezed(nn.Module):
    """Loses the dimension of the samples when there is one."""

    def __init__(self, dims: tuple[int, ...] | None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 5)
        self.dims = dims

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.conv(x)).mean((2, 3), keepdim=True)
        return self.head(x.squeeze() if self.dims is None else x.squeeze(self.dims))


def test_what_one_sample_does_is_tried_where_all_dimensions_of_1_go() -> None:
    (found,) = check(_Squeezed(None), (4, 3, 8, 8), select=["MV205"])
    assert "one sample" in found.message and "squeeze(-1)" in (found.hint or "")
    assert not check(_Squeezed((2, 3)), (4, 3, 8, 8), select=["MV205"])


class _KeepsDropping(nn.Sequential):
    def train(self, mode: bool = True) -> _KeepsDropping:
        super().train(mode)
        self[1].train(True)
        return self


def test_a_dropout_that_its_class_keeps_in_training_mode() -> None:
    layers = nn.Linear(8, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 2)
    (found,) = check(_KeepsDropping(*layers), (4, 8), select=["MV303"])
    assert found.path == "1" and "stays in training mode" in found.message
    assert not check(nn.Sequential(*layers), (4, 8), select=["MV303"])


def test_no_line_of_pytorch_is_given_as_the_place_to_mend() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    (finding,) = check(plain, (2, 3, 8, 8), select=("MV305",))
    assert (finding.path, finding.file, finding.line) == ("0", None, None)
