"""Names and transports."""

from pathlib import Path

import pytest

from lightship.errors import BadReferenceError
from lightship.oci.reference import ImageName, Reference

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("redis", "docker.io/library/redis", "redis"),
        ("redis:7", "docker.io/library/redis:7", "redis:7"),
        ("library/redis", "docker.io/library/redis", "redis"),
        ("agent/api", "docker.io/agent/api", "agent/api"),
        ("docker.io/redis", "docker.io/library/redis", "redis"),
        ("index.docker.io/agent/api:1", "docker.io/agent/api:1", "agent/api:1"),
        ("docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"),
        ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/api", "localhost/api", "localhost/api"),
        ("localhost:5000/api:1.2", "localhost:5000/api:1.2", "localhost:5000/api:1.2"),
        ("registry.example/a/b/c", "registry.example/a/b/c", "registry.example/a/b/c"),
        ("Registry/api", "Registry/api", "Registry/api"),
        ("[::1]:5000/api", "[::1]:5000/api", "[::1]:5000/api"),
        (f"redis:7@sha256:{HEX}", f"docker.io/library/redis:7@sha256:{HEX}", f"redis:7@sha256:{HEX}"),
        ("a--b/c__d/e.f_g", "docker.io/a--b/c__d/e.f_g", "a--b/c__d/e.f_g"),
        ("api:_odd-Tag.1", "docker.io/library/api:_odd-Tag.1", "api:_odd-Tag.1"),
    ],
)
def test_a_name_gets_dockers_defaults(text: str, full: str, familiar: str) -> None:
    name = ImageName.parse(text)
    assert str(name) == full
    assert name.familiar == familiar
    assert ImageName.parse(str(name)) == name
    assert ImageName.parse(familiar) == name


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Api", "api:", "api:-x", "api:" + "x" * 129, "api@", "api@sha256:abc", "api@md5:" + "a" * 32, "a//b",
        "/a", "a/", "a..b", "a_-b", "registry.example/", "-host.example/a", "host..example/a", "host.example:port/a",
        HEX, "api\n", "a b", "a" * 256, "registry.example/" + "a" * 250, "a:b:c", "../a", "a/../b", "\u00e9", "[zz]/a",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadReferenceError) as caught:
        ImageName.parse(text)
    assert "\n" not in str(caught.value)


def test_a_tag_is_written_out_and_a_digest_left_behind() -> None:
    assert str(ImageName.parse(f"api@sha256:{HEX}").tagged()) == "docker.io/library/api:latest"
    assert ImageName.parse("api:1").tag_or_latest == "1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oci:out", Reference(transport="oci", path=Path("out"))),
        ("oci:/a/b:1.2", Reference(transport="oci", path=Path("/a/b"), tag="1.2")),
        (
            "oci:out:registry.example/api:1.2",
            Reference(transport="oci", path=Path("out"), tag="registry.example/api:1.2"),
        ),
        ("oci:out:__odd", Reference(transport="oci", path=Path("out"), tag="__odd")),
        ("oci-archive:a.tar:v1", Reference(transport="oci-archive", path=Path("a.tar"), tag="v1")),
        ("docker-archive:a.tar", Reference(transport="docker-archive", path=Path("a.tar"))),
        (
            "docker-archive:a.tar:api:1",
            Reference(transport="docker-archive", path=Path("a.tar"), name=ImageName.parse("api:1")),
        ),
        ("docker-daemon:api:1", Reference(transport="docker-daemon", name=ImageName.parse("api:1"))),
        ("containers-storage:api", Reference(transport="containers-storage", name=ImageName.parse("api"))),
        ("docker://registry.example/api", Reference(transport="docker", name=ImageName.parse("registry.example/api"))),
        ("registry.example/api:1", Reference(transport="docker", name=ImageName.parse("registry.example/api:1"))),
        ("api:1", Reference(transport="docker", name=ImageName.parse("api:1"))),
        ("docker:25", Reference(transport="docker", name=ImageName.parse("docker:25"))),
    ],
)
def test_transports(text: str, expected: Reference) -> None:
    assert Reference.parse(text) == expected
    assert Reference.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oci:",
        "oci::tag",
        "oci:out:a b",
        "docker://",
        "docker-daemon:",
        "docker-archive::x",
        "oci-archive:",
        " api",
        "api\0",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(BadReferenceError):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("docker://registry.example/api", "docker://registry.example/api:latest"),
        ("registry.example/api:1", "docker://registry.example/api:1"),
        (f"docker://registry.example/api@sha256:{HEX}", f"docker://registry.example/api@sha256:{HEX}"),
        ("docker-daemon:api", "docker-daemon:docker.io/library/api:latest"),
        ("oci:out", "oci:out"),
        ("docker-archive:file.tar:api", "docker-archive:file.tar:api"),
    ],
)
def test_what_is_left_out_of_a_name_is_spelt_out(text: str, spelt: str) -> None:
    assert Reference.parse(text).spelt_out == spelt


@pytest.mark.parametrize(
    ("text", "shown", "near"),
    [("My App", "'My App'", "my-app"), ("a.example/Agent/API:1", "'Agent/API'", "agent/api"), ("a//b", "'a//b'", None)],
)
def test_what_is_wrong_with_a_name_is_shown_as_it_was_typed(text: str, shown: str, near: str | None) -> None:
    with pytest.raises(BadReferenceError) as caught:
        ImageName.parse(text)
    assert str(caught.value).endswith(f"got {shown}")
    assert caught.value.hint == (f"such as {near}" if near else None)
