"""Work that a forward gives to threads is seen, or it is said that it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import summary, trace


class Net(nn.Module):
    """Two layers of 4 × 4: 3 rows are 48 multiply-adds in each."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self._run = forward

    def forward(self, x: Any) -> Any:
        return self._run(self, x)


def mapped(net: Any, x: Any) -> Any:
    with ThreadPoolExecutor() as pool:
        return sum(pool.map(lambda layer: layer(x), [net.a, net.b]))


def submitted(net: Any, x: Any) -> Any:
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(layer, x) for layer in (net.a, net.b)]
        return futures[0].result() + futures[1].result()


def started(net: Any, x: Any) -> Any:
    results: dict[str, Any] = {}

    def work(name: str, layer: nn.Module) -> None:
        results[name] = layer(x)

    threads = [threading.Thread(target=work, args=(n, getattr(net, n))) for n in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        assert not thread.is_alive()
    return results["a"] + results["b"]


@pytest.mark.parametrize("forward", [mapped, submitted, started])
@pytest.mark.parametrize("execution", ["fake", "real"])
def test_threads_are_seen(forward: Callable[..., Any], execution: Any) -> None:
    net = Net(forward)
    result = summary(net, (3, 4), execution=execution, verbose=0)
    assert result.total_mult_adds == 96
    assert [call.module for call in result.graph.calls] == ["", "a", "b"]
    assert "ever" not in str(result)
    out = net(torch.rand(3, 4))
    assert type(out) is torch.Tensor and out.shape == (3, 4)


def test_an_error_in_a_pool_is_that_of_its_result() -> None:
    def forward(net: Any, x: Any) -> Any:
        with ThreadPoolExecutor() as pool:
            future = pool.submit(net.a, x[:, :3])
            assert isinstance(future.exception(), RuntimeError)
            return net.b(x)

    assert trace(Net(forward), (3, 4)).total_macs == 48


def test_a_thread_that_runs_beside_is_told() -> None:
    done = threading.Event()

    def forward(net: Any, x: Any) -> Any:
        threading.Thread(target=done.wait, args=(5,), daemon=True).start()
        return net.a(x)

    result = summary(Net(forward), (3, 4), verbose=0)
    done.set()
    assert "MV019" in {finding.code for finding in result.graph.findings}
    assert "never called" not in str(result)


def test_threads_are_as_they_were() -> None:
    before = threading.Thread.start, ThreadPoolExecutor.submit
    trace(Net(mapped), (3, 4))
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == before
