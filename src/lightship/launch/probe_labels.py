"""A probe as labels of an image: what ``lightship build`` records of ``[probe]``, so that whoever pulls can verify.

``dev.lightship.probe.http``, ``.timeout`` (seconds) and ``.command`` (a JSON array). Nothing else is recorded: neither
``env``, which may hold secrets, nor ``requests``, nor a URL that has credentials in it.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from lightship.errors import ImageError
from lightship.values import dataclass

__all__ = ["PROBE_COMMAND", "PROBE_HTTP", "PROBE_TIMEOUT", "ProbeSettings", "probe_labels", "read_probe_labels"]

PROBE_HTTP = "dev.lightship.probe.http"
PROBE_TIMEOUT = "dev.lightship.probe.timeout"
PROBE_COMMAND = "dev.lightship.probe.command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What can be known of a probe from an image alone."""

    http: str | None = None
    timeout_s: float = 60.0
    command: tuple[str, ...] = ()


def probe_labels(settings: ProbeSettings) -> dict[str, str]:
    """The labels of ``settings``; none where there is nothing to probe."""
    labels = {}
    if settings.http is not None and not _has_credentials(settings.http):
        labels[PROBE_HTTP] = settings.http
    if settings.command:
        labels[PROBE_COMMAND] = json.dumps(list(settings.command), ensure_ascii=False)
    return {**labels, PROBE_TIMEOUT: f"{settings.timeout_s:g}"} if labels else {}


def read_probe_labels(labels: Mapping[str, str]) -> ProbeSettings | None:
    """The probe that an image's labels hold, None where they hold none. Raise ImageError for what is no probe."""
    http, command, timeout = labels.get(PROBE_HTTP), labels.get(PROBE_COMMAND), labels.get(PROBE_TIMEOUT, "60")
    if http is None and command is None:
        return None
    try:
        words = json.loads(command) if command is not None else []
        json.dumps(words, ensure_ascii=False).encode()  # halves of characters are no text
    except (ValueError, RecursionError):
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ImageError(f"label {PROBE_COMMAND}: want a JSON array of texts, got {command!r:.80}")
    try:
        timeout_s = float(timeout)
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s <= 86_400:
        raise ImageError(f"label {PROBE_TIMEOUT}: want seconds, at most a day, got {timeout!r:.80}")
    return ProbeSettings(http=http, timeout_s=timeout_s, command=tuple(words))


def _has_credentials(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL; the probe itself says so
        return True
    return "@" in parts.netloc or bool(parts.query)
