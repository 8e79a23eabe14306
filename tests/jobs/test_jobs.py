"""Jobs: what they give for each kind of source, their progress, their queue."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch import nn

import modelviz
from modelviz import ModelGraph, gallery
from modelviz.errors import InputError
from modelviz.jobs import InputSpec, JobResult, JobSpec, Kind, Limits, Pool, work
from modelviz.sources import resolve
from tests.sources.test_programs import onnx_model

CODE = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        return self.linear(x)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
        self.head = nn.Linear(4, 2)

    def forward(self, x, scale=None):
        y = self.head(self.block(x))
        return y if scale is None else y * scale
"""
BROKEN = CODE.replace("nn.Linear(4, 2)", "nn.Linear(5, 2)")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=2, allow_code=True, limits=Limits(seconds=120)) as pool:
        yield pool


def do(pool: Pool, *args: Any, **options: Any) -> JobResult:
    return pool.submit(JobSpec(*args, **options)).result(120)


def graph_of(result: JobResult) -> ModelGraph:
    assert result.error is None
    assert result.graph is not None
    return result.graph


def test_gallery_gives_the_graph_of_a_trace_here(pool: Pool) -> None:
    result = do(pool, "gallery", "lstm_tagger")
    source = resolve("lstm_tagger")
    expected = modelviz.trace(source.model, input_data=source.inputs, mode="eval")
    assert graph_of(result).ops == expected.ops
    assert [(given.shape, given.dtype) for given in result.inputs] == [((16, 24), "int64")]


def test_code_gives_its_likeliest_model_and_all_candidates(pool: Pool) -> None:
    result = do(pool, "code", CODE)
    graph = graph_of(result)
    assert graph.name == "Net"
    assert (result.candidates, result.chosen) == (("Block", "Net"), "Net")
    assert [(p.name, p.shape, p.dtype) for p in result.proposals] == [("x", (1, 4), "float32")]
    assert graph.module("block").file == "model.py"
    assert graph.ops[0].line == 11


@pytest.mark.parametrize(
    ("kind", "source", "line"),
    [
        ("code", "import torch\n\nraise ValueError('no')\n", 3),
        ("code", "import torch\ndef model(:\n", 2),
        ("code", CODE.replace("nn.Linear(4, 2)", "nn.Linear(4)"), 17),
        ("config", '{\n"model_type": "bert",,\n}', 2),
    ],
)
def test_the_line_to_blame_is_told(
    kind: Kind, source: str, line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    result = work.do(JobSpec(kind, source), None, lambda stage: None)
    assert result.error is not None and result.error.line == line
    # What the code has to offer is known although its model cannot be built.
    assert result.candidates == (("Block", "Net") if line == 17 else ())


@pytest.mark.parametrize("code", [CODE, BROKEN], ids=["whole", "broken"])
def test_what_the_code_prints_comes_with_its_result(pool: Pool, code: str) -> None:
    told = code.replace("y = self.head", "print('x is', tuple(x.shape))\n        y = self.head")
    result = do(pool, "code", "print('made by hand')" + told, factory="Net")
    assert result.printed == "made by hand\nx is (1, 4)\n"


def test_failed_forward_gives_the_partial_graph_and_the_error(pool: Pool) -> None:
    result = do(pool, "code", BROKEN)
    assert result.graph is not None and result.graph.failure is not None
    assert result.graph.failure.module == "head"
    assert result.error is not None and result.error.line == 20
    assert result.error.kind == "forward"
    assert "stopped in head (Linear)" in result.error.message
    assert "make head (Linear) nn.Linear(in_features=4" in result.error.hint
    assert result.error.traceback.startswith('  File "model.py", line 20, in forward\n')
    assert "torch/nn" not in result.error.traceback


def test_code_is_refused_unless_it_is_allowed() -> None:
    with Pool(workers=1, spares=0) as pool:
        for kind in ("code", "file"):
            job = pool.submit(JobSpec(kind, "x.py"))
            assert job.done
            error = job.result().error
            assert error is not None and error.kind == "refused"
            assert "modelviz app --allow-code" in error.hint


def test_jobs_without_a_model_are_refused_at_once() -> None:
    with Pool(workers=1, spares=0, limits=Limits(upload=10)) as pool:
        for spec, message in (
            (JobSpec("gallery"), "names no model"),
            (JobSpec("gallery", "gpt", execution="later"), "execution='later': expected one of"),  # type: ignore[arg-type]
            (JobSpec("what", "gpt"), "kind='what': expected one of"),  # type: ignore[arg-type]
            (JobSpec("stored", data=bytes(11)), "are too much"),
            (JobSpec("config", "x" * 11), "are too much"),
        ):
            error = pool.submit(spec).result(0).error
            assert error is not None and error.kind == "input"
            assert message in error.message


def test_closed_pool_refuses() -> None:
    pool = Pool(workers=1, spares=0)
    pool.close()
    error = pool.submit(JobSpec("gallery", "gpt")).result(0).error
    assert error is not None and error.kind == "refused"


def test_import_of_jobs_leaves_torch_out() -> None:
    code = "import sys, modelviz.jobs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.slow
def test_every_example_of_the_gallery(pool: Pool) -> None:
    jobs = {name: pool.submit(JobSpec("gallery", name)) for name in gallery.NAMES[:6]}
    for name, job in jobs.items():
        assert graph_of(job.result(120)).total_params > 0, name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (JobSpec("library", "timm:resnet18"), "ResNet"),
        (JobSpec("library", "torchvision:resnet18"), "ResNet"),
        (JobSpec("library", "transformers:bert"), "BertModel"),
        (JobSpec("config", json.dumps({"model_type": "bert"})), "BertModel"),
        (JobSpec("config", data=b'{"model_type": "bert"}'), "BertModel"),
        (JobSpec("code", CODE, factory="Block"), "Block"),
        (JobSpec("code", "my model.py", data=CODE.encode()), "Net"),
        (JobSpec("library", "timm:resnet18", mode="train", execution="real"), "ResNet"),
        (JobSpec("library", "timm:resnet18", timed=True), "ResNet"),
    ],
)
def test_model_of_each_kind(pool: Pool, spec: JobSpec, name: str) -> None:
    graph = graph_of(pool.submit(spec).result(120))
    assert graph.name == name
    assert graph.execution == ("real" if spec.execution == "real" or spec.timed else "fake")
    assert (graph.total_seconds is not None) == spec.timed
    assert graph.modules[0].training == (spec.mode == "train")


@pytest.mark.slow
def test_files(pool: Pool, tmp_path: Path) -> None:
    from safetensors.torch import save

    graph = modelviz.trace(nn.Linear(3, 4), (1, 3))
    saved = graph.save(tmp_path / "graph.json")
    weights = save(nn.Linear(3, 4).state_dict())
    (tmp_path / "w.safetensors").write_bytes(weights)
    (tmp_path / "net.py").write_text(CODE, encoding="utf-8")
    assert graph_of(do(pool, "graph", str(saved))) == graph
    assert graph_of(do(pool, "graph", graph.to_json())) == graph
    assert graph_of(do(pool, "graph", "x.json", data=saved.read_bytes())) == graph
    assert graph_of(do(pool, "stored", str(tmp_path / "w.safetensors"))).total_params == 16
    uploaded = graph_of(do(pool, "stored", "../<my> weights.safetensors", data=weights))
    assert uploaded.name == "_my__weights.safetensors"
    assert uploaded.total_params == 16
    assert graph_of(do(pool, "file", str(tmp_path / "net.py"))).name == "Net"


class _Opened:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


@pytest.mark.slow
def test_exported_programs_are_read_and_nothing_in_them_is_unpickled(
    pool: Pool, tmp_path: Path
) -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    torch.export.save(torch.export.export(model, (torch.rand(2, 4),)), tmp_path / "net.pt2")
    torch.jit.save(torch.jit.trace(model, torch.rand(2, 4)), str(tmp_path / "net.pt"))
    onnx.save(onnx_model(), tmp_path / "net.onnx")
    for name in ("net.pt2", "net.pt", "net.onnx"):
        path = tmp_path / name
        graph = graph_of(do(pool, "stored", name, data=path.read_bytes()))
        assert graph == resolve(str(path)).model and graph.total_params > 0, name
    bait = tmp_path / "taken"
    torch.save({"weight": torch.rand(2), "bait": _Opened(bait)}, tmp_path / "bait.pt")
    torch.save(model.state_dict(), tmp_path / "plain.pt")
    for name in ("bait.pt", "plain.pt"):
        done = do(pool, "stored", name, data=(tmp_path / name).read_bytes())
        assert done.error is not None and "is not unpickled here" in done.error.message
        assert "safetensors" in done.error.message
    assert not bait.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        (JobSpec("gallery", "nothing"), "input", "the gallery has no example 'nothing'"),
        (JobSpec("library", "resnet50"), "input", "does not say which library: expected timm:"),
        (JobSpec("library", "timm:resnt50"), "input", "did you mean resnet50"),
        (JobSpec("library", "os:system"), "input", "unknown library 'os'"),
        (JobSpec("config", "{"), "input", "the config is not JSON"),
        (JobSpec("config", data=b"\xff\xfe"), "input", "expected text in UTF-8"),
        (JobSpec("graph", "{}"), "input", "neither a graph saved by modelviz nor a config"),
        (JobSpec("graph", '{"model_type": "bert"}'), "input", "open it as a config"),
        (JobSpec("stored", "x.safetensors", data=b"abc"), "input", "is no safetensors file"),
        (JobSpec("stored", "x.onnx", data=b"abc"), "input", "x.onnx"),
        (JobSpec("stored", "x.pt2", data=b"abc"), "input", "x.pt2"),
        (JobSpec("stored", "x.torchscript", data=b"abc"), "input", "no archive of TorchScript"),
        (JobSpec("stored", "x.pkl", data=b"abc"), "input", "expected .safetensors"),
        (JobSpec("code", "x = 1"), "input", "it defines no torch.nn.Module"),
        (JobSpec("code", CODE, factory="Nothing"), "input", "model has Block, Net"),
        (JobSpec("code", CODE, factory="torch.os.abort"), "input", "expected the name of a class"),
        (JobSpec("code", CODE, factory="__class__"), "input", "expected the name of a class"),
        (
            JobSpec("code", "from torch import nn\nclass A(nn.Linear): pass"),
            "input",
            "A needs arguments (in_features, out_features)",
        ),
        (JobSpec("code", "def f(:"), "code", "SyntaxError"),
        (JobSpec("code", "\n1 / 0"), "code", "ZeroDivisionError: division by zero (model.py, line"),
        (JobSpec("code", CODE, inputs=(InputSpec((1, 4), "float99"),)), "input", "float99"),
        (JobSpec("code", CODE, inputs=(InputSpec((0, 4)),)), "input", "positive integers"),
        (JobSpec("code", CODE, inputs=(InputSpec((1, 4)),) * 3), "forward", "TypeError"),
    ],
)
def test_what_cannot_be_done_is_told(pool: Pool, spec: JobSpec, kind: str, message: str) -> None:
    error = pool.submit(spec).result(120).error
    assert error is not None
    assert error.kind == kind
    assert message in error.message


@pytest.mark.slow
def test_inputs_are_given_by_place_and_by_name(pool: Pool) -> None:
    inputs = (InputSpec((2, 4)), InputSpec((2, 1), "float64", "scale"))
    result = do(pool, "code", CODE, inputs=inputs)
    graph = graph_of(result)
    assert [given.shape for given in result.inputs] == [(2, 4), (2, 1)]
    assert graph.tensors[graph.outputs[0]].shape == (2, 2)
    again = do(pool, "code", CODE, inputs=result.inputs)
    assert graph_of(again).ops == graph.ops
    assert graph_of(do(pool, "code", CODE, inputs=())).execution == "none"


@pytest.mark.slow
def test_progress_tells_the_stages(pool: Pool) -> None:
    job = pool.submit(JobSpec("library", "timm:resnet50"))
    stages, seconds = [], []
    while not job.done:
        progress = job.progress
        stages.append(progress.stage)
        seconds.append(progress.seconds)
        time.sleep(0.005)
    assert "Building timm:resnet50" in stages
    assert seconds == sorted(seconds)
    assert job.progress.stage == "Done"
    assert job.progress.seconds == job.progress.seconds


@pytest.mark.slow
def test_cancelled_job_ends_at_once_whether_it_runs_or_waits() -> None:
    with Pool(workers=1, allow_code=True, limits=Limits(seconds=600)) as pool:
        loop = JobSpec("code", "while True: pass")
        running, waiting = pool.submit(loop), pool.submit(loop)
        assert waiting.progress.stage == "Waiting"
        waiting.cancel()
        while running.progress.stage != "Running the code":
            time.sleep(0.01)
        running.cancel()
        for job in (running, waiting):
            error = job.result(120).error
            assert error is not None and error.kind == "cancelled"
        with pytest.raises(TimeoutError):
            pool.submit(loop).result(0.1)


@pytest.mark.slow
def test_clients_take_turns() -> None:
    with Pool(workers=1, allow_code=True) as pool:
        order: list[str] = []

        def follow(name: str, job: Any) -> None:
            job.result(120)
            order.append(name)

        jobs = [("a", pool.submit(JobSpec("gallery", "softmax_net"), client="a"))]
        jobs += [("a", pool.submit(JobSpec("gallery", "softmax_net"), client="a")) for _ in "123"]
        jobs += [("b", pool.submit(JobSpec("gallery", "softmax_net"), client="b"))]
        assert jobs[-1][1].progress.waiting <= 2
        threads = [threading.Thread(target=follow, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert "b" in order[:3]


@pytest.mark.slow
def test_one_client_cannot_fill_the_queue() -> None:
    with Pool(workers=1, allow_code=True) as pool:
        loop = JobSpec("code", "while True: pass")
        results = [pool.submit(loop, client="a") for _ in range(30)]
        refused = [job for job in results if job.done]
        assert len(refused) in (13, 14)
        error = refused[0].result().error
        assert error is not None and error.kind == "refused"
        assert not pool.submit(loop, client="b").done


@pytest.mark.slow
def test_twenty_sessions_at_once_each_get_their_own(pool: Pool) -> None:
    def code(number: int) -> str:
        return f"from torch import nn\nmodel = nn.Linear({number}, {number + 1})"

    jobs = [pool.submit(JobSpec("code", code(n)), client=f"session {n}") for n in range(1, 21)]
    for number, job in enumerate(jobs, 1):
        graph = graph_of(job.result(300))
        assert graph.total_params == (number + 1) ** 2
        assert graph.tensors[graph.inputs[0]].shape == (1, number)


@pytest.mark.slow
def test_names_are_found_by_a_worker_and_remembered(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pool.names("timm", "resnet 50", 3)[0] == "resnet50"
    with monkeypatch.context() as patch:
        patch.setattr(pool, "_take", None)
        assert pool.names("timm", "vit")[0].startswith("vit")
    with pytest.raises(InputError, match="unknown library"):
        pool.names("keras")


@pytest.mark.slow
def test_names_with_markup_come_through(pool: Pool) -> None:
    name = '<script>alert("1")</script>\n\ud800'
    code = (
        "from torch import nn\nclass Net(nn.Module):\n  def __init__(self):\n"
        f"    super().__init__(); self.add_module({name!r}, nn.Linear(3, 4))\n"
        "  def forward(self, x): return next(self.children())(x)\n"
    )
    # Half of a character, which no page takes, is spelled out.
    spelled = name.replace("\ud800", "\\ud800")
    assert graph_of(do(pool, "code", code)).modules[1].path == spelled


PARENT = """
import sys, time
from modelviz.jobs import JobSpec, Pool
pool = Pool(workers=1, allow_code=True)
job = pool.submit(JobSpec("code", "while True: pass"))
while job.progress.stage != "Running the code":
    time.sleep(0.01)
print(*(pool._spares[0].folder, ), flush=True)
{end}
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find processes")
@pytest.mark.parametrize(
    "end",
    ["sys.exit()", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "time.sleep(100)"],
)
def test_workers_end_with_their_parent(end: str, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(end=end)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline().strip().startswith(str(tmp_path))
    if "sleep" in end:
        parent.send_signal(signal.SIGTERM)
    parent.wait(30)
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (workers(tmp_path) or list(tmp_path.iterdir())):
        time.sleep(0.1)
    assert workers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def workers(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={folder}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def test_tensor_inputs_need_no_memory_by_position() -> None:
    from modelviz.proposals.trial import call_arguments

    huge = InputSpec((10**6, 10**6))
    arguments = call_arguments(nn.Linear(10**6, 1, device="meta"), [huge])
    assert arguments == {"input_size": [(10**6, 10**6)], "dtypes": [torch.float32]}
