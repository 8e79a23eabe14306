"""Nothing outlives what it was kept for, whatever it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelviz.jobs import keeper
from modelviz.jobs.processes import Family, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the keeper is for Linux")

# Two processes between it and what it leaves: a session of its own, and nothing in common.
LEAVES = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve("/bin/sleep", ["sleep", "{mark}"], {{}})
    os._exit(0)
os.wait()
while "sleep" + chr(0) + {mark!r} not in "".join(
    open(f"/proc/{{pid}}/cmdline", errors="replace").read()
    for pid in os.listdir("/proc") if pid.isdigit() and os.path.exists(f"/proc/{{pid}}/cmdline")
): time.sleep(0.01)
print("left", flush=True)
"""


@pytest.fixture(params=["namespace", "subreaper"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The way in which it is kept; without namespaces, as on systems that lend none."""
    if request.param == "subreaper":
        source = Path(keeper.__file__).read_text(encoding="utf-8")
        alone = tmp_path / "keeper.py"
        alone.write_text(source.replace("isolated = _can_isolate()", "isolated = False"))
        monkeypatch.setattr("modelviz.jobs.processes._KEEPER", alone)
    return str(request.param)


@pytest.fixture
def mark() -> Iterator[str]:
    """Seconds that nobody else sleeps, and who does is ended in the end."""
    made = f"{300 + uuid.uuid4().int % 10**9 / 1e9:.9f}"
    yield made
    for pid in asleep(made):
        os.kill(pid, signal.SIGKILL)


def asleep(mark: str) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    return [
        int(line.split()[0])
        for line in listed.stdout.splitlines()
        if line.split()[1:] == ["sleep", mark]
    ]


def run(code: str, tmp_path: Path) -> tuple[subprocess.Popen[bytes], Family, bytes]:
    """A kept process that runs the code, and the first line that it prints."""
    process, alive = start([sys.executable, "-I", "-S", "-c", code], str(tmp_path), {})
    assert process.stdout is not None
    return process, Family(process, alive, str(tmp_path)), process.stdout.readline()


def end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def gone(mark: str) -> bool:
    """Whether what slept is, or soon will be, no more."""
    deadline = time.monotonic() + 5
    while asleep(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not asleep(mark)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("last", ["", "time.sleep(100)", "os.kill(os.getpid(), 9)"])
def test_what_was_left_ends_with_the_job(mark: str, last: str, tmp_path: Path) -> None:
    process, family, said = run(LEAVES.format(mark=mark) + last, tmp_path)
    assert said == b"left\n"
    if "sleep" in last:
        assert asleep(mark)
        family.kill()
    else:
        process.wait(10)
    assert gone(mark)
    family.kill()
    end(process)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("code", "status"),
    [("print(1)", 0), ("raise SystemExit(7)", 7), ("os.abort()", -6), ("os.kill(0, 9)", -9)],
)
def test_it_ends_as_the_job_does(code: str, status: int, tmp_path: Path) -> None:
    process, family, _ = run(f"import os; {code}", tmp_path)
    assert process.wait(10) == status
    family.kill()
    end(process)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_server_that_is_killed_takes_its_jobs_along(
    number: signal.Signals, mark: str, tmp_path: Path
) -> None:
    from modelviz.jobs import processes

    server = (
        "import sys; from pathlib import Path; from modelviz.jobs import processes\n"
        f"processes._KEEPER = Path({str(processes._KEEPER)!r})\n"
        f"code = {LEAVES.format(mark=mark) + 'time.sleep(100)'!r}\n"
        "command = [sys.executable, '-I', '-S', '-c', code]\n"
        f"process, _ = processes.start(command, {str(tmp_path)!r}, {{}})\n"
        "print(process.stdout.readline().decode(), flush=True)\nprocess.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"left\n"
        assert asleep(mark)
        process.send_signal(number)
        process.wait(10)
    assert gone(mark)


def test_a_job_cannot_end_what_started_it(tmp_path: Path) -> None:
    if not keeper._can_isolate():
        pytest.skip("this system lends no namespaces")
    with subprocess.Popen(["/bin/sleep", "100"]) as outside:
        code = f"import os\nfor pid in ({outside.pid}, {os.getpid()}):\n  try: os.kill(pid, 0)\n"
        process, family, said = run(code + "  except OSError as e: print(e.errno)", tmp_path)
        assert said == b"3\n"  # no such process
        process.wait(10)
        family.kill()
        end(process)
        outside.kill()
