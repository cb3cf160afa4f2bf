"""Azure's blobs on loopback: Microsoft's own emulator, Azurite, from the npm registry."""

import base64
import contextlib
import email.utils
import hashlib
import hmac
import html
import http.client
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.conformance.npm import npm

__all__ = ["ACCOUNT", "KEY", "Azure", "azurite"]

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's account, the same everywhere:
https://learn.microsoft.com/en-us/azure/storage/common/storage-use-azurite (2026-11)."""
_PACKAGE = "azurite@3.37.0"
_VERSION = "2021-08-06"


@dataclass(frozen=True, slots=True, kw_only=True)
class Azure:
    """``endpoint`` is an account's; ``container`` may be read by everybody."""

    endpoint: str
    container: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        return {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY}

    def with_new_container(self) -> "Azure":
        """Signed with the account's key:
        https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key (2026-11)."""
        name, now = f"site-{secrets.token_hex(6)}", email.utils.formatdate(usegmt=True)
        named = f"x-ms-blob-public-access:container\nx-ms-date:{now}\nx-ms-version:{_VERSION}"
        path = f"{urlsplit(self.endpoint).path}/{name}"
        text = "PUT" + "\n" * 12 + f"{named}\n/{ACCOUNT}{path}\nrestype:container"
        signature = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        headers = {key: value for key, _, value in (line.partition(":") for line in named.split("\n"))}
        headers |= {
            "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(signature).decode()}",
            "Content-Length": "0",
        }
        status, _, said = self._asked("PUT", f"{path}?restype=container", headers)
        assert status == 201, said
        return Azure(endpoint=self.endpoint, container=name)

    def get(self, name: str) -> tuple[dict[str, str], bytes]:
        """A blob as a browser gets it."""
        status, headers, content = self._asked("GET", f"{urlsplit(self.endpoint).path}/{self.container}/{quote(name)}")
        assert status == 200, content
        return headers, content

    def names(self) -> list[str]:
        """Of every blob but what writes releases down."""
        path = f"{urlsplit(self.endpoint).path}/{self.container}?restype=container&comp=list"
        found = re.findall("<Name>([^<]*)</Name>", self._asked("GET", path)[2].decode())
        return [name for name in map(html.unescape, found) if ".lightship/" not in name]

    def _asked(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=300)) as connection:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@contextmanager
def azurite(folder: Path) -> Iterator[Azure]:
    """The emulator, all in memory; the folder is the caller's, and gets 190 MB of packages."""
    install = [*npm(), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", _PACKAGE]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    node = shutil.which("node")
    words = [
        *([node] if node is not None else [*npm()[:-1], "node"]), str(folder / "node_modules/.bin/azurite-blob"),
        "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent", "--skipApiVersionCheck",
        "--disableTelemetry",
    ]  # fmt: skip
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if (found := re.search(r"listens on (http://127\.0\.0\.1:\d+)", line)) is not None:
                    break
            else:
                raise AssertionError("".join(said))
            yield Azure(endpoint=f"{found[1]}/{ACCOUNT}")
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(folder / "node_modules", ignore_errors=True)
