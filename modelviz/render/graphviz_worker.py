"""Runs Graphviz's library in a process of its own, one picture after the other.

Started by file, without the package around it: the argument is the search path (JSON). A request
on stdin is a line ``ENGINE FORMAT LENGTH`` and so many bytes of DOT; the answer on stdout is a
line with its length and the answer. The process ends with its stdin, and at the first error.
"""

import json
import signal
import sys

sys.path[:] = json.loads(sys.argv[1])


def main() -> None:
    """Lay out and render what is asked for on stdin, until it ends."""
    import pygraphviz

    # An interrupt at the terminal is for the process that asks; it ends this one if it must.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in iter(sys.stdin.buffer.readline, b""):
        engine, form, length = line.decode().split()
        source = sys.stdin.buffer.read(int(length)).decode("utf-8")
        # Through from_string, since AGraph(string=...) would read a charset out of any label.
        graph = pygraphviz.AGraph().from_string(source)
        answer = graph.draw(format=form, prog=engine)
        sys.stdout.buffer.write(b"%d\n" % len(answer))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
        graph.close()


main()
