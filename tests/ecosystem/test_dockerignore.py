"""Rows of these tables were checked against the behaviour that Docker documents and that moby/patternmatcher tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.ecosystem.dockerignore import ALWAYS, Ignore
from lightship.errors import InputError


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("**", "dir/file", True),
        ("**/", "file", True),
        ("dir/**", "dir/dir2/file", True),
        ("dir/**", "dir", False),
        ("**/dir", "dir/file", True),
        ("**/dir2/*", "dir/dir2/file", True),
        ("**/dir2/*", "dir2", False),
        ("**/dir2/**", "dir/dir2/dir3/file", True),
        ("**file", "dir/a.file", True),
        ("**/file", "dir/a.file", False),
        ("**/file*txt", "dir/dir/file.txt", True),
        ("**/**/*.txt", "file.txt", True),
        ("**/**/*.txt2", "dir/dir/file.txt", False),
        ("a**/*.txt", "a/dir/dir/file.txt", True),
        ("a/*.txt", "a/dir/file.txt", False),
        ("a/*.txt**", "a/file.txt", True),
        ("a[b-d]e", "ace", True),
        ("a[b-d]e", "aae", False),
        ("a[^b-d]e", "aze", True),
        (".*", ".foo", True),
        (".*", "foo", False),
        ("abc.def", "abcZdef", False),
        ("abc?def", "abcZdef", True),
        ("abc?def", "abc/def", False),
        ("**/foo/bar", "foo/bar", True),
        ("**/.foo", "bar.foo", False),
        ("a(b)c/def", "a(b)c/def", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "aab", False),
        ("*c", "a/c", False),
        ("*", "a/b/c", True),
        ("a?b", "a☺b", True),
        ("[ä-ü]*", "öl", True),
        ("[\\]a]", "]", True),
        ("[x\\-]", "-", True),
        ("[x\\-]", "z", False),
        ("/foo", "foo", True),
        ("foo/", "foo/bar", True),
        ("./foo/../bar", "bar", True),
        ("  foo  ", "foo", True),
        ("foo\r", "foo", True),
        ("# foo", "# foo", False),
        (" #foo", "#foo", True),
        ("\ufefffoo", "foo", True),
        ("*", ".", False),
        ("foo", "Foo", False),
        ("temp?", "tempa/x", True),
        ("*/temp*", "somedir/temporary.txt", True),
        ("*/*/temp*", "somedir/temporary.txt", False),
    ],
)
def test_one_pattern(pattern: str, path: str, ignored: bool) -> None:
    assert Ignore.parse(pattern).matches(path) is ignored


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("docs\n!docs/README.md", "docs/README.md", False),
        ("docs\n!docs/README.md", "docs/other.md", True),
        ("!docs/README.md\ndocs", "docs/README.md", True),
        ("**\n!util/docker/web", "util/docker/web/foo", False),
        ("**\n!util/docker/web\nutil/docker/web/foo", "util/docker/web/foo", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", False),
        ("*\n!a/b/**\n**/*.pyc", "a/b/x.py", False),
        ("*\n!a/b/**\n**/*.pyc", "a/b/x.pyc", True),
        ("*\n! app", "app/main.py", False),
    ],
)
def test_last_match_decides(text: str, path: str, ignored: bool) -> None:
    assert Ignore.parse(text).matches(path) is ignored


@pytest.mark.parametrize("pattern", ["!", "[", "[^", "[]a]", "[-]", "[x-]", "[a-b-c]", "a[", "\\", "[z-a]", "*" * 65])
def test_what_docker_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="dockerignore"):
        Ignore.parse(pattern)


@pytest.mark.parametrize(
    ("text", "directory", "pruned"),
    [
        ("docs", "docs", True),
        ("docs\n!docs/README.md", "docs", False),
        ("docs\n!docs/a/README.md", "docs/b", True),
        ("docs\n!docs/a*/README.md", "docs/ab", False),
        ("docs\n!docs/a*/README.md", "docs/b", True),
        ("*\n!src", "docs", True),
        ("*\n!src", "src", False),
        ("!**/x\ndocs", "docs", True),
        ("docs\n!**/x", "docs", False),
        ("docs", "src", False),
    ],
)
def test_pruning(text: str, directory: str, pruned: bool) -> None:
    assert Ignore.parse(text).prunes(directory) is pruned


_PARTS = st.sampled_from(["a", "b", "ab", "c.py"])
_PATHS = st.lists(_PARTS, min_size=1, max_size=4).map("/".join)
_PATTERN_PARTS = st.sampled_from(["a", "b", "a*", "*", "**", "?", "c.py", "*.py"])
_PATTERNS = st.tuples(st.sampled_from(["", "!"]), st.lists(_PATTERN_PARTS, min_size=1, max_size=3).map("/".join))


@given(st.lists(_PATTERNS.map("".join), max_size=5), _PATHS, _PATHS)
def test_nothing_below_a_pruned_directory_is_kept(lines: list[str], directory: str, below: str) -> None:
    ignore = Ignore.parse("\n".join(lines))
    if ignore.prunes(directory):
        assert ignore.matches(f"{directory}/{below}")


@given(st.lists(_PATTERNS.map("".join), max_size=5), _PATHS)
def test_what_is_remembered_of_directories_changes_nothing(lines: list[str], path: str) -> None:
    used = Ignore.parse("\n".join(lines))
    for place, sign in enumerate(path):
        if sign == "/":
            used.matches(path[:place])
            used.prunes(path[:place])
    assert used.matches(path) == Ignore.parse("\n".join(lines)).matches(path)


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("", ".git/config", True),
        ("", "sub/__pycache__/a.pyc", True),
        ("", "node_modules/x/.env.example", True),
        ("", ".env", True),
        ("", ".env.example", False),
        ("", "app/environment.py", False),
        ("", "tests/test_a.py", False),
        ("", "build/__init__.py", False),
        ("!.env", ".env", False),
        ("!**/node_modules", "web/node_modules/a.js", False),
    ],
)
def test_what_is_always_left_out_can_be_brought_back(text: str, path: str, ignored: bool) -> None:
    assert Ignore.parse(text, before=ALWAYS).matches(path) is ignored


def test_always_is_pruned() -> None:
    ignore = Ignore.parse("", before=ALWAYS)
    assert all(ignore.prunes(name) for name in (".git", "web/node_modules", ".venv", "a/__pycache__"))
