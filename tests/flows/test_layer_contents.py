"""What a layer holds is told by its tar alone: sizes, packages, what it removes."""

import pytest

from lightship.errors import ArchiveError
from lightship.flows.layer_contents import LayerPackage, read_contents
from lightship.image.synthetic import Files, synthetic_layer

SITE = "opt/venv/lib/python3.12/site-packages"


def package(name: str, version: str, files: dict[str, bytes]) -> dict[str, bytes | str | None]:
    """An installed distribution, with its ``RECORD``."""
    info = f"{name}-{version}.dist-info"
    own = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nWords.\n".encode()}
    record = "".join(f"{path},,\n" for path in [*own, f"{info}/RECORD"]).encode()
    return {f"{SITE}/{path}": content for path, content in {**own, f"{info}/RECORD": record}.items()}


def found(files: Files) -> dict[tuple[str, str], LayerPackage]:
    return {(each.ecosystem, each.name): each for each in read_contents(synthetic_layer(files)).packages}


def test_packages_are_told_with_the_bytes_of_their_files() -> None:
    files = package("Pretend_Lib", "1.0", {"pretend_lib/a.py": b"1" * 100, "pretend_lib/b.so": b"2" * 50})
    files["elsewhere"] = b"3" * 1000
    contents = read_contents(synthetic_layer(files))
    assert contents.packages == (
        LayerPackage(
            ecosystem="python",
            name="pretend-lib",
            version="1.0",
            unpacked_bytes=sum(len(content) for path, content in files.items() if path != "elsewhere" and content),
        ),
    )
    assert contents.files == len(files)
    assert contents.unpacked_bytes == sum(len(content) for content in files.values() if content)


def test_a_record_may_name_what_is_in_another_layer_and_beyond_the_root() -> None:
    files = package("a", "1", {"a.py": b"1" * 10})
    record = f"{SITE}/a-1.dist-info/RECORD"
    files[record] = b"a.py,,\na.py,,\n../../../bin/a,,\n../../../../../../../../etc/x,,\nabsent,,\n"
    files["opt/venv/bin/a"] = b"#!" + b"2" * 5
    assert found(files)["python", "a"].unpacked_bytes == 17


@pytest.mark.parametrize("record", [b"\xff\xfe", b"a,b\n", b"x,md5=1,1\n"])
def test_a_record_that_is_not_understood_costs_the_size_alone(record: bytes) -> None:
    files = package("a", "1", {})
    files[f"{SITE}/a-1.dist-info/RECORD"] = record
    assert found(files)["python", "a"] == LayerPackage(ecosystem="python", name="a", version="1")


def test_metadata_without_a_name_is_no_package() -> None:
    assert found({f"{SITE}/a-1.dist-info/METADATA": b"\x00\xff nothing"}) == {}


def test_debian_packages_are_told_by_their_status() -> None:
    one = b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nInstalled-Size: 10\n"
    each = found({"var/lib/dpkg/status.d/libc6": one, "var/lib/dpkg/status.d/libc6.md5sums": b"x  y\n"})
    assert each == {
        ("deb", "libc6"): LayerPackage(ecosystem="deb", name="libc6", version="2.36-9", unpacked_bytes=10_240)
    }
    whole = read_contents(
        synthetic_layer({"var/lib/dpkg/status": one.replace(b"Arch", b"Status: install ok installed\nArch")})
    )
    assert [package.name for package in whole.packages] == ["libc6"]
    assert whole.whole_status


def test_whiteouts_remove_packages() -> None:
    contents = read_contents(
        synthetic_layer(
            {f"{SITE}/.wh.a_b-1.0.dist-info": b"", f"{SITE}/a_b/.wh.__init__.py": b"", f"{SITE}/x/.wh..wh..opq": b""}
        )
    )
    assert contents.removed == (LayerPackage(ecosystem="python", name="a-b", version="1.0"),)
    assert (contents.files, contents.packages) == (0, ())


def test_a_layer_that_is_no_tar_is_refused() -> None:
    with pytest.raises(ArchiveError):
        read_contents(synthetic_layer(b"no tar at all" * 100))


def test_what_is_kept_of_a_layer_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightship.flows.layer_contents._MOST_HELD_BYTES", 100)
    files = {
        f"{SITE}/{name}-1.dist-info/METADATA": f"Name: {name}\nVersion: 1\n".encode() for name in map(str, range(9))
    }
    assert len(found({**files})) == 5


def test_a_size_of_thousands_of_digits() -> None:
    one = b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nInstalled-Size: " + b"1" * 5000 + b"\n"
    assert found({"var/lib/dpkg/status.d/libc6": one}).keys() <= {("deb", "libc6")}
