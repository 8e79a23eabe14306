"""Code that does what code should not do, by name."""

from __future__ import annotations

START = "import os, sys, time, torch\nfrom torch import nn\nmodel = nn.Linear(3, 4)\n"

LOOP = START + "while True: pass"
SLEEP = START + "time.sleep(1000)"
SEGFAULT = START + "import ctypes; ctypes.string_at(0)"
EXIT = START + "os._exit(7)"
SYSTEM_EXIT = START + "sys.exit(3)"
KILLED = START + "os.kill(os.getpid(), 9)"
HUNGER = START + "kept = []\nwhile True: kept.append(bytearray(50_000_000))"
TENSOR_HUNGER = START + "kept = []\nwhile True: kept.append(torch.ones(50_000_000))"
PRINTS = START + "while True: print('x' * 1000)"
FORKS = START + "while True:\n  try: os.fork()\n  except OSError: pass"
FILLS_DISK = START + "file = open('x', 'wb')\nwhile True: file.write(bytes(10**7))"
RECURSION = START + "def f(): f()\nf()"
READS_INPUT = START + "input()"
LONG_ERROR = START + "raise ValueError('x' * 10**7)"
CLOSES = START + "os.closerange(0, 50)"
CLOSES_AND_SLEEPS = START + "os.closerange(0, 50); time.sleep(100)"


def writes_to_every_pipe(data: bytes, forever: bool) -> str:
    """Code that writes the data wherever it can, to hit the pipe to its parent."""
    line = f"while True: os.write(fd, {data!r})" if forever else f"os.write(fd, {data!r})"
    return START + f"for fd in range(3, 50):\n  try:\n    {line}\n  except OSError: pass"


LEAVES_A_PROCESS = START + (
    "if os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n    time.sleep(300)\n  os._exit(0)\n"
)
LEAVES_A_THREAD = START + (
    "import atexit, threading\n"
    "threading.Thread(target=time.sleep, args=(300,)).start()\n"
    "atexit.register(time.sleep, 300)\n"
)
SHOWS_ENVIRONMENT = START + "raise ValueError(dict(os.environ))"
