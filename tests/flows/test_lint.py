"""Files read, asked and mended; the context that they are built in."""

import os
from pathlib import Path

import pytest

from lightship.dockerfile.parse import parse
from lightship.ecosystem.python.project import Project
from lightship.errors import InputError, StorageError
from lightship.flows import lint_context
from lightship.flows.lint import LintRequest, dockerfiles_in, lint_file, lint_report, mend
from lightship.flows.lint_context import context_root, read_context

SAMPLE = """\
FROM node:18-alpine AS frontend
WORKDIR /app
COPY frontend/package*.json ./
RUN npm ci
COPY frontend/ .
RUN npm run build

FROM python:3.11-slim AS backend
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY backend/ ./backend
RUN python setup.py bdist_wheel

FROM python:3.11-alpine
RUN apk add --no-cache ca-certificates libpq
WORKDIR /app
COPY --from=frontend /app/dist ./frontend/dist
COPY --from=backend /app/backend ./backend
COPY --from=backend /root/.local/lib/python*/site-packages ./site-packages
CMD ["python", "./backend/main.py"]
"""


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    files = {"Dockerfile": SAMPLE, "requirements.txt": "", "frontend/package.json": "{}", "backend/main.py": ""}
    return project(tmp_path, files)


def test_the_fatal_faults_of_a_well_known_sample(sample: Path) -> None:
    """Three, and no other error: the missing path, glibc's wheels on musl, and what is not on the path."""
    linted = lint_file(sample / "Dockerfile", LintRequest())
    errors = [each for each in linted.found if each.finding.severity == "error"]
    assert sorted(each.finding.code for each in errors) == [
        "libc-mismatch",
        "missing-copy-source",
        "modules-not-on-path",
    ]
    places = {each.finding.place.line for each in errors if each.finding.place is not None}
    assert places == {
        SAMPLE.splitlines().index("COPY --from=backend /root/.local/lib/python*/site-packages ./site-packages") + 1
    }
    assert {each.stage for each in errors} == {"final stage"}
    assert all(each.ships for each in errors)


def test_a_report_counts_what_it_holds(sample: Path) -> None:
    report = lint_report([lint_file(sample / "Dockerfile", LintRequest(), name="Dockerfile")])
    totals = report.document["totals"]
    assert isinstance(totals, dict)
    assert totals["files"] == 1
    assert totals["errors"] == 3
    assert totals["errors"] + totals["warnings"] + totals["notes"] == len(report.findings)
    files = report.document["files"]
    assert isinstance(files, list)
    assert [(stage["name"], stage["ships"]) for stage in files[0]["stages"]] == [
        ("frontend", False), ("backend", False), ("final stage", True),
    ]  # fmt: skip


def test_comments_take_findings_back_for_a_reason(tmp_path: Path) -> None:
    text = "FROM debian:12\n# lightship ignore=update-alone: the mirror is ours\nRUN apt-get update\nRUN true\n"
    path = project(tmp_path, {"Dockerfile": text}) / "Dockerfile"
    request = LintRequest(only=frozenset({"update-alone", "bad-ignore"}))
    linted = lint_file(path, request)
    assert linted.found == ()
    assert [(each.found.finding.code, each.reason) for each in linted.ignored] == [
        ("update-alone", "the mirror is ours")
    ]
    path.write_text(text.replace(": the mirror is ours", ""))
    codes = [each.finding.code for each in lint_file(path, request).found]
    assert codes == ["bad-ignore", "update-alone"]
    path.write_text(text.replace("RUN apt-get update\n", ""))
    (found,) = lint_file(path, request).found
    assert found.finding.message.startswith("nothing to ignore here")
    assert mend(lint_file(path, request), request).after == "FROM debian:12\nRUN true\n"


def test_a_whole_file_may_be_ignored_and_codes_are_known(tmp_path: Path) -> None:
    text = "FROM debian:12\nRUN apt-get update\n# lightship ignore-file=update-alone,strange-rule: why\n"
    linted = lint_file(project(tmp_path, {"Dockerfile": text}) / "Dockerfile", LintRequest())
    assert "update-alone" not in {each.finding.code for each in linted.found}
    assert "no rule is called strange-rule" in {each.finding.message for each in linted.found}
    with pytest.raises(InputError, match="no rule is called 'nonsense'"):
        lint_file(tmp_path / "Dockerfile", LintRequest(ignored=frozenset({"nonsense"})))


def test_mending_goes_in_rounds_and_ends(tmp_path: Path) -> None:
    text = (
        "FROM debian:12\n"
        "RUN apt-get update\n"
        "RUN apt-get install -y --no-install-recommends libpq5\n"
        "USER 1000\n"
        "CMD sleep 1\n"
    )
    path = project(tmp_path, {"Dockerfile": text}) / "Dockerfile"
    request = LintRequest()
    mended = mend(lint_file(path, request), request)
    assert mended.after == (
        "FROM debian:12\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*\n"
        "USER 1000\n"
        'CMD ["sleep", "1"]\n'
    )
    assert {"update-alone", "package-cache-kept", "shell-form-entrypoint"} <= {
        each.finding.code for each in mended.mended
    }
    assert mend(mended.left, request).after == mended.after
    assert path.read_text() == text


def test_the_context_is_what_is_sent(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        {".dockerignore": "*.log\nbuild\n!build/keep\n.venv\n", "a.py": "1", "x.log": "", ".venv/lib/y": "",
         "build/z": "", "build/keep": "1", "sub/b.txt": "text"},
    )  # fmt: skip
    (root / "link").symlink_to("a.py")
    os.mkfifo(root / "pipe.txt")
    context = read_context(root)
    assert set(context.files) == {".dockerignore", "a.py", "build/keep", "sub/b.txt", "link", "pipe.txt"}
    assert context.left_out == {"x.log", ".venv/", "build/z"}
    assert context.directories == {"build", "sub"}
    assert context.has_ignore_file
    assert context.read("sub/b.txt") == "text"
    assert context.read("pipe.txt") in (None, "")
    assert context.read("link") is None
    assert context.read("../secret") is None
    project(root, {"Dockerfile.dockerignore": "sub\n"})
    assert "sub/" in read_context(root, root / "Dockerfile").left_out


def test_what_is_left_out_of_a_context_counts_among_what_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path, {f"{number}/{name}": "x" for number in range(5) for name in "abc"})
    (root / ".dockerignore").write_text("*/a\n*/b\n*/c\n")
    assert read_context(root).is_complete
    monkeypatch.setattr(lint_context, "_MOST_FILES", 12)
    found = read_context(root)
    assert not found.is_complete
    assert len(found.left_out) < 15


def test_the_context_is_where_the_sources_are(tmp_path: Path) -> None:
    project(tmp_path, {"app/main.py": "", "docker/Dockerfile": "FROM a\nCOPY app /app\n", ".git/HEAD": ""})
    dockerfile = parse("FROM a\nCOPY app /app\n")
    assert context_root(tmp_path / "docker", dockerfile) == tmp_path
    assert context_root(tmp_path / "app", parse("FROM a\nCOPY . /app\n")) == tmp_path / "app"
    assert context_root(tmp_path / "docker", parse("FROM a\nCOPY ../../etc /app\n")) == tmp_path / "docker"


def test_the_context_may_be_far_above_within_a_repository_alone(tmp_path: Path) -> None:
    deep = tmp_path / "extras/docker/demo/image"
    project(tmp_path, {"app/main.py": "", "extras/docker/demo/image/Dockerfile": "FROM a\n"})
    dockerfile = parse('FROM a\nCOPY "app" /app\n')
    assert context_root(deep, dockerfile) == deep
    project(tmp_path, {".git/HEAD": ""})
    assert context_root(deep, dockerfile) == tmp_path


def test_which_files_of_a_folder_are_dockerfiles(tmp_path: Path) -> None:
    names = ["Dockerfile", "Dockerfile.gpu", "web.Dockerfile", "Containerfile", "Dockerfile.dockerignore", "x.py",
             "Dockerfile.j2", "Dockerfile.orig", "Dockerfile.rej", "Dockerfile.bak"]  # fmt: skip
    project(tmp_path, dict.fromkeys(names, "FROM a\n"))
    found = [path.name for path in dockerfiles_in(tmp_path)]
    assert found == ["Containerfile", "Dockerfile", "Dockerfile.gpu", "web.Dockerfile"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no Dockerfile in"):
        dockerfiles_in(tmp_path / "empty")
    with pytest.raises(StorageError):
        dockerfiles_in(tmp_path / "none")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "no instruction"), (b"RUN a\n", "FROM"), (b"FROM a\nRUN <<EOF\n", "EOF"), (b"\0" * 5_000_000, "larger")],
)  # fmt: skip
def test_what_is_no_dockerfile(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        lint_file(path, LintRequest())
    with pytest.raises(InputError, match="no file"):
        lint_file(tmp_path / "none", LintRequest())


def test_an_ignore_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    root = project(tmp_path / "context", {"Dockerfile": "FROM debian:12\n"})
    os.mkfifo(root / ".dockerignore")
    with pytest.raises(StorageError, match="not a regular file"):
        read_context(root)
    (root / ".dockerignore").unlink()
    (tmp_path / "secret").write_text("[word\n")
    (root / ".dockerignore").symlink_to("../secret")
    with pytest.raises(InputError, match="a link out of the build context") as caught:
        read_context(root)
    assert "word" not in str(caught.value)


def test_a_project_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    with pytest.raises(StorageError, match="not a regular file"):
        Project.discover(tmp_path)
