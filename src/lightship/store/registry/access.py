"""How registries are reached: values only, built in `lightship.config`. Importing it costs nothing."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from lightship.values import dataclass

__all__ = ["RegistryAccess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAccess:
    """What a user gives for all registries.

    ``credential_files`` are asked in their order; ``environ`` holds the proxies' variables, SSL_CERT_FILE, and what a
    credential helper is started with. ``plain_http`` allows HTTP without TLS where the registry speaks no TLS;
    loopback needs no permission. ``ca_file`` is trusted beside what the system trusts; ``certificate_folders`` hold
    ``HOST[:PORT]/*.crt`` as engines read them. ``retries`` counts further attempts; the first of them waits
    ``backoff_s``, each next one twice as long. A connection that says nothing for ``timeout_s`` is dead. ``jobs``
    bounds the connections that move blobs at once. ``memory`` is a folder where it is remembered which repository has
    which blob, so that others of its registry may take it from there.
    """

    credential_files: tuple[Path, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    plain_http: bool = False
    ca_file: Path | None = None
    certificate_folders: tuple[Path, ...] = ()
    timeout_s: float = 60.0
    retries: int = 5
    backoff_s: float = 0.5
    jobs: int = 4
    memory: Path | None = None
