"""What installers do besides: groups for development, syncs at start, packages of the system below sources."""

import pytest
from tests.lint.asking import ask, context_of, mended, spots

from lightship.lint.rules import (
    dev_dependencies_shipped,
    needs_buildkit,
    no_cache_mount,
    open_quote,
    sources_before_dependencies,
    sync_at_start,
)

DEV = '[dependency-groups]\ndev = ["pytest"]\n'
POETRY_DEV = "[tool.poetry.group.dev.dependencies]\npytest = '*'\n"


@pytest.mark.parametrize(
    ("line", "project", "found"),
    [
        ("uv sync", DEV, True),
        ("uv sync --frozen", None, True),
        ("uv sync --no-dev", DEV, False),
        ("uv sync --no-group dev", DEV, False),
        ("UV_NO_DEV=1 uv sync", DEV, False),
        ("uv sync $FLAGS", DEV, False),
        ("uv pip sync requirements.txt", DEV, False),
        ("uv sync", "[project]\nname = 'a'\n", False),
        ("uv sync", "[dependency-groups]\ndocs = ['sphinx']\n", False),
        ("uv sync", "[dependency-groups]\ndocs = ['sphinx']\n[tool.uv]\ndefault-groups = 'all'\n", True),
        ("uv sync", "[tool.uv]\ndev-dependencies = ['pytest']\n", True),
        ("uv sync", "not = toml = at all", True),
        ("poetry install", POETRY_DEV, True),
        ("poetry install", "[tool.poetry.group.vdb.dependencies]\na = '*'\n", False),
        ("poetry install", "[tool.poetry.dev-dependencies]\na = '*'\n", True),
        ("poetry install --only main", POETRY_DEV, False),
        ("poetry install --without dev", POETRY_DEV, False),
        ("poetry install", "[tool.poetry.group.docs]\noptional = true\n", False),
        ("pdm install", DEV, True),
        ("pdm install --prod", DEV, False),
        ("pip install -r requirements.txt", DEV, False),
    ],
)
def test_groups_for_development(line: str, project: str | None, found: bool) -> None:
    context = context_of({"pyproject.toml": project}) if project is not None else None
    rule = dev_dependencies_shipped.RULE
    assert bool(ask(rule, f"FROM python:3.12\nRUN {line}\n", context=context)) == found


def test_groups_of_a_stage_whose_files_do_not_ship_are_no_matter() -> None:
    rule = dev_dependencies_shipped.RULE
    tested = "FROM python:3.12 AS build\nRUN uv sync\nFROM python:3.12\nCOPY --from=build /app/.venv /app/.venv\n"
    assert spots(rule, tested) == ["uv sync"]
    assert spots(rule, "FROM python:3.12 AS test\nRUN uv sync\nFROM python:3.12\n") == []
    assert spots(rule, "FROM python:3.12\nENV UV_NO_DEV=1\nRUN uv sync\n") == []
    assert mended(rule, "FROM python:3.12\nRUN uv sync --locked\n").endswith("RUN uv sync --no-dev --locked\n")


def test_poetry_is_told_the_groups_that_are_there() -> None:
    rule, line = dev_dependencies_shipped.RULE, "FROM python:3.12\nRUN poetry install --no-root\n"
    both = context_of({"pyproject.toml": POETRY_DEV + "[tool.poetry.group.lint]\n[tool.poetry.group.vdb]\n"})
    assert mended(rule, line, context=both).endswith("RUN poetry install --without=dev,lint --no-root\n")
    assert mended(rule, line) == line


SYNCED = "FROM python:3.12\nRUN uv sync --no-dev\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('CMD ["uv", "run", "app.py"]', True),
        ('CMD ["/usr/bin/uv", "run", "--frozen", "app.py"]', True),
        ("CMD uv run app.py", True),
        ('ENTRYPOINT ["sh", "-c", "exec uv run app.py"]', True),
        ('CMD ["uv", "run", "--no-sync", "app.py"]', False),
        ('CMD ["uv", "run", "app.py", "--no-sync"]', True),
        ('ENV UV_NO_SYNC=1\nCMD ["uv", "run", "app.py"]', False),
        ('CMD ["uv", "pip", "list"]', False),
        ('CMD ["uv", "run", "app.py"]\nCMD [".venv/bin/python", "app.py"]', False),
    ],
)
def test_a_sync_at_every_start(line: str, found: bool) -> None:
    assert bool(ask(sync_at_start.RULE, f"{SYNCED}{line}\n")) == found


DEV = '[project]\nname = "a"\n[dependency-groups]\ndev = ["pytest"]\nlint = ["ruff"]\n'


@pytest.mark.parametrize(
    ("sync", "line", "project", "seconds"),
    [
        ("uv sync --locked", "CMD uv run app.py", None, 0.01),
        ("uv sync --no-dev", "CMD uv run app.py", DEV, 2.1),
        ("uv sync", "ENV UV_NO_DEV=1\nCMD uv run app.py", DEV, 0.01),
        ("uv sync --no-dev", "CMD uv run --no-dev app.py", DEV, 0.01),
        ("uv sync --no-dev", "CMD uv run app.py", '[project]\nname = "a"\n', 0.01),
        ("uv sync --no-dev", "CMD uv run app.py", DEV + "[tool.uv]\ndefault-groups = []\n", 0.01),
        ("uv sync --no-dev", "CMD uv run app.py", DEV + "[tool.uv]\ndefault-groups = 'all'\n", 2.1),
        ("uv sync --no-dev", "CMD uv run app.py", "[tool.uv]\ndev-dependencies = ['pytest']\n", 2.1),
        ("uv sync --no-dev", "CMD uv run app.py", "no = toml = ", None),
        ("uv sync --no-dev", "CMD uv run app.py", "no = " + "[" * 5000 + "]" * 5000, None),
        ("uv sync --no-dev", "CMD uv run app.py", "tool = 1\ndependency-groups = 1\n", 0.01),
        ("uv sync --no-dev", "CMD uv run app.py", DEV + "[tool]\nuv = 1\n", 2.1),
        ("uv sync --no-dev", "CMD uv run app.py", DEV + "[tool.uv]\ndefault-groups = 3\n", 0.01),
        ("uv sync --no-dev", "CMD uv run app.py", DEV + "[tool.uv]\ndefault-groups = [['a'], 'lint']\n", 2.1),
        ("uv sync --no-dev", "CMD uv run app.py", None, None),
        ("uv pip sync requirements.txt", "CMD uv run app.py", DEV, None),
    ],
)
def test_seconds_of_a_sync_at_start(sync: str, line: str, project: str | None, seconds: float | None) -> None:
    context = context_of({"pyproject.toml": project}) if project is not None else None
    (found,) = ask(sync_at_start.RULE, f"FROM python:3.12\nRUN {sync}\n{line}\n", context=context)
    assert found.seconds == seconds
    assert bool(found.how) is (seconds is not None), "with a source, or not at all"


def test_no_sync_is_added_where_the_environment_is_there() -> None:
    rule, line = sync_at_start.RULE, 'CMD ["uv",  "run", "app.py"]\n'
    assert mended(rule, SYNCED + line) == SYNCED + 'CMD ["uv",  "run", "--no-sync", "app.py"]\n'
    assert mended(rule, SYNCED + "CMD uv run app.py\n") == SYNCED + "CMD uv run --no-sync app.py\n"
    assert mended(rule, "FROM python:3.12\n" + line) == "FROM python:3.12\n" + line


@pytest.mark.parametrize(
    ("line", "spot"),
    [
        ('RUN echo "a', ['"a']),
        ("RUN echo it's", ["'s"]),
        ("RUN echo 'a' \"it's\" 'b", ["'b"]),
        ("RUN echo a \\\n  'b && \\\n  c", ["'b && \\\n  c"]),
        ("CMD echo \"it's", ["\"it's"]),
        ('RUN echo \'a\' "it\'s" "a\\"b" it\\\'s', []),
        ("RUN echo a # it's", []),
        ("RUN echo \"$(echo 'a')\" ; if", []),
        ("RUN <<E\necho it's\nE", []),
        ('RUN ["echo", "it\'s"]', []),
        ('SHELL ["pwsh", "-c"]\nRUN echo it\'s', []),
        ("RUN if then '", ["'"]),
    ],
)
def test_quotes_that_stay_open(line: str, spot: list[str]) -> None:
    assert spots(open_quote.RULE, f"FROM debian\n{line}\n") == spot


COPY_FIRST = (
    "FROM debian:12\nWORKDIR /app\nCOPY . .\n# for psycopg\nRUN apt-get update && apt-get install -y libpq5\nCMD a\n"
)
APT_FIRST = (
    "FROM debian:12\nWORKDIR /app\n# for psycopg\nRUN apt-get update && apt-get install -y libpq5\nCOPY . .\nCMD a\n"
)


def test_packages_of_the_system_below_sources() -> None:
    rule = sources_before_dependencies.RULE
    (found,) = ask(rule, COPY_FIRST)
    assert found.message == "every change of a source in line 3 installs these packages again"
    assert mended(rule, COPY_FIRST) == APT_FIRST
    assert ask(rule, APT_FIRST) == []


@pytest.mark.parametrize(
    "line",
    [
        "RUN apt-get install -y ./own.deb",
        "RUN apt-get install -y $(cat packages.txt)",
        "RUN apt-get install -y make && make",
        "RUN xargs apt-get install -y < packages.txt",
        "RUN apt-get update",
    ],
)
def test_what_may_need_the_sources_stays_below_them(line: str) -> None:
    assert ask(sources_before_dependencies.RULE, f"FROM debian:12\nCOPY . /app\n{line}\n") == []


@pytest.mark.parametrize(
    "between", ["USER app\nUSER root", "COPY sources.list /etc/apt/", "ENV A=b", "RUN a", "WORKDIR /x"]
)
def test_what_stands_between_may_be_needed(between: str) -> None:
    text = f"FROM debian:12\nCOPY . /app/\n{between}\nRUN apt-get install -y libpq5\n"
    assert ask(sources_before_dependencies.RULE, text)
    assert mended(sources_before_dependencies.RULE, text) == text


def test_a_cache_mount_that_is_added_asks_for_nothing_more() -> None:
    text = mended(no_cache_mount.RULE, "FROM python:3.12\nRUN pip install -r requirements.txt\n")
    assert "--mount=type=cache" in text
    assert ask(needs_buildkit.RULE, text) == []
    assert ask(needs_buildkit.RULE, "FROM a\nCOPY --chmod=755 a b\n")
