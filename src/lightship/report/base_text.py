"""The report of ``lightship base`` as text and Markdown: verdict, table, why not the others, what wheels need."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from lightship.findings import Report
from lightship.report.markdown import escape_markdown, render_markdown_table
from lightship.report.text import render_table
from lightship.units import format_bytes, format_names

__all__ = ["render_base", "render_base_markdown"]

_COLUMNS = 80
_HEAD = ("", "base", "in all", "builds", "C library", "")
_MOST_NAMES = 12

_Row = Mapping[str, object]


def render_base(report: Report, *, verbose: bool = False) -> str:
    """80 columns; ``verbose`` adds the traps' remedies, every source and what each package offers."""
    document = report.document
    lines = _wrapped(f"{document['verdict']}.")
    lines += _wrapped(f"{document['advice']}.")
    lines += ["", *_wrapped(_subject(document))]
    for each in _rows(document["against"]):
        lines += ["", *_wrapped(_asked(each))]
        lines += _bullets(str(reason["message"]) for reason in _rows(each["reasons"]))
        lines += _bullets(_trap(trap, verbose=verbose) for trap in _rows(each["traps"]))
    ranking = _rows(document["ranking"])
    lines += ["", *render_table(_HEAD, [_cells(row) for row in ranking])]
    lines += _wrapped(_legend(ranking))
    lines += ["", "why not the others"]
    for row in ranking[1:]:
        said = "; ".join(str(reason["message"]) for reason in _rows(row["reasons"]))
        lines += _bullets([f"{_called(row)}: {said}"])
        lines += _bullets((_trap(trap, verbose=verbose) for trap in _rows(row["traps"])), indent=4)
    lines += ["", *_offers(document, verbose=verbose)]
    lines += ["", *_needs(_row(document["needs"]))]
    lines += ["", *_sources(ranking, verbose=verbose)]
    for note in _texts(document["notes"]):
        lines += _wrapped(f"note: {note}")
    return "\n".join(lines) + "\n"


def render_base_markdown(report: Report) -> str:
    """For a pull request: verdict, table, reasons."""
    document = report.document
    ranking = _rows(document["ranking"])
    lines = [f"**{escape_markdown(str(document['verdict']))}.** {escape_markdown(str(document['advice']))}.", ""]
    lines += [escape_markdown(_subject(document)), ""]
    for each in _rows(document["against"]):
        lines += [f"* {escape_markdown(_asked(each))}"]
        lines += [f"  * {escape_markdown(str(reason['message']))}" for reason in _rows(each["reasons"])]
    if document["against"]:
        lines.append("")
    lines += render_markdown_table(_HEAD, [[escape_markdown(cell) for cell in _cells(row)] for row in ranking])
    lines += ["", escape_markdown(_legend(ranking)), ""]
    for row in ranking[1:]:
        said = "; ".join(str(reason["message"]) for reason in _rows(row["reasons"]))
        lines.append(f"* {escape_markdown(f'{_called(row)}: {said}')}")
        lines += [f"  * {escape_markdown(_trap(trap, verbose=True))}" for trap in _rows(row["traps"])]
    head, *needs = _needs(_row(document["needs"]), columns=1 << 20)
    lines += ["", f"{escape_markdown(head)}:", "", *(f"* {escape_markdown(line.strip())}" for line in needs)]
    return "\n".join(lines) + "\n"


def _subject(document: Mapping[str, object]) -> str:
    python = _row(document["python"])
    return (
        f"{document['packages']} packages of {document['lock']}, Python {python['version']} ({python['why']}), "
        f"{document['platform']}"
    )


def _asked(each: _Row) -> str:
    if each["family"] is None or each["reasons"]:
        return f"{each['name']} does not fit:" if each["family"] is not None else f"{each['name']} is not known:"
    said = f"{each['name']} fits"
    total, more = each["total_compressed_bytes"], each["more_bytes"]
    if isinstance(total, int):
        said += f": {format_bytes(total)} with the packages"
        if isinstance(more, int) and more > 0:
            said += f", {format_bytes(more)} more than the first of the table"
    return said


def _cells(row: _Row) -> tuple[str, ...]:
    figure, packages = row["base"], _row(row["packages"])
    closed = row["status"] == "closed"
    least = isinstance(figure, dict) and bool(figure["at_least"])
    builds = "?" if packages["unknown"] else str(_count(packages["builds"]))
    libc = " ".join(str(part) for part in (row["libc"], row["libc_version"]) if part)
    return (
        _short(row),
        _bytes(_row(figure)["compressed_bytes"], least=least) if isinstance(figure, dict) else "?",
        "-" if closed else _bytes(row["total_compressed_bytes"], least=least or bool(packages["unsized"])),
        "-" if closed else builds,
        libc or "none",
        "" if row["status"] == "fits" else str(row["status"]),
    )


def _bytes(value: object, *, least: bool) -> str:
    return ("> " if least else "") + format_bytes(value) if isinstance(value, int) else "?"


def _called(row: _Row) -> str:
    image = row["image"]
    if image is None:
        return str(row["title"])
    return f"{image} + {row['addition']}" if row["addition"] else str(image)


def _short(row: _Row) -> str:
    """For a column: without the registry."""
    called = _called(row)
    image, plus, addition = called.partition(" + ")
    last = image.rpartition("/")[2]
    return ("distroless " if row["key"] == "distroless" else "") + last + plus + addition


def _legend(ranking: Sequence[_Row]) -> str:
    measured = [row for row in ranking if isinstance(row["base"], dict) and row["base"]["measured"]]
    cited = [row for row in ranking if isinstance(row["base"], dict) and not row["base"]["measured"]]
    said = "Compressed bytes: of the base, and with the packages, by their wheels' sizes in the lock"
    if any(_int(_row(row["packages"])["estimated"]) for row in ranking):
        said += ", else their sdists'"
    unsized = max(_int(_row(row["packages"])["unsized"]) for row in ranking)
    if unsized:
        said += f", which has none of {unsized}"
    if cited and measured:
        said += f". Measured: {format_names([_called(row) for row in measured])}; the others are cited"
    elif cited:
        said += ". Bases are cited: --measure asks their registries"
    if any(row["base"] is None for row in ranking):
        said += "; ? is not known"
    return said + "."


def _trap(trap: _Row, *, verbose: bool) -> str:
    text = str(trap["text"])
    if verbose and trap["remedy"]:
        text += f" {trap['remedy']}"
    return f"{text} ({trap['source']}, {trap['date']})" if verbose else text


def _offers(document: Mapping[str, object], *, verbose: bool) -> list[str]:
    lines = ["what the lock offers"]
    rows = []
    for machine in _rows(document["machines"]):
        counts = _row(machine["counts"])
        rows.append(
            (
                str(machine["machine"]),
                *(str(counts[kind]) for kind in ("pure", "both", "manylinux", "musllinux", "source", "nothing")),
            )
        )
    lines += render_table(("", "pure", "both", "manylinux only", "musllinux only", "sdist only", "neither"), rows)
    for machine in _rows(document["machines"]):
        without = _rows(machine["manylinux"])
        if without:
            names = [str(offer["name"]) + ("" if offer["sdist"] else "*") for offer in without]
            lines += _wrapped(f"{machine['machine']}, no musllinux wheel (* no sdist either): {', '.join(names)}")
    if verbose:
        lines += _named(_rows(document["machines"]), "both", "wheels for glibc and musl", verbose=True)
    for kind, said in (("source", "sdist only, built on every base"), ("nothing", "neither wheel nor sdist")):
        lines += _named(_rows(document["machines"]), kind, said, verbose=verbose)
    return lines


def _named(machines: Sequence[_Row], kind: str, said: str, *, verbose: bool) -> list[str]:
    """The packages of a kind, of the second machine only what the first has not."""
    lines: list[str] = []
    told: set[str] = set()
    for machine in machines:
        names = [str(offer["name"]) for offer in _rows(machine[kind])]
        fresh = [name for name in names if name not in told]
        if fresh:
            more = "" if verbose or len(fresh) <= _MOST_NAMES else f" and {len(fresh) - _MOST_NAMES} more (-v)"
            shown = ", ".join(fresh if verbose else fresh[:_MOST_NAMES])
            lines += _wrapped(f"{machine['machine']}, {said}: {'these and ' if told else ''}{shown}{more}")
        told |= set(names)
    return lines


def _needs(needs: _Row, *, columns: int = _COLUMNS) -> list[str]:
    lines = ["what the wheels need"]
    if needs["glibc"] is None:
        return [*lines, "  no wheel is compiled for glibc"]
    wanted = _texts(needs["glibc_wanted_by"])
    lines += _bullets([f"by their tags: glibc {needs['glibc']} ({format_names(wanted)})"], columns=columns)
    read, compiled = _int(needs["read"]), _int(needs["compiled"])
    if not read:
        return lines + _bullets(
            [f"exactly: not known, as none of the {compiled} compiled wheels is in the cache"], columns=columns
        )
    exact = [
        f"{each['family']} {each['version']} ({format_names(_texts(each['packages']))})"
        for each in _rows(needs["exact"])
    ]
    lines += _bullets(
        [f"by the symbols of {read} of {compiled} compiled wheels: {', '.join(exact) or 'nothing'}"], columns=columns
    )
    libraries = [str(each["soname"]) for each in _rows(needs["libraries"]) if not each["from_host"]]
    lines += _bullets([f"from outside: {', '.join(libraries) or 'nothing'}"], columns=columns)
    host = [str(each["soname"]) for each in _rows(needs["libraries"]) if each["from_host"]]
    return lines + (_bullets([f"from the host's driver: {', '.join(host)}"], columns=columns) if host else [])


def _sources(ranking: Sequence[_Row], *, verbose: bool) -> list[str]:
    if not verbose:
        dates = sorted({str(_row(row["base"])["date"]) for row in ranking if isinstance(row["base"], dict)})
        span = " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "no figures"
        return _wrapped(f"figures of {span}; -v names each source, --format json has them all")
    lines = ["where the figures are from"]
    for row in ranking:
        figure = row["base"]
        if isinstance(figure, dict):
            lines += _bullets([f"{_called(row)}: {figure['source']}, {figure['date']}"])
    return lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _bullets(texts: Iterable[str], *, indent: int = 0, columns: int = _COLUMNS) -> list[str]:
    lines = []
    for text in texts:
        first = " " * (indent + 2)
        lines += textwrap.wrap(
            text,
            columns,
            initial_indent=first,
            subsequent_indent=first + "  ",
            break_on_hyphens=False,
            break_long_words=False,  # an address is copied whole
        )
    return lines


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _row(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _count(value: object) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
