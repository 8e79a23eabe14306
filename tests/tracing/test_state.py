"""Whatever a forward changes is after the trace what it was before, or it is told."""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from modelviz import TraceError, check, trace
from tests.tracing import trial
from tests.tracing.fingerprint import Fingerprint, differences
from tests.tracing.trees import Tape, Tree, value
from tests.tracing.ways import WAYS

ENDINGS = ("ok", "fails", "interrupted")


@pytest.fixture(autouse=True)
def _same_directory() -> Iterator[None]:
    before = os.getcwd()
    yield
    os.chdir(before)


@pytest.mark.parametrize(("index", "way"), list(enumerate(WAYS)))
def test_each_way_once(index: int, way: str) -> None:
    execution, ending = trial.EXECUTIONS[index % 3], ENDINGS[index // 3 % 3]
    left, _ = trial.run(way, execution, ending, training=bool(index % 2))
    assert left == []


# Each pair of execution, ending and mode; `python -m tests.tracing.trial` runs their whole product.
COMBINATIONS = [
    (execution, ending, bool((i + j) % 2), (None, "train", "eval")[(i + j) % 3])
    for i, execution in enumerate(trial.EXECUTIONS)
    for j, ending in enumerate(ENDINGS)
]


@pytest.mark.slow
@pytest.mark.parametrize(("index", "way"), list(enumerate(WAYS)))
def test_each_way_by_execution_ending_and_mode(index: int, way: str) -> None:
    # A third of them: three ways that follow one another meet them all.
    for combination in COMBINATIONS[index % 3 :: 3]:
        left, _ = trial.run(way, *combination)
        assert left == [], combination


def _nothing_changes(numbers: Sequence[int], execution: Any, ending: BaseException | None) -> None:
    tree = Tree(numbers, ending)
    x, given_too = torch.ones(2, 3), value(Tape(numbers[::-1]))
    before = Fingerprint(tree=tree, x=x, given=given_too)
    with suppress(TraceError):
        trace(tree, input_data=[x, given_too], execution=execution)
    assert differences(before, Fingerprint(tree=tree, x=x, given=given_too)) == []


TAPES = st.lists(st.integers(0, 2**16), min_size=8, max_size=80)
EXECUTIONS = st.sampled_from(trial.EXECUTIONS)
RAISED = st.sampled_from([None, None, ValueError("no"), KeyboardInterrupt(), SystemExit(2)])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(TAPES, EXECUTIONS, RAISED)
def test_random_trees(numbers: list[int], execution: str, raised: BaseException | None) -> None:
    _nothing_changes(numbers, execution, raised)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(TAPES, EXECUTIONS, RAISED)
def test_many_random_trees(
    numbers: list[int], execution: str, raised: BaseException | None
) -> None:
    _nothing_changes(numbers, execution, raised)


# -- inputs -------------------------------------------------------------------------------


class Undecided(nn.Module):
    """Its fake attempt ends at the very end, where a value is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def decide(self, y: torch.Tensor) -> torch.Tensor:
        return y if y.sum() > -1e9 else -y


class Popping(Undecided):
    def forward(self, batch: dict[str, Any]) -> Any:
        return self.decide(self.linear(batch.pop("x")))


class Appending(Undecided):
    def forward(self, xs: list[Any]) -> Any:
        xs.append(xs[0] * 2)
        return self.decide(torch.stack([self.linear(x) for x in xs]))


class Reading(Undecided):
    def forward(self, xs: Any) -> Any:
        return self.decide(sum(self.linear(x) for x in xs))  # type: ignore[arg-type]


LAYER = 2 * 2 * 4 * 4
"""FLOPs of one call of the layer on two rows."""


@pytest.mark.parametrize("timed", [False, True])
def test_each_attempt_and_timed_run_sees_its_inputs_as_they_were(timed: bool) -> None:
    batch, xs = {"x": torch.rand(2, 4)}, [torch.rand(2, 4)]
    assert trace(Popping(), input_data=[batch], timed=timed).total_flops == LAYER
    assert list(batch) == ["x"]
    graph = trace(Appending(), input_data=[xs], timed=timed)
    assert [op.name for op in graph.ops].count("linear") == 2
    assert len(xs) == 1
    assert graph.execution == "real"


def _items() -> list[torch.Tensor]:
    return [torch.rand(2, 4) for _ in range(3)]


@pytest.mark.parametrize(
    "once",
    [
        lambda: iter(_items()),
        lambda: (x for x in _items()),
        lambda: map(torch.relu, _items()),
        lambda: iter({x: 1 for x in _items()}),
        lambda: (x for _, x in zip(range(3), _items(), strict=True)),
    ],
)
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("place", ["argument", "keyword", "list", "tuple", "dict"])
def test_what_can_be_read_once_is_read_once(once: Any, timed: bool, place: str) -> None:
    class Nested(Reading):
        def forward(self, xs: Any) -> Any:
            while isinstance(xs, (list, tuple, dict)):
                xs = xs["xs"] if isinstance(xs, dict) else xs[0]
            return super().forward(xs)

    iterator = once()
    data: Any = {
        "argument": [iterator],
        "keyword": {"xs": iterator},
        "list": [[iterator]],
        "tuple": [(iterator, 1)],
        "dict": [{"xs": iterator}],
    }[place]
    graph = trace(Nested(), input_data=data, timed=timed)
    assert graph.execution == "real"
    assert graph.total_flops == 3 * LAYER
    gone = [finding.message for finding in graph.findings if finding.code == "MV013"]
    left = list(iterator)
    assert len(left) + 3 * len(gone) == 3
    assert all("3" in message for message in gone)


def test_an_iterator_without_end_is_read_as_far_as_the_forward_goes() -> None:
    def numbers() -> Iterator[torch.Tensor]:
        while True:
            yield torch.rand(2, 4)

    class Some(Undecided):
        def forward(self, xs: Any) -> Any:
            return self.decide(self.linear(next(xs)) + self.linear(next(xs)))

    assert trace(Some(), input_data=[numbers()]).total_flops == 2 * LAYER


def test_a_cache_of_keys_and_values_stays_as_it_was() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(n_layer=2, n_embd=8, n_head=2, vocab_size=16, n_positions=16)
    model = transformers.GPT2LMHeadModel(config).eval()
    cache = transformers.DynamicCache(config=config)
    ids = torch.arange(3)[None]
    with torch.no_grad():
        model(ids, past_key_values=cache)
    before = Fingerprint(cache=cache)
    for execution in trial.EXECUTIONS:
        given_too = {"input_ids": ids, "past_key_values": cache, "use_cache": True}
        trace(model, input_data=given_too, execution=execution)  # type: ignore[arg-type]
        assert differences(before, Fingerprint(cache=cache)) == []
    assert cache.get_seq_length() == 3


# -- what is told, and what stays -----------------------------------------------------------


@pytest.mark.parametrize("execution", trial.EXECUTIONS)
def test_what_a_hook_notes_down_stays(execution: Any) -> None:
    shapes: list[Any] = []
    tensors: list[torch.Tensor] = []
    model = nn.Linear(4, 4)
    model.register_forward_hook(lambda module, args, y: shapes.append((tuple(y.shape), 1)))
    model.register_forward_hook(lambda module, args, y: tensors.append(y))
    trace(model, (2, 4), execution=execution)
    assert shapes == [((2, 4), 1)]
    assert [type(tensor) for tensor in tensors] == ([torch.Tensor] if execution == "real" else [])


def test_of_two_attempts_only_the_one_that_counts_is_noted_down() -> None:
    calls = []
    model = Popping()
    model.linear.register_forward_hook(lambda *_: calls.append(1))
    assert trace(model, input_data=[{"x": torch.rand(2, 4)}]).execution == "real"
    assert calls == [1]


def test_a_write_out_of_sight_is_told() -> None:
    class Threaded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("count", torch.zeros(3))

        def forward(self, x: Any) -> Any:
            thread = threading.Thread(target=lambda: self.count.add_(1))
            thread.start()
            thread.join()
            return x + 1

    graph = trace(Threaded(), (2, 4))
    assert [f.code for f in graph.findings if "count" in f.message] in ([], ["MV012"])
    model = Threaded()
    trace(model, (2, 4))
    told = any("count" in finding.message for finding in graph.findings)
    assert told or torch.equal(model.count, torch.zeros(3))


def test_a_memory_given_out_is_no_finding() -> None:
    class Peeking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.register_buffer("scale", torch.arange(4.0))

        def forward(self, x: Any) -> Any:
            assert self.linear.weight.data_ptr() % 4 == 0
            self.scale.numpy()[0] = 1
            return self.linear(x) * self.scale

    model = Peeking()
    before = model.scale.clone()
    # On fake tensors alone there is no memory to give out.
    for execution in ("real", "auto"):
        graph = trace(model, (2, 4), execution=execution)  # type: ignore[arg-type]
        assert not [f for f in graph.findings if f.code in ("MV012", "MV013")]
        assert torch.equal(model.scale, before)


@pytest.mark.parametrize("execution", trial.EXECUTIONS)
def test_a_cache_of_functools_does_not_hand_on_what_one_forward_made(execution: Any) -> None:
    @functools.lru_cache
    def grid(size: int) -> torch.Tensor:
        return torch.arange(float(size))

    class Cached(nn.Module):
        def forward(self, x: Any) -> Any:
            return x + grid(x.shape[-1])

    graphs = [trace(Cached(), (2, 3), execution=execution).to_json() for _ in range(2)]
    assert graphs[0] == graphs[1]
    assert torch.equal(Cached()(torch.zeros(1, 3)), torch.tensor([[0.0, 1, 2]]))


def test_caches_are_looked_for_among_all_objects_only_when_there_are_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks: list[int] = []
    every = gc.get_objects
    monkeypatch.setattr(gc, "get_objects", lambda: walks.append(1) or every())  # type: ignore[func-returns-value]

    def fails(model: nn.Module) -> int:
        before = len(walks)
        with pytest.raises(TraceError):
            trace(model, (1, 5))
        return len(walks) - before

    plain = nn.Sequential(nn.Linear(5, 4), nn.Linear(3, 4))
    fails(plain)  # the first failure of a process imports what has caches of its own
    gc.collect()  # what earlier tests left may refer to caches
    fails(plain)
    assert [fails(plain) for _ in range(3)] == [0, 0, 0]

    @functools.lru_cache
    def grid(size: int) -> torch.Tensor:
        return torch.arange(float(size))

    class Failing(nn.Linear):
        def forward(self, input: Any) -> Any:
            return super().forward(input + grid(input.shape[-1]))

    assert fails(Failing(3, 4)) == 1
    assert grid.cache_info().currsize == 0


class Lazy(nn.Module):
    """Lazy layers, and a forward that changes weights that are not lazy."""

    def __init__(self, converts: bool) -> None:
        super().__init__()
        self.converts = converts
        self.body = nn.Linear(4, 4)
        self.table = nn.Embedding(4, 4, max_norm=0.1)
        self.head = nn.LazyLinear(2)
        self.norm = nn.LazyBatchNorm1d()
        self.steps = 0
        self.seen: list[Any] = []

    def forward(self, x: Any) -> Any:
        self.steps += 1
        self.seen.append(x)
        with torch.no_grad():
            self.body.weight.clamp_(-0.01, 0.01)
        self.body.bias.data.zero_()
        if self.converts:
            self.body.half().float()
        rows = self.table(torch.tensor([0, 1]))
        with torch.enable_grad():
            self.body(x * 1.0).sum().backward()
        return self.norm(self.head(self.body(x) + rows))


@pytest.mark.parametrize("execution", trial.EXECUTIONS)
@pytest.mark.parametrize("training", [True, False])
def test_lazy_models(execution: Any, training: bool) -> None:
    # PyTorch cannot convert the parameters of a module on fake tensors.
    model = Lazy(converts=execution != "fake").train(training)
    x = torch.rand(2, 4)
    before = Fingerprint(model=model, x=x)
    graph = trace(model, input_data=x, execution=execution)
    assert differences(before, Fingerprint(model=model, x=x)) == []
    shapes = {p.name: p.shape for p in graph.module("head").parameters}
    assert shapes == {"weight": (2, 4), "bias": (2,)}
    assert graph.tensors[graph.outputs[0]].shape == (2, 2)


def test_a_generator_that_is_sent_values() -> None:
    def totals() -> Any:
        total = 0
        while True:
            total += (yield total) or 0

    class Sends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.totals = totals()
            next(self.totals)

        def forward(self, x: Any) -> Any:
            self.totals.send(3)
            y = x * self.totals.send(4)
            return y if y.sum() > -1 else -y

    graph = trace(Sends(), (2,))
    assert graph.execution == "real" and graph.failure is None
    assert "MV013" in [finding.code for finding in graph.findings]


def test_a_module_first_imported_in_a_forward_has_data(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_tables.py").write_text("import torch\nTABLE = torch.arange(4.0) + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    class Imports(nn.Module):
        def forward(self, x: Any) -> Any:
            import late_tables  # type: ignore[import-not-found]

            return x + late_tables.TABLE

    try:
        for execution in ("fake", "auto", "real"):
            graph = trace(Imports(), input_data=torch.zeros(4), execution=execution)  # type: ignore[arg-type]
            assert graph.failure is None
            assert Imports()(torch.zeros(4)).tolist() == [1, 2, 3, 4]
    finally:
        sys.modules.pop("late_tables", None)


def test_an_error_made_of_a_tensor_is_told_by_its_shape() -> None:
    class Looks(nn.Module):
        def forward(self, x: Any) -> Any:
            return {}[x]

    with pytest.raises(TraceError, match=r"KeyError: a tensor of shape \[2, 3\]"):
        trace(Looks(), (2, 3), execution="fake")


# -- interrupts -----------------------------------------------------------------------------


# What is pressed inside a finaliser is told as a warning, and passed over.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")
@pytest.mark.parametrize("delay", [0.002, 0.01, 0.03, 0.06])
def test_ctrl_c_at_any_moment(delay: float) -> None:
    model, x = trial.Host("everything"), torch.arange(12.0).view(3, 4)
    trace(model, input_data=x, execution="real")
    before = Fingerprint(model=model, x=x)
    # A process that a shell started in the background ignores Ctrl-C.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    # As a key does that is pressed at some moment.
    handler = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        # And once more, for Python may pass over what is raised in a finaliser.
        signal.setitimer(signal.ITIMER_REAL, delay, 1.0)
        while True:
            trace(model, input_data=x, execution="real")
    except (KeyboardInterrupt, TraceError) as error:
        assert isinstance(error, KeyboardInterrupt) or isinstance(
            error.__cause__, KeyboardInterrupt
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.signal(signal.SIGINT, usual)
    assert differences(before, Fingerprint(model=model, x=x)) == []


class Queue(nn.Module):
    """Writes into parts of its buffers, as a memory bank does."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("queue", torch.rand(4, 8))
        self.register_buffer("place", torch.zeros(1, dtype=torch.long))

    @torch.no_grad()
    def forward(self, keys: Any) -> Any:
        at = int(self.place)
        self.queue[:, at : at + 2] = keys.T
        self.queue[0].mul_(2)
        self.place[0] = (at + 2) % 8
        return keys


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_parts_of_buffers_that_are_written_to_are_seen(execution: Any) -> None:
    model = Queue()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    assert trace(model, (2, 4), execution=execution).findings == ()
    assert all(torch.equal(before[name], buffer) for name, buffer in model.named_buffers())


class Training(nn.Module):
    """Takes a step of its own in each forward."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.optimizer = torch.optim.Adam(self.parameters())

    def forward(self, x: Any) -> Any:
        with torch.enable_grad():
            loss = self.linear(x).square().mean()
            loss.backward()
            self.optimizer.step()
        return self.linear(x)


def test_a_step_of_an_optimizer_leaves_no_tensor_behind() -> None:
    assert trace(Training(), (3, 4), execution="fake").findings == ()


class Initialising(nn.Module):
    """Starts its weights in the first forward: from the data, and from an orthogonal matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.shift = nn.Parameter(torch.zeros(1, 4))
        self.started = False

    def forward(self, x: Any) -> Any:
        if not self.started:
            self.started = True
            nn.init.orthogonal_(self.linear.weight)
            with torch.no_grad():
                self.shift.copy_(-x.mean(0, keepdim=True))
        return self.linear(x + self.shift)


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_weights_that_the_forward_starts_are_used(execution: Any) -> None:
    model = Initialising()
    before = model.linear.weight.detach().clone()
    report = check(model, (5, 4), execution=execution)
    assert not {finding.code for finding in report} & {"MV102", "MV301"}
    assert torch.equal(before, model.linear.weight) and not model.started


class Resizes(nn.Module):
    """Resizes a buffer whose memory NumPy holds, too: PyTorch fails after it changed the shape."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("held", torch.zeros(1))
        self.view = self.held.numpy()

    def forward(self, x: Any) -> Any:
        return x * self.held.resize_(len(x))[:, None]


def test_what_a_kernel_left_half_done_is_put_back() -> None:
    model = Resizes()
    with pytest.raises(TraceError, match="not resizable"):
        trace(model, (2, 4), execution="real")
    assert model.held.shape == (1,) and model.held.tolist() == [0.0]
