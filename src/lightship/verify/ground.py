"""What programs take for granted is there.

What it does
============
Inside the sandbox, with the image's own Python: a default TLS context has certificate authorities, and so has
certifi's bundle; the variables that name a bundle name a file; time zones open, that of ``TZ`` among them; every codec
that Python knows by name can be looked up, and a name with an umlaut can be encoded for DNS; the locale of the
environment exists; the user has an entry in ``/etc/passwd``; ``/tmp`` is there and may be written.

Why
===
None of it is imported at the start, none shows in a health check, and every one has been slimmed away by somebody: the
first HTTPS call, the first customer in Shanghai, the first spreadsheet in GB 18030 finds out.

Bad
===
The planted faults: ``etc/ssl/certs/ca-certificates.crt``, ``usr/share/zoneinfo`` or ``encodings/gb18030.py`` is
removed.

Good
====
A base with ca-certificates, tzdata and the whole standard library, as lightship composes it.

References
==========
PEP 615 (zoneinfo), ``ssl.get_default_verify_paths``, ``codecs`` (docs.python.org/3.11/library), passwd(5), FHS 3.0.
"""

import re
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from lightship.findings import Finding, Kind
from lightship.verify.check import Check
from lightship.verify.subject import Subject

__all__ = ["CHECK"]

_CA = Kind(code="ca-bundle", severity="error", title="no certificate authorities")
_ZONE = Kind(code="time-zone", severity="error", title="a time zone cannot be opened")
_CODEC = Kind(code="codec-missing", severity="error", title="a codec is missing")
_LOCALE = Kind(code="locale", severity="warning", title="the locale of the environment does not exist")
_USER = Kind(code="user-unknown", severity="warning", title="the user has no entry in /etc/passwd")
_TEMPORARY = Kind(code="tmp", severity="error", title="no directory for temporary files")

_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Sydney")
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")
_PLACES = ("etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt", "etc/ssl/cert.pem")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def _run(subject: Subject) -> Iterator[Finding]:
    yield from _bundles(subject)
    yield from _temporary(subject)
    if subject.inside is None or subject.python is None:
        return
    zone = subject.runtime.environment.get("TZ", "").removeprefix(":")
    wanted = [*_ZONES, *([zone] if re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", zone) else [])]
    said = subject.inside.run(
        "ground_worker.py", subject.python.executable, {"zones": wanted}, timeout_s=120, parse=_answers
    )
    yield from _tls(subject, said["tls"])
    yield from _certifi(said["certifi"])
    yield from _zones(subject, said["zones"], said["zones_failed"])
    yield from _codecs(said["codecs"])
    if "error" in said["locale"]:
        language = {name: value for name, value in subject.runtime.environment.items() if name in ("LANG", "LC_ALL")}
        yield _LOCALE.finding(f"{said['locale']['error']} ({language or 'LANG is not set'})", fix="LANG=C.UTF-8")
    if "uid" in said["user"]:
        yield _USER.finding(
            f"uid {said['user']['uid']} has no name: pwd.getpwuid, getpass.getuser and expanduser('~') fail",
            location="/etc/passwd",
            fix="add the user to the image's /etc/passwd",
        )


def _answers(said: Any) -> dict[str, dict[str, str]]:
    """Every answer as texts by name; of what is not there, nothing."""
    names = ("tls", "certifi", "zones", "codecs", "locale", "user")
    told = {name: {str(key): str(value) for key, value in said[name].items()} for name in names}
    failed = said["zones"].get("failed") or {}
    return {**told, "zones_failed": {str(name): str(why) for name, why in failed.items()}}


def _bundles(subject: Subject) -> Iterator[Finding]:
    for variable in _BUNDLES:
        path = subject.runtime.environment.get(variable, "")
        if path.startswith("/") and not subject.is_file(path.lstrip("/")) and not subject.is_dir(path.lstrip("/")):
            yield _CA.finding(f"{variable} names {path}, which is not in the image", location=path)


def _temporary(subject: Subject) -> Iterator[Finding]:
    try:
        mode = (subject.rootfs / subject.resolve("tmp")).lstat().st_mode
    except OSError:
        mode = 0
    uid, gid = subject.owners.get(subject.resolve("tmp"), (0, 0))
    identity = subject.identity
    bit = 0o300 if identity.uid in (0, uid) else 0o030 if identity.gid == gid else 0o003
    if not stat.S_ISDIR(mode) or mode & bit != bit:
        yield _TEMPORARY.finding(
            f"user {identity.uid} may not write to /tmp" if mode else "the image has no /tmp",
            location="/tmp",  # noqa: S108 - a path of the image
            severity="warning" if subject.python is None else None,
            fix="chmod 1777 /tmp",
        )


def _tls(subject: Subject, said: Mapping[str, str]) -> Iterator[Finding]:
    if "absent" in said:
        # an image whose Python has no ssl makes no TLS context; what else is in it may look in the usual places
        there = [path for path in _PLACES if _CERTIFICATE.search(subject.read(path, limit_bytes=64 << 20) or b"")]
        if not there:
            yield _CA.finding("no file of certificate authorities is in the image", location=f"/{_PLACES[0]}",
                              fix="add ca-certificates to the base")  # fmt: skip
        return
    if "error" in said or (said.get("authorities") == "0" and said.get("in_capath") == "0"):
        looked = said.get("variable") or said.get("cafile")
        why = said.get("error") or f"{looked} has none, nor has {said.get('capath')}"
        yield _CA.finding(
            f"ssl.create_default_context() trusts nobody: {why}",
            location=said.get("variable") or said.get("cafile") or f"/{_PLACES[0]}",
            fix="add ca-certificates to the base",
        )


def _certifi(said: Mapping[str, str]) -> Iterator[Finding]:
    if "error" in said or said.get("authorities") == "0":
        yield _CA.finding(
            f"certifi's bundle cannot be used: {said.get('error') or 'it holds no certificate'}",
            location=said.get("path", "certifi"),
            fix='keep = ["certifi/**"]',
        )


def _zones(subject: Subject, said: Mapping[str, str], failed: Mapping[str, str]) -> Iterator[Finding]:
    if "absent" in said:
        if subject.python is not None and "zoneinfo" in subject.python.stdlib_names:
            yield _ZONE.finding(f"zoneinfo does not import: {said['absent']}", location="zoneinfo")
        return
    if failed:
        name, why = next(iter(failed.items()))
        yield _ZONE.finding(
            f"{', '.join(failed)}: {why}", location=f"/usr/share/zoneinfo/{name}", fix="add tzdata to the base"
        )


def _codecs(said: Mapping[str, str]) -> Iterator[Finding]:
    if said:
        some = ", ".join(list(said)[:8]) + (f" and {len(said) - 8} more" if len(said) > 8 else "")
        name, why = next(iter(said.items()))
        yield _CODEC.finding(f"{some}: {why}", location=f"encodings/{name}", fix="keep the whole standard library")


CHECK = Check(
    name="ground",
    kinds=(_CA, _ZONE, _CODEC, _LOCALE, _USER, _TEMPORARY),
    run=_run,
    doc=__doc__,
    needs_python=False,
)
