"""GitHub's side of the action: the files of a runner, and the part of the API that comments need, on loopback."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

__all__ = ["EVENT", "GitHub", "Runner"]

EVENT = Path(__file__).parent / "pull_request.json"


@dataclass
class GitHub:
    """What the API knows, and what it was asked. ``refuses`` is a status for every write, ``user`` whose token it is
    (None: a workflow's, which may not ask), ``elsewhere`` where every request is sent to."""

    url: str = ""
    comments: list[dict[str, object]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refuses: int | None = None
    user: str | None = None
    elsewhere: str | None = None

    def add(self, body: str, *, login: str = "github-actions[bot]", kind: str = "Bot") -> int:
        number = 1000 + len(self.comments)
        self.comments.append({"id": number, "body": body, "user": {"login": login, "type": kind}})
        return number

    @property
    def writes(self) -> list[str]:
        return [method for method, _ in self.asked if method != "GET"]


def _handler(github: GitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._note()
            if github.elsewhere is not None:
                self.send_response(302)
                self.send_header("Location", github.elsewhere)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path = urlsplit(self.path)
            if path.path == "/user":
                self._say(*((200, {"login": github.user}) if github.user else (403, {"message": "not accessible"})))
                return
            assert path.path == "/repos/example/shop/issues/17/comments"
            query = parse_qs(path.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            self._say(200, github.comments[(page - 1) * size : page * size])

        def do_POST(self) -> None:
            self._note()
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/repos/example/shop/issues/17/comments"
            if github.refuses:
                self._say(github.refuses, {"message": "no"})
                return
            number = github.add(document["body"], login=github.user or "github-actions[bot]")
            self._say(201, {"id": number})

        def do_PATCH(self) -> None:
            self._note()
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if github.refuses:
                self._say(github.refuses, {"message": "no"})
                return
            number = int(self.path.removeprefix("/repos/example/shop/issues/comments/"))
            next(row for row in github.comments if row["id"] == number)["body"] = document["body"]
            self._say(200, {"id": number})

        def _note(self) -> None:
            github.asked.append((self.command, self.path))
            github.tokens.add(self.headers["Authorization"])

        def _say(self, status: int, document: object) -> None:
            raw = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def github() -> Iterator[GitHub]:
    made = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class Runner:
    """The files that a runner gives a step."""

    folder: Path

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text(encoding="utf-8")

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    folder = tmp_path / "runner"
    (folder / "temp").mkdir(parents=True)
    for name in ("output", "summary.md"):
        (folder / name).touch()
    monkeypatch.setenv("RUNNER_TEMP", str(folder / "temp"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(folder / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(EVENT))
    monkeypatch.setenv("GITHUB_REPOSITORY", "example/shop")
    return Runner(folder)
