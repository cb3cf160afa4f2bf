"""What single instructions say."""

import pytest

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.parse import parse
from lightship.dockerfile.views import (
    copy_of,
    from_of,
    mount_fields,
    mounts_of,
    pairs_of,
)


def one(line: str) -> Instruction:
    return parse(f"FROM x\n{line}\n").instructions[-1]


def test_a_copy() -> None:
    copy = copy_of(one("COPY --from=b --chown=1:2 --chmod=755 --link --parents --exclude=*.md --exclude=c a b c/"))
    assert copy is not None
    assert [word.text for word in copy.sources] == ["a", "b"]
    assert copy.destination.text == "c/"
    assert (copy.from_, copy.chown, copy.chmod, copy.link, copy.parents) == ("b", "1:2", "755", True, True)
    assert copy.exclude == ("*.md", "c")
    assert not copy.is_add


def test_an_add() -> None:
    add = copy_of(one("ADD --checksum=sha256:0 --keep-git-dir=true --unpack=false --link=false http://x /y"))
    assert add is not None
    assert add.is_add
    assert (add.checksum, add.keep_git_dir, add.unpack, add.link) == ("sha256:0", True, False, False)
    assert (add.from_, add.chown, add.exclude) == (None, None, ())


def test_heredocs_of_a_copy_are_no_paths() -> None:
    copy = copy_of(one("COPY a <<'B' <<C d/\n1\nB\n2\nC"))
    assert copy is not None
    assert [word.text for word in copy.sources] == ["a"]
    assert [(each.name, each.content) for each in copy.contents] == [("B", "1\n"), ("C", "2\n")]


@pytest.mark.parametrize("line", ["COPY a", "COPY", "RUN a b", 'ADD ["a"]'])
def test_what_is_no_copy(line: str) -> None:
    assert copy_of(one(line)) is None


def test_a_copys_json_form() -> None:
    copy = copy_of(one('COPY ["a b", "c d/"]'))
    assert copy is not None
    assert ([word.text for word in copy.sources], copy.destination.text) == (["a b"], "c d/")


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ('ENV a=b c="d e" f=', [("a", "b"), ("c", '"d e"'), ("f", "")]),
        ("ENV a b=c d", [("a", "b=c d")]),
        ("LABEL a=b=c", [("a", "b=c")]),
        ("ARG a b=c d=", [("a", None), ("b", "c"), ("d", "")]),
        ("RUN a=b", []),
    ],
)
def test_pairs(line: str, pairs: list[tuple[str, str | None]]) -> None:
    assert [(pair.name, pair.value) for pair in pairs_of(one(line))] == pairs


def test_mounts() -> None:
    line = (
        "RUN --mount=type=cache,target=/c,id=x,sharing=locked --mount=from=b,src=/a,dst=/d,rw "
        "--mount=type=secret,id=s,required --mount=type=cache,destination=/e --network=none --mount=ro=false f"
    )
    cache, bind, secret, second, last = mounts_of(one(line))
    assert (cache.kind, cache.target, cache.identity, cache.sharing, cache.read_only) == (
        "cache",
        "/c",
        "x",
        "locked",
        False,
    )
    assert (bind.kind, bind.from_, bind.source, bind.target, bind.read_only) == ("bind", "b", "/a", "/d", False)
    assert (secret.kind, secret.identity, secret.required, secret.read_only) == ("secret", "s", True, True)
    assert (second.target, second.identity, second.sharing) == ("/e", "/e", "shared")
    assert not last.read_only
    assert dict(bind.options) == {"from": "b", "source": "/a", "target": "/d", "readwrite": ""}
    assert mounts_of(one("COPY --mount=a b c")) == ()


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a,b=c", ("a", "b=c")),
        ("a,", ("a", "")),
        ('"a,b",c', ("a,b", "c")),
        ('"a""b"', ('a"b',)),
        ("", None),
        ('a"b', None),
        ('"a', None),
        ('"a"b', None),
    ],
)
def test_fields_of_a_mount(text: str, fields: tuple[str, ...] | None) -> None:
    assert mount_fields(text) == fields


def test_a_from() -> None:
    said = from_of(one("FROM --platform=linux/arm64 a:b As C"))
    assert said is not None
    assert said.image is not None
    assert said.name is not None
    assert (said.image.text, said.name.text, said.platform) == ("a:b", "C", "linux/arm64")
    nameless = from_of(one("FROM a b"))
    assert nameless is not None
    assert nameless.name is None
    assert from_of(one("RUN a")) is None
