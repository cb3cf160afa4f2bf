"""Compressed bytes of images as their registries tell them: one manifest each, no layer.

What was asked is remembered for a day, so that the next question costs nothing.
"""

import datetime
import json
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from lightship.base.fit.bases import Figure
from lightship.errors import LightshipError, UsageError
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache, cache_key
from lightship.store.registry.access import RegistryAccess

__all__ = ["measure_images", "reachable", "remembered"]

_KIND = "base-sizes"
_VERSION = 1
_TASK = "ask registries"
_FRESH = datetime.timedelta(days=1)
_TIMEOUT_S = 10.0
_WORKERS = 8


def remembered(image: str, platform: Platform, cache: Cache, *, now: datetime.datetime) -> Figure | None:
    """What a registry said of ``image`` within the last day."""
    found = cache.find(_KIND, _key(image, platform))
    if found is None:
        return None
    try:
        record = json.loads(found.read_bytes())
        asked = datetime.datetime.fromisoformat(record["date"])
        if not datetime.timedelta() <= now - asked <= _FRESH:
            return None
        return _figure(image, int(record["compressed_bytes"]), str(record["digest"]), asked)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a damaged record counts as none


def measure_images(
    images: Iterable[str],
    platform: Platform,
    access: RegistryAccess,
    cache: Cache,
    *,
    now: datetime.datetime,
    progress: Progress = SILENT,
) -> tuple[dict[str, Figure], dict[str, LightshipError]]:
    """Figures by image, and why others have none. Registries are asked at the same time, each once, without retries."""
    wanted = list(dict.fromkeys(images))
    figures: dict[str, Figure] = {}
    faults: dict[str, LightshipError] = {}
    if not wanted:
        return figures, faults
    hasty = replace(access, timeout_s=min(access.timeout_s, _TIMEOUT_S), retries=0)

    def one(image: str) -> None:
        try:
            figures[image] = _measure(image, platform, hasty, cache, now)
        except LightshipError as error:
            faults[image] = error
        progress.advance(_TASK)

    progress.start(_TASK, len(wanted), unit="images")
    with ThreadPoolExecutor(min(_WORKERS, len(wanted)), thread_name_prefix="lightship-base") as pool:
        list(pool.map(one, wanted))
    progress.finish(_TASK)
    return figures, faults


def _measure(image: str, platform: Platform, access: RegistryAccess, cache: Cache, now: datetime.datetime) -> Figure:
    from lightship.oci.digest import Digest
    from lightship.store.registry.image import open_registry_image

    with open_registry_image(ImageName.parse(image), platform=platform, access=access) as found:
        compressed_bytes = sum(layer.compressed_bytes for layer in found.layers)
        digest = str(Digest.of(found.raw_manifest))
    record: Mapping[str, object] = {
        "date": now.isoformat(),
        "compressed_bytes": compressed_bytes,
        "digest": digest,
    }
    with cache.write(_KIND, _key(image, platform)) as stream:
        stream.write(json.dumps(record).encode())
    return _figure(image, compressed_bytes, digest, now)


def _figure(image: str, compressed_bytes: int, digest: str, asked: datetime.datetime) -> Figure:
    return Figure(
        compressed_bytes=compressed_bytes,
        measured=True,
        source=f"{image}@{digest}",
        date=asked.date().isoformat(),
    )


def _key(image: str, platform: Platform) -> str:
    return cache_key(_KIND, _VERSION, str(ImageName.parse(image)), str(platform))


def reachable(image: str, environ: Mapping[str, str], *, patience_s: float) -> bool:
    """Whether the registry of ``image``, or the proxy on the way, takes a connection within ``patience_s``.

    A resolver that does not answer cannot be interrupted: it is left to a thread that nobody waits for.
    """
    host, port = _peer(image, environ)
    taken, told = threading.Event(), threading.Event()

    def connect() -> None:
        import socket

        try:
            with socket.create_connection((host, port), timeout=patience_s):
                taken.set()
        except OSError:
            pass  # not reachable: that is the answer
        finally:
            told.set()

    threading.Thread(target=connect, name="lightship-reach", daemon=True).start()
    told.wait(patience_s)
    return taken.is_set()


def _peer(image: str, environ: Mapping[str, str]) -> tuple[str, int]:
    from urllib.parse import urlsplit

    from lightship.store.registry.addresses import host_and_port, host_of
    from lightship.store.registry.proxies import proxy_for

    host, port = host_and_port(host_of(ImageName.parse(image).registry))
    proxy = proxy_for("https", host, port or 443, environ)
    if proxy is None:
        return host, port or 443
    try:
        parts = urlsplit(proxy)
        own = parts.port
    except ValueError as error:
        raise UsageError("HTTPS_PROXY is no address: want http://host:port") from error
    return parts.hostname or "", own or (443 if parts.scheme == "https" else 80)
