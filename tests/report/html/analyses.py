"""Analyses to make pages of: a small one with every kind of thing, and a large one."""

from array import array
from dataclasses import replace

from tests.analyze.making import Made, files, image_of
from tests.flows.test_layer_contents import package
from tests.report.html.test_page import HOSTILE

from lightship.analyze.analysis import analyze
from lightship.analyze.entries import DIRECTORY, FILE, Entries
from lightship.analyze.merge import merge_rows
from lightship.analyze.model import NOBODY, Analysis, Package
from lightship.findings import Finding

__all__ = ["hostile_analysis", "large_analysis", "small_analysis"]

_SITE = "opt/app/lib/python3.12/site-packages"


def small_analysis(name: str = "oci:small", *, other: str = "plain") -> Analysis:
    """Two packages, one that needs the other; a tree copied by ``chown``; files that nobody owns, one of them called
    ``other``. Three layers."""
    wheel = {**package("numpy", "1.0", {"numpy/core.so": b"x" * 3_000_000, "numpy/a.py": b"a" * 4_000})}
    asked = b"Name: app\nVersion: 2\nRequires-Dist: numpy\n"
    tool = package("app", "2", {"app/main.py": b"m" * 90_000})
    tool = {path: asked if path.endswith("METADATA") else content for path, content in tool.items()}
    return analyze(
        image_of(
            [
                Made("etc/passwd", b"root"),
                Made(f"srv/{other}", b"n" * 500_000),
                Made("srv/deep/er/file", b"d" * 40_000),
            ],
            [*files(wheel), *files(tool)],
            files(wheel, uid=7),
            steps=["ADD rootfs.tar /", f"RUN install {other}", "RUN chown -R 7 /"],
        ),
        reference=name,
    )


def hostile_analysis() -> Analysis:
    """As `small_analysis`, every text that comes from an image being hostile."""
    found = small_analysis(HOSTILE, other=HOSTILE.replace("/", "_").replace("\x00", ""))
    packages = tuple(replace(each, name=HOSTILE, version=HOSTILE) for each in found.packages)
    bad = Finding(
        code="metadata-copy", severity="error", title=HOSTILE, message=HOSTILE, location=HOSTILE, fix=f"{HOSTILE}\n+b"
    )
    return replace(found, packages=packages, findings=(bad, *found.findings))


def large_analysis(count: int = 60_000) -> Analysis:
    """``count`` files of 300 Python packages and some fifty directories in each, every tenth one flat; a finding about
    every third file, and one about the files of every second package."""
    entries, owners, packages = Entries(), array("i"), []
    for number in range(300):
        top = f"{_SITE}/package_{number:03}"
        own = count // 300
        for each in range(own):
            folder = f"{top}/part_{each % 17}/inner_{each % 3}" if number % 10 else top
            size = (each * 7919 + number * 104_729) % 200_000 // (1 + each % 50)
            entries.add(f"{folder}/module_{each}_of_{number}.cpython-312.pyc", FILE, size=size)
            owners.append(number)
    for row in range(len(entries)):
        entries.layers.append(row % 2)
        entries.compressed.append(entries.sizes[row] // 3 + 200)
    rows = len(entries)
    tree = merge_rows(entries, [range(rows)])
    owners.extend([NOBODY] * (len(entries) - rows))
    for number in range(300):
        own_rows = range(number * (count // 300), (number + 1) * (count // 300))
        packages.append(
            Package(
                ecosystem="python",
                name=f"package-{number:03}",
                version="1.0",
                architecture="",
                location=f"{_SITE}/package_{number:03}",
                unpacked_bytes=sum(entries.sizes[row] for row in own_rows),
                compressed_bytes=sum(entries.compressed[row] for row in own_rows),
                files=len(own_rows),
                layer=0,
            )
        )
    small = small_analysis("oci:large")
    visible = sum(each.unpacked_bytes for each in packages)
    totals = replace(
        small.totals, visible_bytes=visible, unpacked_bytes=visible, wasted_bytes=0, unowned_bytes=0, files=rows
    )
    third = replace(small.findings[0], message="every third file", unpacked_bytes=3)
    second = replace(third, message="every second package", unpacked_bytes=2)
    assert all(entries.kinds[row] == DIRECTORY for row in range(rows, len(entries)))
    return replace(
        small,
        entries=entries,
        tree=tree,
        owners=owners,
        packages=tuple(packages),
        totals=totals,
        unowned=(),
        findings=(third, second),
        evidence={
            third: range(0, count, 3),
            second: [row for row in range(count) if row // (count // 300) % 2],
        },
    )
