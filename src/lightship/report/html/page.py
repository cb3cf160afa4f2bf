"""The frame of every HTML report: one file that needs nothing else, in light and in dark, on paper and on a phone.

HTML Living Standard (https://html.spec.whatwg.org, read 2026-11). No script, no font, no picture from elsewhere; a
policy in the page itself forbids them (https://www.w3.org/TR/CSP3/), and every script but the one whose hash it names.
Everything that is not written here is escaped.
"""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Cell", "definitions", "embedded", "escaped", "page", "paragraph", "section", "shown", "table"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#d8dee6;--paper:#fff;--shade:#f4f6f9;
--p0:#2f6fb3;--p1:#d98a1f;--p2:#7b4fa3;--p3:#2c8f6d;--p4:#8a8f98;--on:#fff;--mark:rgba(255,255,255,.38)}
@media (prefers-color-scheme:dark){:root{--ink:#e7ecf3;--soft:#9aa7b8;--line:#333e4d;--paper:#12171e;--shade:#1a212b;
--p0:#5b9be0;--p1:#e5a84b;--p2:#b48ad8;--p3:#4fb892;--p4:#7d8794;--on:#0d1116;--mark:rgba(0,0,0,.32)}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .3rem;letter-spacing:-.01em}
h2{font-size:1.05rem;margin:2.4rem 0 .7rem}
p{margin:.4rem 0;max-width:46rem}
.lead{color:var(--soft);font-size:1.02rem}
.note{color:var(--soft);font-size:.87rem}
h1,h2,p{overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th{font-weight:600;text-align:right;color:var(--soft);border-bottom:1px solid var(--line);white-space:nowrap}
td{text-align:right;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
th,td{padding:.45rem 0 .45rem 1.1rem}
th:first-child,td:first-child{text-align:left;padding-left:0;white-space:normal;overflow-wrap:anywhere;min-width:11rem}
td small{display:block;color:var(--soft);font-size:.82em}
td.strong{font-weight:650}td.strong small{font-weight:400}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.4rem;margin:0;font-size:.92rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
figure{margin:0;overflow-x:auto}
svg{display:block;width:100%;min-width:26rem;height:auto}
svg text{fill:var(--ink);font:13px system-ui,sans-serif;font-variant-numeric:tabular-nums}
svg .soft{fill:var(--soft);font-size:12px}svg .strong{font-weight:650}svg .on{fill:var(--on);font-weight:600;
paint-order:stroke;stroke-width:5;stroke-linejoin:round}
svg .grid{stroke:var(--line);stroke-width:1}svg .range{stroke:var(--ink);stroke-width:1.4;fill:none}
svg .mark{stroke:var(--mark);stroke-width:2;fill:none}svg .dot{fill:var(--mark)}
footer{margin-top:3rem;color:var(--soft);font-size:.82rem}
@media (max-width:32rem){main{padding:1.4rem 1rem}dl{grid-template-columns:1fr;gap:0 0}dd{margin-bottom:.5rem}}
@media print{main{max-width:none;padding:0}h2{break-after:avoid}figure,tr{break-inside:avoid}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table: its text, and a smaller line below, neither escaped yet."""

    text: str
    small: str = ""
    strong: bool = False


def escaped(text: object) -> str:
    """``text`` as HTML shows it, wherever in an element or a quoted attribute it stands. Names of images and files
    are somebody else's: what would steer a reader's eye (controls, bidirectional overrides) is shown as its number."""
    return html.escape(shown(text), quote=True)


def shown(text: object) -> str:
    """``text`` with what cannot be printed as its number: what `escaped` says, for where nothing is markup."""
    said = str(text)
    return said if said.isprintable() else "".join(each if each.isprintable() else _numbered(each) for each in said)


def embedded(name: str, value: object) -> str:
    """``value`` as JSON that a script of the page finds under the id ``name``; no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return f'<script type="application/json" id="{escaped(name)}">{text}</script>'


def page(title: str, lead: str, body: Iterable[str], *, footer: str, style: str = "", script: str = "") -> str:
    """A whole document. ``title``, ``lead`` and ``footer`` are text, ``body`` are pieces of HTML. ``style`` and
    ``script`` are the program's own, never made of what an image says; the script runs when all else is there."""
    policy = _POLICY
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escaped(title)}</title>",
            f"<style>{_STYLE}{style}</style></head>",
            "<body><main>",
            f'<header><h1>{escaped(title)}</h1><p class="lead">{escaped(lead)}</p></header>',
            *body,
            f"<footer>{escaped(footer)}</footer>",
            f"</main>{f'<script>{script}</script>' if script else ''}</body></html>",
            "",
        )
    )


def section(heading: str, *pieces: str, name: str = "") -> str:
    """A part of the page: ``heading`` is text, ``pieces`` are HTML, ``name`` is what a link to it calls it."""
    return "\n".join(
        (
            f'<section id="{escaped(name)}">' if name else "<section>",
            f"<h2>{escaped(heading)}</h2>",
            *pieces,
            "</section>",
        )
    )


def paragraph(text: str, *, note: bool = False) -> str:
    """A paragraph of text, smaller when it is a ``note``."""
    kind = ' class="note"' if note else ""
    return f"<p{kind}>{escaped(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table whose first column names its row; it scrolls by itself where the page is too narrow."""
    heads = "".join(f'<th scope="col">{escaped(name)}</th>' for name in head)
    lines = "\n".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>'


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they mean, both text."""
    return f"<dl>{''.join(f'<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>' for name, value in pairs)}</dl>"


def _cell(cell: Cell) -> str:
    small = f"<small>{escaped(cell.small)}</small>" if cell.small else ""
    kind = ' class="strong"' if cell.strong else ""
    return f"<td{kind}>{escaped(cell.text)}{small}</td>"


def _numbered(letter: str) -> str:
    return " " if letter in "\n\t" else f"\\u{ord(letter):04x}"
