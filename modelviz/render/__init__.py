"""A ``View`` into bytes: DOT, SVG, PNG, PDF, Mermaid, HTML."""
