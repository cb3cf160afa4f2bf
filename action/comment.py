"""One comment on the pull request: found again by its first line, and edited in place.

GitHub's REST API, docs.github.com/en/rest/issues/comments, version 2022-11-28. Only a comment that the token's own
account wrote is edited. Where the token may not write, as in a pull request from a fork, nothing is lost: the summary
of the job has the report. What fails here never changes the verdict. Python's standard library only.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Api", "RefusedError", "body_of", "main", "publish", "pull_request_of"]

_MOST_LETTERS = 65_000
"""GitHub takes 65,536 in a comment."""
_MOST_PAGES = 50
_TIMEOUT_S = 20
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_CUT = "\n\n*The rest is in the summary of the job.*\n"


class RefusedError(Exception):
    """The API did not do what it was asked; ``status`` is None where nobody answered."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_forbidden(self) -> bool:
        """The token may not: nothing is wrong."""
        return self.status in (401, 403, 404)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Nobody else is sent the token."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


@dataclass(frozen=True)
class Api:
    """The API of one repository."""

    url: str
    repository: str
    token: str

    def call(self, method: str, path: str, document: Mapping[str, object] | None = None) -> object:
        """The JSON of an answer. Raise RefusedError."""
        request = urllib.request.Request(  # noqa: S310 - the address is the runner's own variable
            f"{self.url.rstrip('/')}{path}",
            method=method,
            data=json.dumps(document).encode() if document is not None else None,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "lightship-check",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            raise RefusedError(f"{method} was answered with {error.code}", error.code) from error
        except (OSError, ValueError) as error:
            raise RefusedError(f"{method} was not answered: {type(error).__name__}") from error

    def comments(self, number: int) -> Iterator[Mapping[str, object]]:
        """Those of a pull request, oldest first."""
        for page in range(1, _MOST_PAGES + 1):
            rows = self.call("GET", f"/repos/{self.repository}/issues/{number}/comments?per_page=100&page={page}")
            rows = rows if isinstance(rows, list) else []
            yield from (row for row in rows if isinstance(row, dict))
            if len(rows) < 100:
                return

    def login(self) -> str | None:
        """Whose token it is; None for that of a workflow, which may not ask."""
        try:
            user = self.call("GET", "/user")
        except RefusedError as error:
            if error.is_forbidden:
                return None
            raise
        return str(user["login"]) if isinstance(user, dict) and "login" in user else None


def pull_request_of(event: object) -> int | None:
    """The number of the pull request that the event is about; None where it is about none."""
    if not isinstance(event, dict):
        return None
    request = event.get("pull_request")
    issue = event.get("issue")
    if not isinstance(request, dict) and isinstance(issue, dict) and isinstance(issue.get("pull_request"), dict):
        request = issue
    number = request.get("number") if isinstance(request, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def body_of(markdown: str, name: str) -> tuple[str, str]:
    """The first line by which the comment is found, which tells of ``name``, and the whole comment."""
    first, _, rest = markdown.partition("\n")
    kept = " ".join(re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9._/ -]", "", name)).split())[:80].strip(" -")
    marker = f"<!-- lightship check: {kept} -->" if kept else "<!-- lightship check -->"
    rest = rest if first.startswith("<!--") else markdown
    head = f"{marker}\n" + (f"`{kept}`\n\n" if kept else "")
    body = head + rest
    return marker, body if len(body) <= _MOST_LETTERS else body[: _MOST_LETTERS - len(_CUT)] + _CUT


def publish(api: Api, number: int, marker: str, body: str, *, may_begin: bool) -> str:
    """Edit the comment that begins with ``marker``, or write one where ``may_begin``; say what was done."""
    own = _own(api, number, marker)
    if own is None:
        if not may_begin:
            return "kept silent"
        api.call("POST", f"/repos/{api.repository}/issues/{number}/comments", {"body": body})
        return "wrote"
    if str(own.get("body")).replace("\r\n", "\n").strip() == body.strip():
        return "left"
    api.call("PATCH", f"/repos/{api.repository}/issues/comments/{own['id']}", {"body": body})
    return "edited"


def _own(api: Api, number: int, marker: str) -> Mapping[str, object] | None:
    found = [row for row in api.comments(number) if str(row.get("body")).partition("\n")[0].strip() == marker]
    if not found:
        return None
    login = api.login()
    for row in found:
        user = row.get("user")
        who = user if isinstance(user, dict) else {}
        if isinstance(row.get("id"), int) and (who.get("login") == login if login else who.get("type") == "Bot"):
            return row
    return None


def main() -> int:
    """Read the environment and the event, and write the comment where that is wanted and possible."""
    environ = os.environ
    when = environ.get("CHECK_COMMENT", "always").strip() or "always"
    if when not in ("always", "failure", "never"):
        print("::error title=lightship::comment: want always, failure or never")
        return 2
    token, repository = environ.get("CHECK_TOKEN", ""), environ.get("GITHUB_REPOSITORY", "")
    number = pull_request_of(_event(environ))
    if when == "never" or number is None or not token or not _REPOSITORY.fullmatch(repository):
        return 0
    markdown = Path(environ["CHECK_MARKDOWN"]).read_text(encoding="utf-8")
    marker, body = body_of(markdown, environ.get("CHECK_NAME", ""))
    api = Api(environ.get("GITHUB_API_URL") or "https://api.github.com", repository, token)
    may_begin = when == "always" or environ.get("CHECK_PASSED") != "true"
    try:
        done = publish(api, number, marker, body, may_begin=may_begin)
        print(f"lightship: {done} the comment on pull request {number}")
    except RefusedError as error:
        level = "notice" if error.is_forbidden else "warning"
        print(f"::{level} title=lightship::no comment, the summary of the job has the report ({error})")
    return 0


def _event(environ: Mapping[str, str]) -> object:
    try:
        return json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return None


if __name__ == "__main__":
    sys.exit(main())
