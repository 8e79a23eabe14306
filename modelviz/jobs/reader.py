"""A process that reads one answer, ``python -m modelviz.jobs.reader SECONDS BYTES``: see reading.

The line with the answer comes on its standard input; its standard output gets a pickle of the
result. The arguments are the processor time and the memory that it may take.
"""

from __future__ import annotations

import gc
import pickle
import sys

from .confine import confine
from .reading import read_at_once


def main() -> None:
    """Read one answer."""
    confine(float(sys.argv[1]), int(sys.argv[2]))
    # Nothing here is ever released, so that looking for what could be is lost time.
    gc.disable()
    pickle.dump(read_at_once(sys.stdin.buffer.read()), sys.stdout.buffer, protocol=5)


if __name__ == "__main__":
    main()
