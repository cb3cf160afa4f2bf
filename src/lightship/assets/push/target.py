"""Where a push goes: ``s3://bucket/prefix`` or a directory, the path below it, and the addresses that browsers ask for.

An object's key is prefix, base and path; with a CDN whose origin is the prefix, its address is CDN, base and path.
Percent-encoding by RFC 3986, 3.3.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit

from lightship.errors import UsageError

__all__ = [
    "SCHEMES",
    "Scheme",
    "Target",
    "blob_fault",
    "check_address",
    "key_fault",
    "parse_base",
    "parse_target",
    "public_path",
]

Scheme = Literal["s3", "oss", "cos", "r2", "gs", "az", "file"]

SCHEMES: dict[str, Scheme] = {
    "s3": "s3", "oss": "oss", "cos": "cos", "r2": "r2", "gs": "gs", "az": "az", "abfs": "az", "file": "file",
}  # fmt: skip

_MISTYPED = re.compile(rf"({'|'.join(SCHEMES)})(?::|//)/*", re.IGNORECASE)
_S3 = "what speaks S3 is s3://bucket with --endpoint"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_KEY_BYTES = 1024
"""S3's limit and Google's; Azure counts characters.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html (2026-11)."""
_SAFE = "/-._~!$&'()+,;=:@"  # without the asterisk, which CDNs take for any name


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``prefix`` has no slash at its ends; ``directory`` is set for ``file`` alone, which has no bucket."""

    scheme: Scheme
    bucket: str = ""
    prefix: str = ""
    directory: Path | None = None

    def __str__(self) -> str:
        if self.directory is not None:
            return str(self.directory)
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def root(self, base: str) -> str:
        """What every key begins with, without a slash at the end; ``""`` for the whole bucket."""
        return "/".join(part for part in (self.prefix, base) if part)


def parse_target(text: str) -> Target:
    """Read ``--to``; raise UsageError for what is none of them, for what carries credentials, and for a directory that
    may be meant as a bucket: whoever leaves out a slash must not find a site on the disk and none in the store."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        if not text:
            raise UsageError("where to is empty", hint="such as --to s3://bucket/prefix")
        _check_is_path(text)
        return Target(scheme="file", directory=Path(text).absolute())
    known = SCHEMES.get(scheme.lower())
    if known is None:
        raise UsageError(
            f"{scheme}:// is not understood: want one of {', '.join(SCHEMES)}",
            hint=_S3,
        )
    parts = _split(text, "--to")
    if known == "file":
        if parts.netloc not in ("", "localhost"):
            raise UsageError(f"want file:///directory, got {text!r:.120}")
        return Target(scheme="file", directory=Path(unquote(parts.path)).absolute())
    if not _BUCKET.fullmatch(parts.netloc):
        raise UsageError(f"want {scheme}://bucket/prefix, got {text!r:.120}")
    return Target(scheme=known, bucket=parts.netloc, prefix=_folders(unquote(parts.path), "--to"))


def _check_is_path(text: str) -> None:
    """Raise UsageError for what looks like an address with a slash too few, and for a name alone."""
    found = _MISTYPED.match(text)
    if found is not None or ":" in text.partition("/")[0]:
        if "@" in text:  # what was typed may hold a key
            raise UsageError("want s3://bucket/prefix or a directory, got what is none", hint=_S3)
        meant = f"{found[1].lower()}://{text[found.end() :]}, or " if found is not None else ""
        raise UsageError(
            f"want s3://bucket/prefix or a directory, got {text!r:.120}", hint=f"{meant}./{text} for a directory"
        )
    if "/" not in text and text not in (".", ".."):
        raise UsageError(f"is {text!r:.120} a bucket or a directory?", hint=f"s3://{text}, or ./{text}")


def parse_base(text: str) -> str:
    """``_next/static`` for ``/_next/static/``; raise UsageError for what is no path."""
    if not text.startswith("/") or text.startswith("//"):  # LIGHTSHIP_BASE may be meant for `build`
        raise UsageError(f"--base: want a path such as /_next/static, got {text!r:.120}")
    return _folders(text, "--base")


def check_address(text: str, flag: str) -> str:
    """An http or https address without a slash at its end; raise UsageError for anything else, or with credentials."""
    parts = _split(text, flag)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        said = "what is none" if "@" in text else f"{text!r:.120}"  # a password may stand before it
        raise UsageError(f"{flag}: want an address such as https://static.example, got {said}")
    return text.rstrip("/")


def public_path(base: str, path: str) -> str:
    """``/base/path`` as it stands in a URL."""
    return "/" + quote("/".join(part for part in (base, path) if part), safe=_SAFE)


def key_fault(root: str, path: str) -> str | None:
    """Why an object cannot be called so, or None. What is refused here is refused by one store or another, or by the
    libraries that speak to them."""
    try:
        raw = f"{root}/{path}".encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8, which an object's key is"
    if _CONTROL.search(path):
        return "its name has a control character, which no URL has"
    if len(raw) > _LONGEST_KEY_BYTES:
        return f"its key has {len(raw)} bytes, and stores take {_LONGEST_KEY_BYTES}"
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        return "its path is not below its root"
    return None


def blob_fault(root: str, path: str) -> str | None:
    """Why Azure has no blob of that name, or has it under another, or None.
    https://learn.microsoft.com/en-us/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
    (2026-11)."""
    key = f"{root}/{path}"
    if "\\" in key:
        return "its key has a backslash, which Azure makes a slash of"
    if any(part.endswith(".") for part in key.split("/")):
        return "a part of its key ends with a dot, which Azure forbids"
    return None


def _folders(path: str, flag: str) -> str:
    found = path.strip("/")
    if found and (fault := key_fault("", found)) is not None:
        raise UsageError(f"{flag}: {path!r:.120}: {fault}")
    if ".lightship" in found.split("/"):
        raise UsageError(f"{flag}: .lightship is where releases are written down: got {path!r:.120}")
    return found


def _split(text: str, flag: str) -> SplitResult:
    """An address; its own text is not in an error before it is known to hold no password."""
    try:
        parts = urlsplit(text)
        wrong = parts.port == 0
    except ValueError:
        wrong = True
    if wrong:
        raise UsageError(f"{flag}: want an address, got what is none") from None
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise UsageError(
            f"{flag}: credentials do not belong in an address",
            hint="they are read from the environment: docs/guides/assets-push.md",
        )
    if parts.query or parts.fragment:
        raise UsageError(f"{flag}: want no query and no fragment in an address")
    return parts
