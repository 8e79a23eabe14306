"""Runs Graphviz's library in a process of its own: DOT on stdin, the result on stdout.

Started by file, without the package around it: arguments are the search path (JSON), the layout
engine and the format.
"""

import json
import sys

sys.path[:] = json.loads(sys.argv[1])


def main() -> None:
    """Lay out and render what is on stdin."""
    import pygraphviz

    engine, form = sys.argv[2], sys.argv[3]
    source = sys.stdin.buffer.read().decode("utf-8")
    # Through from_string, since AGraph(string=...) would read a charset out of any label.
    graph = pygraphviz.AGraph().from_string(source)
    sys.stdout.buffer.write(graph.draw(format=form, prog=engine))


main()
