"""The table as HTML, for notebooks: it takes the colours of the page around it."""

from __future__ import annotations

from html import escape

from .characters import clean
from .table import Line, Table

_STYLE = """
.modelviz-summary{font-size:13px;line-height:1.45;overflow-x:auto}
.modelviz-summary table{border-collapse:collapse;margin:0 0 .6em}
.modelviz-summary th,.modelviz-summary td{padding:.12em .9em .12em .3em;text-align:left;
white-space:nowrap;border:0}
.modelviz-summary thead th{border-bottom:1px solid currentColor;font-weight:600}
.modelviz-summary tbody tr:hover{background:rgba(128,128,128,.12)}
.modelviz-summary .number{text-align:right;font-variant-numeric:tabular-nums}
.modelviz-summary .name{color:#0e7490}
.modelviz-summary .repeat{color:#a21caf;font-weight:600}
.modelviz-summary .index{opacity:.55}
.modelviz-summary .tag{color:#b45309}
.modelviz-summary .muted{opacity:.6}
.modelviz-summary .error,.modelviz-summary .error .tag{color:#dc2626;font-weight:600}
.modelviz-summary .type{font-weight:600}
.modelviz-summary .parameter .type{font-weight:400}
.modelviz-summary .totals td:first-child{opacity:.7}
""".strip()


def to_html(table: Table) -> str:
    """A ``<div>`` with the table, the totals and the notes; every name in it is escaped."""
    head = "".join(_header(header.title, header.numeric) for header in table.headers)
    body = "\n".join(_line(table, line) for line in table.lines)
    totals = "\n".join(
        f"<tr><td>{_text(label)}</td><td>{_text(value)}</td></tr>"
        for block in table.totals
        for label, value in block
    )
    notes = "".join(f"<li>{_text(note)}</li>" for note in table.notes)
    return (
        f'<div class="modelviz-summary"><style>{_STYLE}</style>\n'
        f"<table><thead><tr><th>{_text(table.title)}</th>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table>\n"
        f'<table class="totals"><tbody>\n{totals}\n</tbody></table>\n'
        + (f"<ul>{notes}</ul>\n" if notes else "")
        + "</div>"
    )


def _text(text: str) -> str:
    return escape(clean(text))


def _header(title: str, numeric: bool) -> str:
    return f'<th class="number">{_text(title)}</th>' if numeric else f"<th>{_text(title)}</th>"


def _line(table: Table, line: Line) -> str:
    label = line.label
    parts = [f'<span class="type">{_text(label.text)}</span>']
    if label.name:
        parts.append(f' <span class="name">{_text(label.name)}</span>')
    if label.repeat:
        parts.append(f' <span class="repeat">{_text(label.repeat)}</span>')
    if label.number:
        parts.append(f' <span class="index">{_text(label.number)}</span>')
    parts += [f' <span class="tag">{_text(tag)}</span>' for tag in label.tags]
    about = f"{line.path}: {line.config}" if line.config else line.path
    cells = "".join(
        f'<td class="number">{_text(cell)}</td>' if header.numeric else f"<td>{_text(cell)}</td>"
        for header, cell in zip(table.headers, line.cells, strict=True)
    )
    return (
        f'<tr class="{line.kind} {line.tone}"><td style="padding-left:{0.3 + 1.4 * line.indent}em"'
        f' title="{_text(about)}">{"".join(parts)}</td>{cells}</tr>'
    )
