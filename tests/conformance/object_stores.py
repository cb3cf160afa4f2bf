"""Object stores on loopback, each a real server behind the interface of Amazon's S3: moto's, rclone's, and OpenStack
Swift from Debian; and CloudFront as moto has it.

Each is a context manager that yields plain values once the server answers, and that leaves nothing behind. The folder
is the caller's, and empty.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import require_tool

__all__ = ["REGION", "SECRET", "ObjectStore", "client", "moto", "rclone", "swift"]

REGION = "us-east-1"
SECRET = "pretend-secret-of-ada"
_START_S = 120
_NO_PROFILE = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
_SWIFT = Path(__file__).with_name("swift") / "serve.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """Where a store listens and who may write to it. ``signatures`` says whether it checks them: what is wrong with
    credentials or with the clock is found out then only."""

    name: str
    endpoint: str
    access_key: str
    secret: str = SECRET
    bucket: str = ""
    signatures: bool = True
    pid: int = 0

    def through(self, endpoint: str) -> "ObjectStore":
        """The same store by another way, a proxy's. Signatures hold: servers go by the name that was asked for."""
        return replace(self, endpoint=endpoint)

    def with_new_bucket(self) -> "ObjectStore":
        """An empty bucket: what one test leaves is nothing to the next."""
        found = replace(self, bucket=f"site-{secrets.token_hex(6)}")
        client(found).create_bucket(Bucket=found.bucket)
        return found

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client of AWS reads from its environment."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
        }


def client(store: ObjectStore, service: str = "s3") -> Any:
    """Amazon's own client: what tests look with, so that nothing is checked by what wrote it. It signs what it sends,
    with no checksum that a store would not know."""
    return _client(store.endpoint, store.access_key, store.secret, service)


@cache
def _client(endpoint: str, access_key: str, secret: str, service: str) -> Any:
    """Made once: that takes longer than a dozen requests. No profile of whoever runs the tests is read."""
    from botocore.config import Config  # type: ignore[import-untyped]
    from botocore.session import Session  # type: ignore[import-untyped]

    nothing: dict[str, object] = {name: (None, [], default, None) for name, default in _NO_PROFILE.items()}
    return Session(nothing).create_client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=_START_S,
            read_timeout=_START_S,
            retries={"total_max_attempts": 1},
        ),
    )


@contextmanager
def moto(folder: Path, *, signatures: bool = False) -> Iterator[ObjectStore]:
    """moto's server, S3 and CloudFront; with ``signatures`` it knows one user, who may do everything."""
    argv = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", "0"]
    with _running(argv, folder, "moto", "Running on ") as (endpoint, pid):
        store = ObjectStore(name="moto", endpoint=endpoint, access_key="anyone", signatures=False, pid=pid)
        if signatures:
            store = _with_moto_user(store)
        yield store.with_new_bucket()


def _with_moto_user(store: ObjectStore) -> ObjectStore:
    """https://docs.getmoto.org/en/latest/docs/iam.html"""
    import urllib.request

    iam = client(store, "iam")
    iam.create_user(UserName="ada")
    rights = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=json.dumps(rights))
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    plain = {"Content-Type": "text/plain"}
    asked = urllib.request.Request(f"{store.endpoint}/moto-api/reset-auth", b"0", plain, method="POST")  # noqa: S310
    urllib.request.urlopen(asked).close()  # noqa: S310
    return replace(store, access_key=key["AccessKeyId"], secret=key["SecretAccessKey"], signatures=True)


@contextmanager
def rclone(folder: Path) -> Iterator[ObjectStore]:
    """rclone's S3 server over a folder. It checks signatures."""
    program = Path(sys.executable).with_name("rclone")
    if not program.exists():
        program = Path(require_tool("rclone"))
    (folder / "rclone").mkdir()
    argv = [
        str(program), "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", f"ada,{SECRET}",
        "--config", os.devnull, "--cache-dir", str(folder / "cache"), str(folder / "rclone"),
    ]  # fmt: skip
    with _running(argv, folder, "rclone", r"Starting s3 server on \[") as (endpoint, pid):
        yield ObjectStore(name="rclone", endpoint=endpoint, access_key="ada", pid=pid).with_new_bucket()


@contextmanager
def swift(folder: Path) -> Iterator[ObjectStore]:
    """OpenStack Swift from Debian with its S3 interface: the strictest of them. See ``swift/serve.py``."""
    python = _system_python()
    log = folder / "swift.log"
    with log.open("wb") as stream:
        argv = [python, str(_SWIFT), str(folder / "swift")]
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, env={"PATH": os.defpath}
        )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            said = process.stdout.readline()
            assert said, log.read_text(errors="replace")
            port = json.loads(said)["port"]
            store = ObjectStore(
                name="swift", endpoint=f"http://127.0.0.1:{port}", access_key="ada:ada", pid=process.pid
            )
            yield store.with_new_bucket()
        finally:
            process.stdin.close()
            _end(process)


def _system_python() -> str:
    """The distribution's interpreter, which alone sees the distribution's packages."""
    python = "/usr/bin/python3"
    asked = [python, "-c", "import swift.common.middleware.s3api"]
    with suppress(FileNotFoundError):
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return python
    if os.environ.get("CI"):
        pytest.fail("python3-swift is missing: in CI no conformance test may be skipped")
    pytest.skip("python3-swift is not installed")


@contextmanager
def _running(argv: Sequence[str], folder: Path, name: str, before: str) -> Iterator[tuple[str, int]]:
    """The address, which stands in the log after ``before`` once the server listens, and the process' number."""
    log = folder / f"{name}.log"
    home = {"PATH": os.defpath, "HOME": str(folder)}
    with log.open("wb") as stream:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=home)
    with process:
        try:
            limit = time.monotonic() + _START_S
            while (found := re.search(before + r"(http://127\.0\.0\.1:\d+)", log.read_text(errors="replace"))) is None:
                assert process.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < limit, f"{name} does not listen"
                time.sleep(0.05)
            yield found[1], process.pid
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
