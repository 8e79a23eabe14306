"""Nothing goes out: a server that every request would reach counts none."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelviz.errors import InputError
from modelviz.sources import resolve
from modelviz.sources.base import CodeError
from modelviz.sources.offline import offline

DETR = {
    "model_type": "detr",
    "use_timm_backbone": False,
    "backbone": "owner/name",
    "use_pretrained_backbone": True,
    "backbone_config": None,
}
FACTORIES = {
    "transformers": "import transformers\n"
    "def make(): return transformers.AutoModel.from_pretrained('owner/name')",
    "tokenizer": "import transformers\n"
    "def make(): return transformers.AutoTokenizer.from_pretrained('owner/name')",
    "remote": "import transformers\ndef make():\n"
    "  return transformers.AutoModel.from_pretrained('owner/name', trust_remote_code=True)",
    "timm": "import timm\n"
    "def make(): return timm.create_model('hf_hub:owner/name', pretrained=True)",
    "weights": "import timm\ndef make(): return timm.create_model('resnet18', pretrained=True)",
    "torchvision": "import torchvision\n"
    "def make(): return torchvision.models.resnet18(weights='DEFAULT')",
    "hub": "import torch\ndef make(): return torch.hub.load('owner/name', 'model')",
    "plain": "import urllib.request, torch\ndef make():\n"
    "  urllib.request.urlopen('http://example.org/a')\n  return torch.nn.Linear(1, 1)",
    "import": "import urllib.request\nurllib.request.urlopen('http://example.org/a')\nmake = 0",
    "thread": "from concurrent.futures import ThreadPoolExecutor\nimport urllib.request, torch\n"
    "def make():\n  with ThreadPoolExecutor(1) as pool:\n"
    "    pool.submit(urllib.request.urlopen, 'http://example.org/a').result()\n"
    "  return torch.nn.Linear(1, 1)",
}
RUN = """
import json, sys
from modelviz.errors import InputError
from modelviz.sources import resolve
said = {}
for name in sys.argv[1:]:
    try:
        resolve(name)
        said[name] = "built"
    except InputError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


class Network:
    """A server that is proxy and hub at once; what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                asked.append(f"{self.command} {self.path}")
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = do_CONNECT = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def run(self, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """The command in a process whose every request would come here."""
        proxies = {f"{name}_PROXY": self.address for name in ("HTTP", "HTTPS", "ALL")}
        environment = {
            **{name: value for name, value in os.environ.items() if "OFFLINE" not in name},
            **proxies,
            **{name.lower(): value for name, value in proxies.items()},
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(home),
            "TORCH_HOME": str(home),
        }
        for name in ("NO_PROXY", "no_proxy"):
            environment.pop(name, None)
        return subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=900
        )


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.server.shutdown()
    network.server.server_close()


@pytest.mark.slow
def test_factories_and_configs_that_ask_the_network_are_refused_by_name(
    network: Network, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(DETR))
    names = [str(config)]
    for name, code in FACTORIES.items():
        path = tmp_path / f"{name}_factory.py"
        path.write_text(
            "from modelviz.sources.torchvision_ops import import_torchvision\n"
            "import_torchvision()\n" + code
        )
        names.append(f"{path}:make")
    result = network.run(tmp_path, "-c", RUN, *names)
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout.splitlines()[-1])
    assert network.asked == []
    assert len(said) == len(FACTORIES) + 1
    for name, message in said.items():
        assert "asks the network for " in message, (name, message)
    assert "owner/name" in said[str(config)]


def test_the_command_line_says_what_was_asked_for(network: Network, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(DETR))
    result = network.run(tmp_path, "-m", "modelviz", "summary", str(config))
    assert result.returncode == 2
    assert "owner/name" in result.stderr and "Traceback" not in result.stderr
    assert network.asked == []
    assert not list(tmp_path.glob("**/models--*"))


def test_without_the_guard_the_server_is_asked(network: Network, tmp_path: Path) -> None:
    code = "from huggingface_hub import hf_hub_download as f; f('owner/name', 'config.json')"
    assert network.run(tmp_path, "-c", code).returncode == 1
    assert any("owner/name" in asked for asked in network.asked)


# One name in so many; `python -m tests.sources.offline_sweep LIBRARY 1` builds every one.
SWEEPS = [("transformers", 25), ("timm", 20), ("diffusers", 2), ("torchvision", 4)]


@pytest.mark.slow
@pytest.mark.parametrize(("library", "step"), SWEEPS)
def test_no_model_of_a_library_asks_the_network(
    network: Network, tmp_path: Path, library: str, step: int
) -> None:
    result = network.run(tmp_path, "-m", "tests.sources.offline_sweep", library, str(step))
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["built"] > 20
    assert network.asked == []


# -- afterwards --------------------------------------------------------------------------------


def test_the_process_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "0")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    environment, sockets, module = dict(os.environ), dict(vars(socket.socket)), dict(vars(socket))
    with pytest.raises(KeyError), offline("a"), offline("b"):
        assert constants.HF_HUB_OFFLINE is True
        assert os.environ["HF_HUB_OFFLINE"] == "1"
        raise KeyError
    assert constants.HF_HUB_OFFLINE is False
    assert dict(os.environ) == environment
    assert dict(vars(socket.socket)) == sockets
    assert dict(vars(socket)) == module


def test_libraries_imported_meanwhile_are_not_offline_afterwards() -> None:
    code = (
        "from modelviz.sources.offline import offline\n"
        "with offline('a'):\n"
        "    import huggingface_hub.constants as c\n"
        "    assert c.HF_HUB_OFFLINE\n"
        "assert not c.HF_HUB_OFFLINE\n"
    )
    environment = {name: value for name, value in os.environ.items() if "OFFLINE" not in name}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)


def test_other_threads_of_the_caller_stay_connected(network: Network) -> None:
    go, done = threading.Event(), threading.Event()
    statuses: list[int] = []

    def fetch() -> None:
        go.wait(60)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(network.address + "/other")
        statuses.append(caught.value.code)
        caught.value.close()
        done.set()

    thread = threading.Thread(target=fetch)
    thread.start()
    with pytest.raises(InputError, match=r"^it asks the network for 127.0.0.1:1, "), offline("it"):
        go.set()
        assert done.wait(60)
        socket.create_connection(("127.0.0.1", 1))
    thread.join()
    assert statuses == [404] and network.asked == ["GET /other"]


def test_what_was_asked_for_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "plain_factory.py"
    path.write_text(FACTORIES["plain"])
    with pytest.raises(InputError, match=r"plain_factory.py:make asks the network for example.org"):
        resolve(f"{path}:make")


def test_local_sockets_work() -> None:
    with offline("it"):
        left, right = socket.socketpair()
        with left, right:
            left.send(b"x")
            assert right.recv(1) == b"x"


def test_other_errors_of_the_code_stay_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "broken_factory.py"
    path.write_text("def make(): raise OSError('no such thing')")
    with pytest.raises(CodeError, match="could not make its model: OSError: no such thing"):
        resolve(f"{path}:make")
