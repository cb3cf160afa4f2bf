"""What lines cost, estimated: against what was measured, and what is not known stays so."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.lint.asking import context_of, subject_of

from lightship.dockerfile.stages import Stage
from lightship.ecosystem.base_images import KnownBase
from lightship.ecosystem.python.offers import LockFacts, Offer, OfferedWheel
from lightship.facts.system_packages import system_packages
from lightship.facts.tool_sizes import TOOL_SIZES
from lightship.lint.estimate import Estimates
from lightship.lint.estimate_ratios import COMPILED_WHEEL, LISTS, PURE_WHEEL, WHEEL_TO_GZIP
from lightship.lint.subject import Context, Cost, LockReader, Part, Subject, no_lock

LAYERS = Path(__file__).parents[2] / "bench/debian_layers.tsv"
APT = "apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*"
UNKNOWN = Cost()


def estimates(text: str, context: Context | None = None, lock: LockReader = no_lock) -> tuple[Subject, Estimates]:
    subject = subject_of(text, context=context)
    return subject, Estimates(subject.stages, subject.scripts, context, lock)


def last(text: str, context: Context | None = None, lock: LockReader = no_lock) -> Cost:
    """The cost of the last line."""
    subject, costs = estimates(text, context, lock)
    return costs.of(subject.stages.stages[-1].instructions[-1])


def part(text: str, what: Part, lock: LockReader = no_lock) -> Cost:
    subject, costs = estimates(text, None, lock)
    return costs.of_part(subject.stages.stages[-1].instructions[-1], what)


def bytes_of(cost: Cost) -> tuple[int, int]:
    assert cost.unpacked_bytes is not None
    assert cost.compressed_bytes is not None
    return cost.unpacked_bytes, cost.compressed_bytes


def lock_of(*wheels: tuple[str, int | None]) -> Callable[[KnownBase], LockFacts]:
    """Packages with one wheel each: its last word and its bytes."""
    offers = tuple(
        Offer(
            name=f"pretend-{number}",
            version="1.0",
            wheels=(
                OfferedWheel(
                    filename=f"pretend_{number}-1.0-{tag}.whl",
                    libc="any" if tag.endswith("any") else "glibc",
                    floor=(0, 0) if tag.endswith("any") else (2, 17),
                    size_bytes=size,
                ),
            ),
        )
        for number, (tag, size) in enumerate(wheels)
    )
    return lambda _base: LockFacts(python="3.12.99", machine="x86_64", offers=offers)


def measured() -> list[tuple[str, int, int]]:
    rows = []
    for line in LAYERS.read_text().splitlines():
        if not line.startswith("#"):
            base, packages, recommended, unpacked, compressed, _ = line.split("\t")
            line_of = APT.format(packages)
            if recommended == "yes":
                line_of = line_of.replace("--no-install-recommends ", "")
            text = f"FROM {base}\nRUN {line_of}\n"
            if base == "lists":
                text = f"FROM debian:{packages}-slim\nRUN apt-get update\n"
            rows.append((text, int(unpacked), int(compressed)))
    return rows


def test_the_median_error_over_measured_layers_is_under_15_percent() -> None:
    rows = measured()
    assert len(rows) >= 25
    found = [(bytes_of(last(text)), (unpacked, compressed)) for text, unpacked, compressed in rows]
    for place in (0, 1):
        errors = [abs(estimated[place] - real[place]) / real[place] for estimated, real in found]
        assert statistics.median(errors) < 0.15
        assert max(errors) < 0.5


def test_slim_images_get_less_of_a_package_than_full_ones() -> None:
    slim, full = (
        bytes_of(last(f"FROM {base}\nRUN {APT.format('gnupg')}\n")) for base in ("debian:12-slim", "debian:12")
    )
    assert slim[0] < full[0] * 0.8
    assert slim[1] < full[1] * 0.8


def test_what_is_there_is_not_counted_again() -> None:
    on_debian = bytes_of(last(f"FROM debian:12-slim\nRUN {APT.format('curl')}\n"))
    on_python = bytes_of(last(f"FROM python:3.12-slim-bookworm\nRUN {APT.format('curl')}\n"))
    on_full = bytes_of(last(f"FROM python:3.12-bookworm\nRUN {APT.format('curl')}\n"))
    again = bytes_of(last(f"FROM debian:12-slim\nRUN {APT.format('curl')}\nRUN {APT.format('curl')}\n"))
    assert on_full == again == (0, 0)
    assert 0 < on_python[0] < on_debian[0]


def test_a_stage_has_what_the_stage_below_it_has() -> None:
    text = f"FROM debian:12-slim AS base\nRUN {APT.format('curl')}\nFROM base\nRUN {APT.format('curl')}\n"
    assert bytes_of(last(text)) == (0, 0)


@pytest.mark.parametrize(
    ("ending", "kept"),
    [
        ("", True),
        (" && rm -rf /var/lib/apt/lists/*", False),
        (" && rm -rf /var/lib/apt/lists", False),
        (" && echo /var/lib/apt/lists", True),
    ],
)
def test_lists_weigh_where_they_are_kept(ending: str, kept: bool) -> None:
    text = f"FROM debian:12-slim\nRUN apt-get update && apt-get install -y --no-install-recommends tini{ending}\n"
    lists = bytes_of(LISTS["bookworm"])[0]
    assert (bytes_of(last(text))[0] > lists) is kept


def test_a_cache_mount_keeps_lists_out() -> None:
    text = "FROM debian:12-slim\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\n"
    assert bytes_of(last(text)) == (0, 0)
    assert part(text, "lists") == LISTS["bookworm"]


def test_what_a_line_removes_again_is_not_in_its_layer() -> None:
    both = APT.format("curl gcc")
    kept = bytes_of(last(f"FROM debian:12-slim\nRUN {APT.format('curl')}\n"))
    purged = bytes_of(last(f"FROM debian:12-slim\nRUN {both} && apt-get purge -y --auto-remove gcc\n"))
    alone = bytes_of(last(f"FROM debian:12-slim\nRUN {both} && apt-get purge -y gcc\n"))
    whole = bytes_of(last(f"FROM debian:12-slim\nRUN {both}\n"))
    assert purged == kept
    assert kept[0] < alone[0] < whole[0]


def test_packages_cost_what_nothing_else_needs() -> None:
    subject, costs = estimates(f"FROM debian:12-slim\nRUN {APT.format('curl libcurl4 tini')}\n")
    stage: Stage = subject.stages.stages[0]
    curl, both = costs.of_packages(stage, ("curl",)), costs.of_packages(stage, ("curl", "libcurl4"))
    own = system_packages("bookworm")["curl"].slim_unpacked_bytes
    assert own <= bytes_of(curl)[0] < own + 100_000
    assert bytes_of(both)[0] > bytes_of(curl)[0]
    assert curl.how == "1 package of Debian bookworm"
    assert costs.of_packages(stage, ("curl", "of-somebody")) == UNKNOWN
    assert costs.of_packages(stage, ("libcurl4",)) == Cost(
        unpacked_bytes=0, compressed_bytes=0, how="other packages need it"
    )
    subject, costs = estimates("FROM python:3.11\nRUN apt-get update && apt-get install -y curl\n")
    assert costs.of_packages(subject.stages.stages[0], ("curl",)).how == "in the base already"


def test_recommended_packages_are_the_difference() -> None:
    with_them = "FROM debian:12-slim\nRUN apt-get install -y git\n"
    without = "FROM debian:12-slim\nRUN apt-get install -y --no-install-recommends git\n"
    difference = bytes_of(last(with_them))[0] - bytes_of(last(without))[0]
    assert bytes_of(part(with_them, "recommended"))[0] == pytest.approx(difference, abs=2)
    assert bytes_of(part(without, "recommended")) == (0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "RUN apt-get update && apt-get install -y --no-install-recommends of-somebody",
        "RUN apt-get install -y $PACKAGES",
        "RUN apt-get update && apt-get upgrade -y",
        "RUN curl -fsSL https://example.com/tool -o /usr/bin/tool",
        "RUN make install",
        "RUN pip install flask",
        "RUN pip install --no-cache-dir uv flask",
        "COPY --from=nginx:1.27 /usr/share/nginx /srv",
        "ADD https://example.com/model.bin /srv/",
        "COPY src /app",
    ],
)
def test_what_nobody_knows_is_not_zero(line: str) -> None:
    assert last(f"FROM debian:bookworm-slim\n{line}\n") == UNKNOWN


@pytest.mark.parametrize("base", ["alpine:3.20", "ubuntu:24.04", "debian:sid", "registry.example/ours:1"])
def test_other_systems_packages_are_not_known(base: str) -> None:
    assert last(f"FROM {base}\nRUN apt-get install -y --no-install-recommends curl\n") == UNKNOWN


@pytest.mark.parametrize("line", ["ENV A=1", "CMD true", "USER 1000", "EXPOSE 80"])
def test_lines_that_make_no_files_cost_nothing(line: str) -> None:
    assert bytes_of(last(f"FROM debian:12\n{line}\n")) == (0, 0)


def test_nodejs_of_nodesource_is_not_debians() -> None:
    install = "apt-get install -y --no-install-recommends nodejs"
    debian = f"FROM python:3.12-slim-bookworm\nRUN {install}\n"
    added = "RUN echo deb https://nodesource.example/node_22.x nodistro main > /etc/apt/sources.list.d/node.list\n"
    foreign = f"FROM python:3.12-slim-bookworm\n{added}RUN {install}\n"
    assert bytes_of(last(foreign))[0] > bytes_of(last(debian))[0] * 1.5
    assert last(foreign).how.endswith("Debian bookworm and NodeSource")


def test_installers_have_a_weight_of_their_own() -> None:
    cost = last("FROM python:3.12-slim\nRUN pip install --no-cache-dir uv==0.8.9\n")
    assert bytes_of(cost) == (TOOL_SIZES["uv"].unpacked_bytes, TOOL_SIZES["uv"].compressed_bytes)


def test_files_of_the_context_are_known_to_the_byte() -> None:
    sizes: Mapping[str, str | int] = {"app/a.py": 10_000, "app/b.png": 5_000, "application/c.py": 700, "d.txt": 1}
    context = context_of(sizes)
    base = "FROM debian:12-slim\n"
    assert bytes_of(last(f"{base}COPY app /srv/app\n", context))[0] == 15_000
    assert bytes_of(last(f"{base}COPY ./app/ d.txt /srv/\n", context))[0] == 15_001
    whole = last(f"{base}COPY . /srv\n", context)
    assert bytes_of(whole)[0] == 15_701
    assert whole.how == "4 files of the context"
    assert bytes_of(last(f"{base}COPY app/b.png /srv/\n", context))[1] > 4_000
    assert bytes_of(last(f"{base}COPY app/a.py /srv/\n", context))[1] < 4_000
    assert last(f"{base}COPY *.txt /srv/\n", context) == UNKNOWN
    assert last(f"{base}COPY . /srv\n", context_of(sizes, complete=False)) == UNKNOWN


def test_a_lock_costs_what_its_wheels_come_to() -> None:
    lock = lock_of(("py3-none-any", 1_000_000), ("cp312-cp312-manylinux_2_17_x86_64", 4_000_000))
    base = "FROM python:3.12-slim-bookworm\n"
    plain = bytes_of(last(f"{base}RUN uv sync --locked\n", lock=lock))
    compiled = bytes_of(last(f"{base}RUN uv sync --locked --compile-bytecode\n", lock=lock))
    by_variable = bytes_of(last(f"{base}ENV UV_COMPILE_BYTECODE=1\nRUN uv sync --locked\n", lock=lock))
    with_pip = bytes_of(last(f"{base}RUN pip install --no-cache-dir -r requirements.txt\n", lock=lock))
    assert plain == (int(1e6 * PURE_WHEEL[0] + 4e6 * COMPILED_WHEEL[0]), int(5e6 * WHEEL_TO_GZIP))
    assert plain[0] < compiled[0]
    assert compiled == by_variable == with_pip
    assert bytes_of(part(f"{base}RUN pip install -r requirements.txt\n", "downloads", lock)) == (5_000_000, 5_000_000)


def test_missing_bytecode_costs_seconds_by_the_sources() -> None:
    run = "FROM python:3.12-slim-bookworm\nRUN uv sync --locked\n"
    small = part(run, "bytecode", lock_of(("py3-none-any", 10_000_000)))
    large = part(run, "bytecode", lock_of(("py3-none-any", 100_000_000)))
    assert small.unpacked_bytes is None
    assert small.seconds is not None
    assert large.seconds == pytest.approx(10 * small.seconds, rel=0.05, abs=0.5)
    assert part(run, "bytecode").seconds is None
    assert part("FROM python:3.12-slim-bookworm\nRUN pip install flask\n", "bytecode", lock_of()) == UNKNOWN


def test_an_environment_that_is_copied_weighs_what_its_stage_installed() -> None:
    lock = lock_of(("py3-none-any", 1_000_000))
    stages = (
        "FROM python:3.12-slim-bookworm AS build\nRUN uv sync --locked\n"
        "FROM python:3.12-slim-bookworm\nCOPY --from=build {} /app/\n"
    )
    assert bytes_of(last(stages.format("/app/.venv"), lock=lock))[0] == int(1e6 * PURE_WHEEL[0])
    assert last(stages.format("/app/elsewhere"), lock=lock) == UNKNOWN


def test_a_lock_without_sizes_is_not_known() -> None:
    run = "FROM python:3.12-slim-bookworm\nRUN uv sync --locked\n"
    assert last(run, lock=lock_of(("py3-none-any", None), ("py3-none-any", 10))) == UNKNOWN
    assert last(run, lock=lock_of()) == UNKNOWN
    assert last(run) == UNKNOWN
