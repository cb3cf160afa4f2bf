"""Which suites make the base: every one of the distribution, verified, and nobody else's.

A source that is trusted by the same keys as the distribution must answer and must verify: skipping a security suite
because someone broke it would be an old base in silence. A source with other keys is a third party's and may fail.
"""

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lightship.base.aptconf import read_apt_sources
from lightship.base.fetch import Fetcher, NotInArchiveError, without_password
from lightship.base.keyring import certificates
from lightship.base.release import Release, verify_release
from lightship.base.source import ArchiveSettings, ArchiveSource
from lightship.errors import InputError, LightshipError

__all__ = ["ORIGINS", "SCHEMES", "Suite", "configured_sources", "open_suites"]

ORIGINS = ("Debian", "Ubuntu")
"""Release Origins of distributions; an archive of anyone else does not make a base."""

SCHEMES = ("http", "https", "file", "copy")
"""How archives are reached; ``cdrom:`` of an installation medium is not."""

_INRELEASE_CAP_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One verified suite of one archive. ``base`` is the archive's URI with a slash at its end."""

    base: str
    name: str
    components: tuple[str, ...]
    release: Release
    inrelease_sha256: str

    @property
    def directory(self) -> str:
        """Where its indexes are."""
        return f"{self.base}dists/{self.name}/"


def configured_sources(settings: ArchiveSettings) -> tuple[ArchiveSource, ...]:
    """The sources that ``settings`` names, or the host's; raise InputError where there are none."""
    if not settings.uris:
        sources = read_apt_sources(settings.etc_apt)
        if not sources:
            raise InputError(
                "no package archive configured: want apt's sources of a Debian or Ubuntu host, or archive settings",
                hint="set uri, suites and keyring in [archive] of lightship.toml, or choose another base",
            )
        return sources
    if not settings.suites:
        raise InputError("archive.uri without archive.suites: want the suites to take packages from")
    return tuple(
        ArchiveSource(
            uri=uri,
            suites=settings.suites,
            components=settings.components,
            check_valid_until=settings.check_valid_until,
            where="archive.uri",
        )
        for uri in settings.uris
    )


def open_suites(
    settings: ArchiveSettings, fetcher: Fetcher, *, architecture: str, at: datetime.datetime, distribution: str = ""
) -> tuple[list[Suite], list[str]]:
    """The distribution's suites, verified, in the order of the sources; and what was left out, as notes.

    Raise MismatchError for a suite that does not verify, InputError where no suite of a distribution is left or
    the sources hold several releases and ``distribution`` chooses none of them.
    """
    explicit = bool(settings.uris)
    opened: dict[tuple[str, str], Suite] = {}
    trusted: set[str] = set()
    failed: list[tuple[ArchiveSource, str, LightshipError]] = []
    notes: list[str] = []
    for source, name in _wanted(configured_sources(settings), architecture, notes):
        try:
            suite = _open_suite(source, name, settings, fetcher, at)
        except NotInArchiveError as error:
            # Each of several explicit archives has suites of its own: security's lie beside the main archive.
            if not explicit or len(settings.uris) == 1:
                failed.append((source, name, error))
            continue
        except LightshipError as error:
            if explicit:
                raise
            failed.append((source, name, error))
            continue
        reason = None if explicit else _left_out(suite)
        if reason is not None:
            notes.append(reason)
            continue
        known = opened.get((suite.base, name))
        components = (*known.components, *suite.components) if known else suite.components
        opened[suite.base, name] = replace(suite, components=tuple(dict.fromkeys(components)))
        trusted.add(source.signed_by)
    for source, name, fault in failed:
        if explicit or not opened or source.signed_by in trusted:
            raise fault
        notes.append(f"source left out, as its keys are not the distribution's: {name} ({fault})")
    return _one_distribution(list(opened.values()), distribution, notes), notes


def _wanted(
    sources: Sequence[ArchiveSource], architecture: str, notes: list[str]
) -> "Sequence[tuple[ArchiveSource, str]]":
    wanted = []
    for source in sources:
        if source.architectures and architecture not in source.architectures:
            notes.append(f"source of other architectures left out: {' '.join(source.suites)} ({source.where})")
            continue
        if source.uri.partition(":")[0] not in SCHEMES:
            notes.append(f"source left out, as it is not reached by http or file: {source.where or source.uri}")
            continue
        for name in source.suites:
            if name.endswith("/"):
                notes.append(f"flat archive left out: {without_password(source.uri)} {name}")
            else:
                wanted.append((source, name))
    return wanted


def _open_suite(
    source: ArchiveSource, name: str, settings: ArchiveSettings, fetcher: Fetcher, at: datetime.datetime
) -> Suite:
    base = source.uri.rstrip("/") + "/"
    raw = fetcher.read(f"{base}dists/{name}/InRelease", cap_bytes=_INRELEASE_CAP_BYTES)
    release = verify_release(
        raw,
        certificates(source.signed_by, settings),
        what=f"InRelease of {name}",
        at=at,
        check_valid_until=source.check_valid_until and settings.check_valid_until,
    )
    return Suite(
        base=base,
        name=name,
        components=source.components,
        release=release,
        inrelease_sha256=hashlib.sha256(raw).hexdigest(),
    )


def _left_out(suite: Suite) -> str | None:
    if suite.release.origin not in ORIGINS:
        return f"archive of {suite.release.origin or 'an unnamed origin'} left out: suite {suite.name}"
    if not suite.release.automatic:
        return f"suite {suite.name} left out: apt takes from it only when told"
    return None


def _one_distribution(suites: list[Suite], wanted: str, notes: list[str]) -> list[Suite]:
    names = sorted({suite.release.distribution for suite in suites})
    if not suites:
        raise InputError(
            "no archive of Debian or Ubuntu is configured" + (f": {'; '.join(notes)}" if notes else ""),
            hint="set uri, suites and keyring in [archive] of lightship.toml, or choose another base",
        )
    if len(names) == 1 and not wanted:
        return suites
    chosen = [suite for suite in suites if suite.release.distribution == wanted]
    if chosen:
        notes.extend(f"suite {suite.name} left out: not of {wanted}" for suite in suites if suite not in chosen)
        return chosen
    if len(names) == 1:
        return suites
    raise InputError(
        f"the sources hold several releases: want one, got {', '.join(names)}",
        hint="set uri and suites in [archive] of lightship.toml",
    )
