"""Lines of a Dockerfile measured in an image that was built from it."""

import pytest
from tests.lint.asking import subject_of

from lightship.analyze.analysis import analyze
from lightship.analyze.model import Analysis
from lightship.errors import InputError
from lightship.flows.lint_measured import MeasuredCosts, check_built_from, match_layers
from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_layer
from lightship.lint.subject import NoCosts

DOCKERFILE = """\
FROM debian:12 AS build
COPY . /src
RUN make
FROM debian:12
ARG APP=/app
RUN apt-get update && \\
    apt-get install -y libpq5
WORKDIR /
COPY --chown=1000:1000 app ${APP}
RUN chown -R 1000:1000 /app
CMD ["x"]
"""
HISTORY = {
    "classic": [
        "/bin/sh -c #(nop) ADD file:1234 in / ",
        "/bin/sh -c apt-get update &&     apt-get install -y libpq5",
        "/bin/sh -c #(nop) COPY --chown=1000:1000dir:5678 in /app ",
        "/bin/sh -c chown -R 1000:1000 /app",
    ],
    "buildkit": [
        "/bin/sh -c #(nop) ADD file:1234 in / ",
        "RUN |1 APP=/app /bin/sh -c apt-get update &&     apt-get install -y libpq5 # buildkit",
        "COPY --chown=1000:1000 app /app # buildkit",
        "RUN |1 APP=/app /bin/sh -c chown -R 1000:1000 /app # buildkit",
    ],
}


STATUS = """\
Package: libpq5
Status: install ok installed
Version: 15
Architecture: amd64
Depends: libonly

Package: libonly
Status: install ok installed
Version: 1
Architecture: amd64

"""
LAYERS = [
    {"bin/sh": b"base" * 1000},
    {
        "usr/lib/libpq.so": b"q" * 500,
        "usr/lib/libonly.so": b"o" * 300,
        "var/lib/dpkg/status": STATUS.encode(),
        "var/lib/dpkg/info/libpq5.list": b"/usr/lib/libpq.so\n",
        "var/lib/dpkg/info/libonly.list": b"/usr/lib/libonly.so\n",
    },
    {"app/main.py": b"a" * 2000},
    {"app/main.py": b"a" * 2000},
]


def analysed(history: list[str], compression: str = "gzip") -> Analysis:
    layers = [synthetic_layer(files, compression=compression) for files in LAYERS]  # type: ignore[arg-type]  # a literal
    created = "1980-01-01T00:00:00Z"
    entries: list[dict[str, object]] = [{"created": created, "created_by": text} for text in history]
    entries.insert(2, {"created": created, "created_by": "ENV A=1", "empty_layer": True})
    config: dict[str, object] = {"os": "linux", "architecture": "amd64", "config": {}, "history": entries}
    return analyze(from_blobs(layers, config), reference="oci:built")


@pytest.mark.parametrize("builder", sorted(HISTORY))
def test_layers_belong_to_the_lines_that_made_them(builder: str) -> None:
    subject = subject_of(DOCKERFILE)
    analysis = analysed(HISTORY[builder])
    found = match_layers(subject.stages, analysis.layers)
    lines = {
        each.span.start: each.line for stage in subject.stages.stages for each in (stage.start, *stage.instructions)
    }
    numbers = {lines[place]: [analysis.layers.index(layer) for layer in layers] for place, layers in found.items()}
    assert numbers == {4: [0], 6: [1], 9: [2], 10: [3]}


def test_bytes_are_those_of_the_layers_and_packages() -> None:
    subject = subject_of(DOCKERFILE)
    analysis = analysed(HISTORY["buildkit"])
    costs = MeasuredCosts.of_image(analysis, subject.stages, NoCosts())
    build, final = subject.stages.stages
    copied = costs.of(final.instructions[3])
    assert (copied.unpacked_bytes, copied.measured, copied.how) == (2000, True, "measured in oci:built")
    assert copied.compressed_bytes == analysis.layers[2].compressed_bytes
    assert costs.of(final.start).unpacked_bytes == 4000
    assert costs.of(build.instructions[1]).unpacked_bytes is None
    packages = costs.of_packages(final, ("libpq5",))
    assert packages.unpacked_bytes == 800
    assert costs.of_packages(final, ("absent",)).unpacked_bytes is None


def test_an_archive_of_plain_tars_tells_nothing_of_what_travels() -> None:
    subject = subject_of(DOCKERFILE)
    costs = MeasuredCosts.of_image(analysed(HISTORY["buildkit"], "none"), subject.stages, NoCosts())
    cost = costs.of(subject.stages.stages[1].instructions[3])
    assert (cost.unpacked_bytes, cost.compressed_bytes) == (2000, None)


def test_the_history_of_another_image_matches_nothing() -> None:
    subject = subject_of(DOCKERFILE)
    found = match_layers(subject.stages, analysed(["a", "b", "c", "d"]).layers)
    assert [len(layers) for layers in found.values()] == [4]
    with pytest.raises(InputError, match="oci:built was not built from this file"):
        check_built_from(subject.stages, analysed(["a", "b", "c", "d"]))
    check_built_from(subject.stages, analysed(HISTORY["buildkit"]))
