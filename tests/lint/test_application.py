"""A service in three stages of the shape that the API of Dify has, in words of our own (`agreement/staged-api`),
and its front end: every fault that linters miss who know neither stages nor bytes, and none of their false alarms.

`../shared` or a checkout of Dify is not needed: the shape is what counts.
"""

from pathlib import Path

import pytest
from tests.lint.asking import context_of, subject_of

from lightship.lint.check import Found, check
from lightship.lint.rules import RULES

HERE = Path(__file__).parent / "agreement"
API = {
    "pyproject.toml": '[project]\nname = "api"\ndependencies = ["readabilipy"]\n',
    "uv.lock": "version = 1\n",
    "app/main.py": "print(1)\n",
    "docker/entrypoint.sh": "#!/bin/bash\nexec gunicorn app.main:app\n",
}
WEB = {
    "package.json": '{"scripts": {"build": "next build"}}\n',
    "pnpm-lock.yaml": "lockfileVersion: 9\n",
    "app/page.tsx": "export default () => null\n",
    "docker/pm2.json": "{}\n",
}


def findings(name: str, files: dict[str, str]) -> list[Found]:
    text = (HERE / f"{name}.Dockerfile").read_text(encoding="utf-8")
    subject = subject_of(text, context=context_of(files, ignore=".git\n"))
    return list(check(subject, RULES, known=frozenset(rule.code for rule in RULES)).found)


def said(found: list[Found], code: str) -> str:
    (only,) = (each for each in found if each.finding.code == code)
    return only.finding.message


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("dev-packages-shipped", ("libgmp-dev", "libmpfr-dev", "libmpc-dev")),
        ("downloaders-shipped", ("curl", "gnupg")),
        ("build-tools-shipped", ("uv stays in the image",)),
        ("node-shipped", ("nodejs", "readabilipy")),
        ("fonts-shipped", ("fonts-noto-cjk",)),
        ("pinned-packages", ("zlib1g=1:1.2.13.dfsg-1",)),
        ("no-bytecode", ("uv installs without bytecode",)),
        ("no-cache-mount", ("uv",)),
    ],
)
def test_what_the_final_stage_keeps(code: str, words: tuple[str, ...]) -> None:
    message = said(findings("staged-api", API), code)
    assert all(word in message for word in words)


def test_nothing_that_is_none() -> None:
    found = findings("staged-api", API)
    codes = {each.finding.code for each in found}
    # FROM base is no image; a path is no secret; a user's number may come from an ARG; stages that do not ship may
    # have compilers; /srv/api/.tokens was made, not copied.
    assert not codes & {"unpinned-base", "secret-in-image", "compilers-shipped", "chown-after-copy", "runs-as-root"}
    assert not {each.finding.severity for each in found} & {"error"}
    for each in found:
        assert each.finding.place is not None
        assert "gcc" not in each.finding.message
        assert each.stage != "dependencies" or each.finding.code in ("no-bytecode", "no-cache-mount")


def test_the_patch_takes_the_final_stage_s_headers() -> None:
    (found,) = (each for each in findings("staged-api", API) if each.finding.code == "dev-packages-shipped")
    assert found.stage == "final"
    assert found.ships
    assert found.finding.fix == "install libgmp10, libmpfr6 and libmpc3 instead"


def test_the_front_end() -> None:
    found = findings("front-end", WEB)
    assert said(found, "unfrozen-install").startswith("pnpm install --no-frozen-lockfile")
    assert said(found, "unpinned-install").startswith("pm2")
    assert "lines 22, 23, 24" in " ".join(
        each.finding.message for each in found if each.finding.code == "chown-after-copy"
    )
    # Sources come after dependencies, and node is this image's own.
    assert not {"sources-before-dependencies", "node-shipped", "unpinned-base", "runs-as-root"} & {
        each.finding.code for each in found
    }


def test_the_way_it_is_often_begun() -> None:
    files = {"requirements.txt": "flask==3.0\n", "service.py": "print(1)\n"}
    found = findings("naive-api", files)
    lines = {(each.finding.code, each.finding.place.line) for each in found if each.finding.place is not None}
    assert {
        ("sources-before-dependencies", 4),
        ("update-alone", 5),
        ("recommended-packages", 6),
        ("compilers-shipped", 6),
        ("package-cache-kept", 7),
        ("removed-later", 10),
        ("chown-after-copy", 11),
        ("shell-form-entrypoint", 13),
        ("runs-as-root", 13),
    } <= lines
