"""The table of a summary: rows from a graph, laid out once, written in many formats."""
