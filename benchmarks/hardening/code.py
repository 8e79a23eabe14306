"""Hostile code in a pool: each job ends in time, leaves nothing, and harms no other."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from modelviz.jobs import JobSpec, Limits, Pool

from .trial import Tried

LIMITS = Limits(seconds=5, memory=2**30, result=2**22)
START = """\
import os, sys, time, signal, threading, torch
from torch import nn
model = nn.Linear(3, 4)
"""
MARK = "7654.25"
"""Seconds that nobody else on the machine sleeps."""
_SLEEP = f"os.execve('/bin/sleep', ['sleep', '{MARK}'], {{}})"
_TWICE = f"if os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: {_SLEEP}\n  os._exit(0)\n"
_WRITE = "for fd in range(3, 60):\n  try: {}\n  except OSError: pass"

CODES = (
    "while True: pass", "time.sleep(1000)", "import ctypes; ctypes.string_at(0)", "os._exit(7)",
    "sys.exit(3)", "os.kill(os.getpid(), 9)", "os.abort()", "raise KeyboardInterrupt",
    "k = []\nwhile True: k.append(bytearray(50_000_000))",
    "k = []\nwhile True: k.append(torch.ones(50_000_000))",
    "while True: print('x' * 1000)", "while True: sys.stderr.write('x' * 1000)",
    "while True:\n  try: os.fork()\n  except OSError: pass",
    "while True:\n  try: threading.Thread(target=time.sleep, args=(9,)).start()\n"
    "  except RuntimeError: pass",
    "f = open('x', 'wb')\nwhile True: f.write(bytes(10**7))", "def f(): f()\nf()", "input()",
    "raise ValueError('x' * 10**7)", "raise ValueError('\\ud800')", "os.closerange(0, 60)",
    "os.closerange(0, 60); time.sleep(100)", _TWICE, _TWICE + "time.sleep(100)",
    _TWICE + "os._exit(0)", _TWICE + "os.kill(os.getppid(), 9); time.sleep(1)",
    _TWICE + "os.killpg(0, 9)", "os.kill(0, 9)",
    "import atexit; atexit.register(time.sleep, 300)",
    "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 60)); time.sleep(100)",
    "for n in range(1, 32):\n  try: signal.signal(n, signal.SIG_IGN)\n  except OSError: pass\n"
    "time.sleep(100)",
    _WRITE.format("os.write(fd, b'junk\\n')"),
    _WRITE.format("os.write(fd, b'{\"answer\":' + b'[' * 100_000 + b'\\n')"),
    _WRITE.format("os.write(fd, b'{\"answer\":{\"graph\":3}}\\n')"),
    _WRITE.format("os.write(fd, b'{\"answer\":\"' + b'x' * 3_000_000 + b'\"}\\n')"),
    "while True:\n  " + _WRITE.format("os.write(fd, b'x' * 10**6)").replace("\n", "\n  "),
    "class N(nn.Module):\n  def forward(self, x): os._exit(1)\nmodel = N()",
    "class N(nn.Module):\n  def __getattr__(self, n): raise SystemExit(n)\nmodel = N()",
    "class N(nn.Linear):\n  def __repr__(self): time.sleep(100)\nmodel = N(3, 4)",
    "sys.modules.clear()", "import builtins; builtins.open = None; sys.setrecursionlimit(10)",
)  # fmt: skip


def run(count: int, seed: int) -> Tried:
    """Run the first so many codes, each followed by one that does no harm."""
    tried: Tried = (Counter(), Counter())
    counts, faults = tried
    with Pool(workers=1, allow_code=True, limits=LIMITS) as pool:
        for code in CODES[:count]:
            begun = time.monotonic()
            name = code.strip().splitlines()[-1][:60]
            try:
                result = pool.submit(JobSpec("code", START + code)).result(120)
            except TimeoutError:
                faults[f"{name}: no end"] += 1
                continue
            counts["ended" if result.error is None else result.error.kind] += 1
            if time.monotonic() - begun > 100:
                faults[f"{name}: took {time.monotonic() - begun:.0f} seconds"] += 1
            if left := asleep():
                faults[f"{name}: left {len(left)} processes"] += 1
            after = pool.submit(JobSpec("code", START)).result(120)
            if after.graph is None:
                faults[f"{name}: the next job fails: {after.error}"] += 1
    return tried


def asleep() -> list[int]:
    """The processes that sleep for as long as the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if arguments[:2] == [b"sleep", MARK.encode()]:
            found.append(int(folder.name))
    return found
