"""Digests are what they say, or are not made."""

import hashlib

import pytest

from lightship.errors import InputError
from lightship.oci.digest import Digest


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_digest_is_read_and_written(algorithm: str) -> None:
    text = f"{algorithm}:{hashlib.new(algorithm, b'x').hexdigest()}"
    digest = Digest.parse(text)
    assert str(digest) == text
    assert Digest.of(b"x", algorithm) == digest
    running = digest.new_hash()
    running.update(b"x")
    assert running.hexdigest() == digest.hex


def test_digests_are_values() -> None:
    assert Digest.of(b"x") == Digest.parse(f"sha256:{hashlib.sha256(b'x').hexdigest()}")
    assert sorted([Digest.of(b"x"), Digest.of(b"y")]) == sorted([Digest.of(b"y"), Digest.of(b"x")])


@pytest.mark.parametrize(
    "text",
    [
        "", "sha256", "sha256:", ":" + "a" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 65, "sha256:" + "A" * 64,
        "sha256:" + "g" * 64, "md5:" + "a" * 32, "SHA256:" + "a" * 64, "sha512:" + "a" * 64,
        "sha256:" + "a" * 63 + "\n", "sha256:../" + "a" * 61, " sha256:" + "a" * 64,
    ],
)  # fmt: skip
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="digest not understood: want sha256:<64 lowercase hex digits>") as caught:
        Digest.parse(text)
    assert "\n" not in str(caught.value)
