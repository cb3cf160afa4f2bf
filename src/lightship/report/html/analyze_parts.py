"""What the page of ``analyze`` says without a script: three figures, layers, packages, what nobody owns."""

from collections.abc import Iterable, Sequence

from lightship.analyze.model import Analysis, LayerFacts, Package, UnownedPlace
from lightship.report.html.page import Cell, escaped, paragraph, section, table
from lightship.report.html.words import counted, folded
from lightship.units import format_bytes

__all__ = ["ECOSYSTEMS", "contents", "explorer", "figures", "layers_of", "packages_of", "places_of"]

ECOSYSTEMS = {
    "deb": "Debian",
    "apk": "Alpine",
    "rpm": "RPM",
    "python": "Python",
    "npm": "npm",
    "conda": "Conda",
    "go": "Go",
    "rust": "Rust",
}
"""What kinds of packages are called."""

_MOST_PACKAGES = 60
_MOST_PLACES = 25
_HEADS = (
    ("name", "package"),
    ("ecosystem", "kind"),
    ("compressed", "compressed"),
    ("unpacked", "unpacked"),
    ("files", "files"),
    ("layer", "layer"),
    ("by", "needed by"),
)


def figures(analysis: Analysis) -> str:
    """Compressed, unpacked and unique, never called size, and what of it is seen."""
    totals, layers = analysis.totals, len(analysis.layers)
    wasted = f"{format_bytes(totals.wasted_bytes)} of it ({1 - totals.efficiency:.1%}) hidden by higher layers"
    unowned = f"{totals.files:,} files; {format_bytes(totals.unowned_bytes)} owned by no package"
    cards = (
        ("compressed", totals.compressed_bytes, f"travels when it is pulled, in {counted(layers, 'layer')}"),
        ("unpacked", totals.unpacked_bytes, f"lies on disk; {wasted if totals.wasted_bytes else 'none of it hidden'}"),
        ("unique", totals.unique_bytes, "compressed, and in no image given with --beside"),
        ("visible", totals.visible_bytes, f"unpacked, and seen by a container: {unowned}"),
    )
    pieces = "".join(
        f'<div><dt>{escaped(name)}</dt><dd class="big">{escaped(format_bytes(value))}</dd>'
        f'<dd class="small">{escaped(said)}</dd></div>'
        for name, value, said in cards
    )
    return f'<dl class="figures">{pieces}</dl>'


def contents(analysis: Analysis, *, has_diff: bool) -> str:
    """Links to the parts, with how many are in each."""
    links = [
        *([("changes", "what changed")] if has_diff else []),
        ("bytes", "where the bytes are"),
        ("findings", counted(len(analysis.findings), "finding")),
        ("layers", counted(len(analysis.layers), "layer")),
        ("packages", counted(len(analysis.packages), "package")),
        *([("unowned", "owned by no package")] if analysis.unowned else []),
    ]
    made = "".join(f'<a href="#{name}">{escaped(said)}</a>' for name, said in links)
    return f'<nav class="parts" aria-label="Parts of the page">{made}</nav>'


def explorer(*, has_hidden: bool, has_findings: bool) -> str:
    """Where the script draws the treemap and what belongs to it; hidden until it does."""
    views = [("packages", "packages"), ("files", "files"), *([("hidden", "hidden copies")] if has_hidden else [])]
    modes = [("owner", "owner"), ("layer", "layer"), *([("findings", "findings")] if has_findings else [])]
    tools = "".join(
        (
            _choice("view", "by", views),
            _choice("measure", "area", [("unpacked", "unpacked"), ("compressed", "compressed")]),
            _choice("mode", "colour", modes),
        )
    )
    return section(
        "Where the bytes are",
        '<noscript><p class="note">The treemap needs the page\'s script, which is switched off.</p></noscript>',
        '<div id="explore" hidden>',
        f'<div class="tools">{tools}<span><label for="find">find</label> <input id="find" type="search" '
        'placeholder="file or directory" autocomplete="off" spellcheck="false"> '
        '<span id="found" class="note" role="status"></span></span></div>',
        '<nav aria-label="Where in the image"><ol id="trail"></ol></nav>',
        '<p id="about" role="status" hidden></p>',
        '<div class="explorer"><div>',
        '<div id="stage" role="group" aria-label="Treemap: the larger, the more bytes" aria-describedby="keys"></div>',
        '<p id="pointed" aria-hidden="true"></p>',
        '<ul id="legend" class="key" aria-label="Colours and patterns"></ul></div>',
        '<div class="beside"><div class="side" tabindex="0" role="region" aria-label="What is in it, largest first">',
        "<table><thead><tr>"
        '<th scope="col">name</th><th scope="col" id="list-head">unpacked</th><th scope="col">share</th></tr>'
        '</thead><tbody id="list"></tbody></table><p id="list-empty" class="note" hidden>Nothing is there.</p>'
        '<button type="button" id="more" hidden></button></div>',
        '<div id="details" role="status"></div></div></div>',
        '<p id="keys" class="note">Enter opens, Escape goes back out; the arrows lead to neighbours (left, right), '
        "into a directory (down) and out of it (up). The list beside says the same as the treemap.</p>",
        "</div>",
        name="bytes",
    )


def layers_of(analysis: Analysis) -> str:
    """A bar of all layers, bottom first, then each with the instruction that made it."""
    layers = analysis.layers
    if not layers:
        return section("Layers", paragraph("The image has no layers."))
    parts = "".join(_stacked(number, layer) for number, layer in enumerate(layers))
    said = "; ".join(_in_words(number, layer) for number, layer in enumerate(layers[:40]))
    key = (
        '<ul class="key"><li><span class="kept"></span>unpacked, seen</li>'
        '<li><span class="wasted"></span>unpacked, hidden by a higher layer</li></ul>'
    )
    most = max(layer.unpacked_bytes for layer in layers)
    heads = ("layer and what made it", "compressed", "unpacked", "hidden", "files", "ratio", "unique")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "\n".join(_layer_row(number, layer, most) for number, layer in enumerate(layers))
    return section(
        "Layers",
        f'<ol class="stack" role="img" aria-label="{escaped(said)}">{parts}</ol>{key}',
        f'<div class="scroll"><table class="layers"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>',
        "</div>",
        name="layers",
    )


def packages_of(analysis: Analysis) -> str:
    """Packages, those of most bytes first; the script finds and orders them and shows the rest."""
    packages = analysis.packages
    if not packages:
        return section("Packages", paragraph("No package says that it is here."))
    largest = sorted(packages, key=lambda each: (-each.unpacked_bytes, each.ecosystem, each.name))
    head = "".join(f'<th scope="col" data-key="{key}">{name}</th>' for key, name in _HEADS)
    rows = "\n".join(_package_row(each, packages) for each in largest[:_MOST_PACKAGES])
    left = len(largest) - _MOST_PACKAGES
    without = f"<noscript>{paragraph(f'and {left:,} smaller packages', note=True)}</noscript>" if left > 0 else ""
    return section(
        "Packages",
        '<div id="packages-tools" class="tools" hidden><label for="packages-wanted">find</label>'
        '<input id="packages-wanted" type="search" placeholder="name or kind" autocomplete="off" spellcheck="false">'
        '<span id="packages-said" class="note" role="status"></span></div>',
        f'<div class="scroll"><table class="packages"><thead id="packages-head"><tr>{head}</tr></thead>\n'
        f'<tbody id="packages-body">\n{rows}\n</tbody></table></div>',
        f'<button type="button" id="packages-more" hidden></button>{without}',
        name="packages",
    )


def places_of(places: Sequence[UnownedPlace]) -> str:
    """Directories with files that no package owns."""
    if not places:
        return ""
    rows = [
        [
            Cell(text=f"/{place.path}"),
            Cell(text=format_bytes(place.compressed_bytes)),
            Cell(text=format_bytes(place.unpacked_bytes)),
            Cell(text=f"{place.files:,}"),
        ]
        for place in places[:_MOST_PLACES]
    ]
    left = places[_MOST_PLACES:]
    rest = (
        f"and {counted(len(left), 'smaller place')}, {format_bytes(sum(each.unpacked_bytes for each in left))} unpacked"
    )
    return section(
        "Owned by no package",
        table(("directory", "compressed", "unpacked", "files"), rows),
        *([paragraph(rest, note=True)] if left else []),
        name="unowned",
    )


def _stacked(number: int, layer: LayerFacts) -> str:
    share = f"{layer.wasted_bytes / layer.unpacked_bytes:.2%}" if layer.unpacked_bytes else "0"
    lost = f'<span class="lost" style="width:{share}"></span>' if layer.wasted_bytes else ""
    title = escaped(f"{_in_words(number, layer)}\n{layer.instruction[:200]}")
    weight = max(layer.unpacked_bytes, 1)
    return f'<li style="flex:{weight} 1 0" title="{title}">{lost}<b>{number + 1}</b></li>'


def _in_words(number: int, layer: LayerFacts) -> str:
    hidden = f", {format_bytes(layer.wasted_bytes)} of it hidden" if layer.wasted_bytes else ""
    return f"layer {number + 1}: {format_bytes(layer.unpacked_bytes)} unpacked{hidden}"


def _layer_row(number: int, layer: LayerFacts, most: int) -> str:
    width = layer.unpacked_bytes / most if most else 0.0
    lost = layer.wasted_bytes / layer.unpacked_bytes if layer.unpacked_bytes else 0.0
    inner = f'<span class="lost" style="width:{lost:.2%}"></span>' if lost else ""
    bar = f'<span class="bar" style="width:{width:.2%}" aria-hidden="true">{inner}</span>'
    said = folded(layer.instruction) if layer.instruction else '<span class="note">no instruction is told</span>'
    broken = "" if layer.rows is not None else '<small class="warning">could not be read</small>'
    ratio = f"{layer.unpacked_bytes / layer.compressed_bytes:.1f}x" if layer.compressed_bytes else ""
    numbers = (
        format_bytes(layer.compressed_bytes),
        format_bytes(layer.unpacked_bytes),
        format_bytes(layer.wasted_bytes) if layer.wasted_bytes else "",
        f"{layer.files:,}",
    )
    cells = "".join(f"<td>{escaped(text)}</td>" for text in numbers)
    how = f"<td>{ratio}<small>{escaped(layer.compression)}</small></td><td>{'yes' if layer.unique else 'no'}</td>"
    return f"<tr><td><b>{number + 1}</b> {said}{bar}{broken}</td>{cells}{how}</tr>"


def _package_row(package: Package, packages: Sequence[Package]) -> str:
    names = [packages[number].name for number in package.required_by]
    needed = ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")
    if not names and package.requested:
        needed = "asked for"
    kind = ECOSYSTEMS.get(package.ecosystem, package.ecosystem)
    own = counted(package.files, "file") if package.within is None else f"in {packages[package.within].name}"
    numbers = (format_bytes(package.compressed_bytes), format_bytes(package.unpacked_bytes), own, package.layer + 1)
    return (
        f'<tr><th scope="row">{escaped(package.name)}<small>{escaped(package.version)}</small></th>'
        f'<td class="words">{escaped(kind)}</td>{"".join(f"<td>{escaped(each)}</td>" for each in numbers)}'
        f'<td class="words">{escaped(needed)}</td></tr>'
    )


def _choice(name: str, said: str, options: Iterable[tuple[str, str]]) -> str:
    made = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" if number == 0 else ""}>'
        f"<span>{words}</span></label>"
        for number, (value, words) in enumerate(options)
    )
    return f'<fieldset><legend>{said}</legend><span class="choice">{made}</span></fieldset>'
