"""The report as text: what changed and no more, tables that line up, the worst first, 80 columns."""

from dataclasses import replace

from lightship.findings import Finding, Severity
from lightship.flows.outcome import BuildOutcome, DropSummary, LayerSummary, build_report
from lightship.report.text import render_findings, render_table, render_text


def finding(severity: Severity, number: int = 0, **fields: str) -> Finding:
    return Finding(code="pretend", severity=severity, title="pretend", message=f"{severity} {number}", **fields)  # type: ignore[arg-type]


def layer(name: str, megabytes: float, of: str, *, cached: bool = False) -> LayerSummary:
    return LayerSummary(
        name=name, digest=f"sha256:{name}", diff_id="sha256:2", media_type="layer",
        compressed_bytes=int(megabytes * 1e6), unpacked_bytes=int(megabytes * 3e6), files=1234, created_by=of,
        cached=cached,
    )  # fmt: skip


def drop(rule: str, unpacked_bytes: int) -> DropSummary:
    return DropSummary(rule=rule, safety="safe", files=10, unpacked_bytes=unpacked_bytes)


BASE = layer("base", 12.0, "base of 41 packages", cached=True)
INTERPRETER = layer("interpreter", 6.4, "interpreter usr/bin/python3.11 3.11.2", cached=True)
FLASK = layer("packages-light-2", 0.365, "lightship build: click, flask, itsdangerous, jinja2 and werkzeug")
APPLICATION = layer("application", 0.014, "application in /app")
SECONDS = {
    "plan": 3.62, "fetch": 0.41, "closure": 5.08, "layers": 2.76, "trace": 3.45, "image": 0.0, "write": 0.01,
}  # fmt: skip


def outcome(
    *findings: Finding, layers: tuple[LayerSummary, ...] = (BASE,), dropped: tuple[DropSummary, ...] = ()
) -> BuildOutcome:
    return BuildOutcome(
        reference="shop:1", digest="sha256:0", outputs=("oci:one", "oci:two"), platform="linux/amd64", python="3.11.2",
        layers=layers, dropped=dropped, findings=findings, seconds=SECONDS,
    )  # fmt: skip


DROPPED = (drop("deb-documentation", 1_980_000), drop("deb-manuals", 69_500))

CHANGED = """\
shop:1  sha256:0
18.8 MB compressed, 56.3 MB unpacked, 4,936 files, linux/amd64, Python 3.11.2

layer made        compressed  unpacked  files  of
packages-light-2      365 kB   1.09 MB  1,234  click, flask, itsdangerous, …
application          14.0 kB   42.0 kB  1,234  application in /app
2 layers unchanged (18.4 MB)
2.05 MB left out by 2 rules (-v shows them)

plan 3.62 s  fetch 0.41 s  closure 5.08 s  layers 2.76 s  trace 3.45 s
image 0.00 s  write 0.01 s
"""

UNCHANGED = """\
shop:1  sha256:0
12.0 MB compressed, 36.0 MB unpacked, 1,234 files, linux/amd64, Python 3.11.2

1 layer unchanged (12.0 MB)
1.98 MB left out by 1 rule (-v shows them)

plan 3.62 s  fetch 0.41 s  closure 5.08 s  layers 2.76 s  trace 3.45 s
image 0.00 s  write 0.01 s
"""

EVERYTHING = """\
shop:1  sha256:0
18.8 MB compressed, 56.3 MB unpacked, 4,936 files, linux/amd64, Python 3.11.2

layer             compressed  unpacked  files
base                 12.0 MB   36.0 MB  1,234  cached
interpreter          6.40 MB   19.2 MB  1,234  cached
packages-light-2      365 kB   1.09 MB  1,234
application          14.0 kB   42.0 kB  1,234

left out by rule   unpacked  files  safety
deb-documentation   1.98 MB     10    safe
deb-manuals         69.5 kB     10    safe

plan 3.62 s  fetch 0.41 s  closure 5.08 s  layers 2.76 s  trace 3.45 s
image 0.00 s  write 0.01 s

sha256:base  base
sha256:interpreter  interpreter
sha256:packages-light-2  packages-light-2
sha256:application  application

written to oci:one
written to oci:two
"""


def test_a_build_tells_the_layers_that_it_made() -> None:
    built = outcome(layers=(BASE, INTERPRETER, FLASK, APPLICATION), dropped=DROPPED)
    assert render_text(build_report(built)) == CHANGED


def test_a_list_of_packages_that_is_cut_does_not_end_with_and() -> None:
    built = outcome(
        layers=(layer("packages-medium-0", 10.7, "lightship build: hf-xet, pillow and tokenizers-of-rust"),)
    )
    assert "  hf-xet, pillow, …\n" in render_text(build_report(built))


def test_a_build_that_changed_nothing_is_short() -> None:
    assert render_text(build_report(outcome(dropped=DROPPED[:1]))) == UNCHANGED


def test_verbose_tells_every_layer_every_rule_and_the_places() -> None:
    built = outcome(layers=(BASE, INTERPRETER, FLASK, APPLICATION), dropped=DROPPED)
    assert render_text(build_report(built), verbose=True) == EVERYTHING


def test_the_users_own_patterns_are_a_row_that_says_so() -> None:
    text = render_text(build_report(outcome(dropped=(drop("asked", 1_000),))), verbose=True)
    assert "\ndrop (yours)" in text
    assert "asked" not in text


def test_of_many_layers_the_largest_are_told_in_the_images_order() -> None:
    layers = tuple(layer(f"packages-{number:02}", (7 * number) % 35 + 1, "many") for number in range(35))
    layers += tuple(layer(f"heavy-{number:02}", 40 + number, "few") for number in range(13))
    text = render_text(build_report(outcome(layers=layers)))
    shown = [line.split()[0] for line in text.splitlines() if line.startswith(("packages-", "heavy-"))]
    assert shown == ["packages-04", "packages-09", *(f"heavy-{number:02}" for number in range(13))]
    left = sum(each.compressed_bytes for each in layers if each.name not in shown)
    assert f"\nand 33 smaller ({left / 1e6:.0f} MB)\n" in text
    assert "unchanged" not in text


def test_no_line_but_a_single_long_word_is_wider_than_a_terminal() -> None:
    long = replace(
        outcome(layers=(layer("packages-heavy-" + "x" * 60, 123.4, "lightship build: " + "a-package, " * 30), FLASK)),
        reference="registry.example/agent/api:1.2", digest="sha256:" + "0" * 64,
    )  # fmt: skip
    lines = render_text(build_report(long)).splitlines()
    assert lines[:2] == ["registry.example/agent/api:1.2", "sha256:" + "0" * 64]
    assert max(map(len, lines)) <= 80


def test_the_worst_comes_first_and_notes_are_counted() -> None:
    findings = [*(finding("note", number) for number in range(7)), finding("warning", fix="do"), finding("error")]
    text = render_text(build_report(outcome(*findings)))
    lines = text.splitlines()
    start = lines.index("error: error 0 [pretend]")
    assert lines[start + 1 : start + 3] == ["warning: warning 0 [pretend]", "  fix: do"]
    assert lines[-1] == "and 2 more notes: -v shows them"
    assert text.count("note: ") == 5
    assert render_text(build_report(outcome(*findings)), verbose=True).count("note: ") == 7


def test_a_finding_tells_where_it_is() -> None:
    assert render_findings([finding("error", location="a/b")]) == ["error: error 0 (a/b) [pretend]"]


def test_columns_line_up_without_trailing_blanks() -> None:
    assert render_table(("name", "bytes"), [("a", "10"), ("long name", "2")]) == [
        "name       bytes",
        "a             10",
        "long name      2",
    ]


def test_what_was_pushed_is_said_with_its_tag() -> None:
    built = replace(outcome(layers=(BASE,)), outputs=("oci:one", "docker://registry.example/api:latest"))
    assert "\npushed to registry.example/api:latest\n" in render_text(build_report(built))
