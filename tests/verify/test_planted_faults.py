"""Every fault that somebody could slim or copy into an image is found, and the image without it is clean."""

import importlib.util
import platform
import socket
import sys

import pytest
from tests.flows.world import MINOR, World
from tests.verify.conftest import Verify, removed
from tests.verify.whole_world import EXCLUDED

from lightship.image.views import config_of
from lightship.launch.command import LaunchOptions
from lightship.store.open import locate, open_image

SITE = f"opt/venv/lib/python{MINOR}/site-packages"
STDLIB = f"usr/lib/python{MINOR}"
LIBRARIES = f"usr/lib/{platform.machine()}-linux-gnu"
TAG = sys.implementation.cache_tag
CLEAN = b"VALUE = 42\n"
"""``pretend_lib/inner.py``."""

Faults = dict[str, bytes | str | None]


def other_magic() -> bytes:
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little") + 1
    return magic.to_bytes(2, "little") + importlib.util.MAGIC_NUMBER[2:] + b"\0" * 12 + b"N"


def edited(path: str, source: bytes) -> Faults:
    """A source changed and its bytecode removed: what lightship ships is run whatever the source says."""
    folder, _, name = path.rpartition("/")
    return {path: source, **removed(f"{folder}/__pycache__/{name.removesuffix('.py')}.{TAG}.pyc")}


def distribution(name: str, version: str = "1.0") -> Faults:
    folder = f"{SITE}/{name}-{version}.dist-info"
    return {
        f"{SITE}/{name}/__init__.py": b"",
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n".encode(),
        f"{folder}/RECORD": f"{name}/__init__.py,,\n{name}-{version}.dist-info/RECORD,,\n".encode(),
    }


FAULTS: dict[str, tuple[str, str, Faults]] = {
    "CA bundle missing": ("ground", "ca-bundle", {**removed("etc/ssl/certs/ca-certificates.crt")}),
    "CA bundle without a certificate": ("ground", "ca-bundle", {"etc/ssl/certs/ca-certificates.crt": b"# empty\n"}),
    "codec missing": ("ground", "codec-missing", {**removed(f"{STDLIB}/encodings/gb18030.py")}),
    "codec's tables missing": ("ground", "codec-missing", {**removed(f"{STDLIB}/encodings/idna.py")}),
    "time zone missing": ("ground", "time-zone", {**removed("usr/share/zoneinfo/America")}),
    "time zone of TZ missing": ("ground", "time-zone", {**removed("usr/share/zoneinfo/Asia")}),
    "all time zones missing": ("ground", "time-zone", {**removed("usr/share/zoneinfo")}),
    "tmp may not be written": ("ground", "tmp", {"tmp": None}),
    "library missing": ("libraries", "library-unresolved", {**removed(f"{LIBRARIES}/libbz2.so.1.0")}),
    "entry point of a script missing": (
        "metadata", "entry-point-broken", edited(f"{SITE}/pretend_lib/__init__.py", b'VERSION = "1.0"\n'),
    ),
    "plugin missing": ("metadata", "entry-point-broken", {**removed(f"{SITE}/pretend_page/plugin.py")}),
    "template missing": ("files", "file-missing", {**removed(f"{SITE}/pretend_page/templates/page.html")}),
    "template changed": ("files", "file-changed", {f"{SITE}/pretend_page/templates/page.html": b"<p>"}),
    "bytecode of another interpreter": (
        "bytecode", "pyc-foreign", {f"{SITE}/pretend_lib/__pycache__/inner.{TAG}.pyc": other_magic()},
    ),
    "bytecode of another interpreter beside none of ours": (
        "bytecode",
        "pyc-foreign",
        {
            **removed(f"{SITE}/pretend_lib/__pycache__/inner.{TAG}.pyc"),
            f"{SITE}/pretend_lib/__pycache__/inner.cpython-27.pyc": other_magic(),
        },
    ),
    "bytecode of another source": ("bytecode", "pyc-stale", {f"{SITE}/pretend_lib/inner.py": b"VALUE = 43\n"}),
    "bytecode damaged": (
        "bytecode",
        "pyc-broken",
        {f"{SITE}/pretend_lib/__pycache__/inner.{TAG}.pyc": importlib.util.MAGIC_NUMBER + b"\1" + b"\0" * 11 + b"\xe3"},
    ),
    "marker evaluated for another version": (
        "metadata",
        "requirement-missing",
        {**removed(f"{SITE}/pretend_late"), **removed(f"{SITE}/pretend_late-1.0.dist-info")},
    ),
    "module removed": ("imports", "import-failed", {**removed(f"{SITE}/pretend_late")}),
    "module that kills": ("imports", "import-failed", edited(f"{SITE}/pretend_rival.py", b"import os; os.abort()")),
    "module of the standard library removed": (
        "imports", "import-failed", edited(f"{SITE}/pretend_rival.py", b"import imaplib"),
    ),
    "distribution twice": ("metadata", "metadata-twice", distribution("pretend_late", "0.9")),
    "metadata lost": ("metadata", "metadata-broken", {**removed(f"{SITE}/pretend_late-1.0.dist-info/METADATA")}),
    "script of a moved environment": (
        "commands", "interpreter-missing", {"opt/venv/bin/pretend-say": b"#!/old/venv/bin/python\n"},
    ),
    "program of the entrypoint missing": ("commands", "start-failed", {**removed("opt/venv/bin/python")}),
    "Python missing": ("imports", "start-failed", {**removed(f"usr/bin/python{MINOR}")}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(verified: Verify, name: str) -> None:
    check, code, faults = FAULTS[name]
    outcome = verified(check, faults=faults)
    found = [finding for finding in outcome.findings if finding.code == code]
    assert found, [one.message for one in outcome.findings]
    assert found[0].severity == "error", found
    assert not outcome.passed


def test_the_untouched_image_is_clean(verified: Verify, whole_world: World) -> None:
    outcome = verified()
    assert [finding for finding in outcome.findings if finding.severity == "error"] == []
    assert outcome.passed
    assert [check.skipped for check in outcome.checks] == [""] * len(outcome.checks)
    assert [(probe.name, probe.ok) for probe in outcome.probes] == [("ends well", True)]
    assert outcome.python == platform.python_version()


def test_a_harmless_layer_plants_no_finding(verified: Verify) -> None:
    outcome = verified(faults={"app/notes.txt": b"as it was\n", f"{SITE}/pretend_lib/inner.py": CLEAN})
    assert outcome.passed, outcome.findings


def test_what_the_lock_excludes_is_found(verified: Verify, whole_world: World) -> None:
    from contextlib import ExitStack

    from lightship.flows.verify_project import ProjectSides
    from lightship.progress import SILENT

    with ExitStack() as stack:
        sides = ProjectSides(
            directory=whole_world.project, options=whole_world.options(), environ=whole_world.environment, jobs=1,
            cache=whole_world.cache, progress=SILENT, stack=stack, temporary=whole_world.home / "plain",
        )  # fmt: skip
        (whole_world.home / "plain").mkdir(exist_ok=True)
        excluded = verified("markers", faults=distribution(EXCLUDED), sides=sides)
        lost = {**removed(f"{SITE}/pretend_late"), **removed(f"{SITE}/pretend_late-1.0.dist-info")}
        missing = verified("markers", "imports", faults=lost, sides=sides)
        good = verified("markers", "imports", "metadata", sides=sides)
    assert [(one.code, one.severity) for one in excluded.findings] == [("lock-excluded", "error")]
    assert {"lock-missing", "module-missing", "import-failed"} <= {one.code for one in missing.findings}
    assert all("plainly" in one.message for one in missing.findings if one.code == "import-failed")
    assert good.passed, good.findings
    assert "plain" not in str(good.findings), "nothing failed, so nothing was unpacked"


def test_what_the_start_downloads_is_told_with_the_code_that_asks(verified: Verify) -> None:
    code = b"import socket\ndef fetch():\n    socket.getaddrinfo('models.invalid', 443)\nfetch()\n"
    outcome = verified("offline", faults=edited(f"{SITE}/pretend_shared/__init__.py", b"OWNER = 1\n" + code))
    asked = [finding for finding in outcome.findings if finding.code == "network-asked"]
    assert len(asked) == 1
    assert asked[0].severity == "error", "the start fails for want of it"
    assert asked[0].location == f"/{SITE}/pretend_shared/__init__.py:4"
    assert "models.invalid (port 443)" in asked[0].message
    assert "called from /app/app.py:2" in asked[0].message


def test_a_download_that_is_not_missed_is_no_error(verified: Verify) -> None:
    code = b"import socket\ntry:\n    socket.create_connection(('huggingface.co', 443))\nexcept OSError:\n    pass\n"
    outcome = verified("offline", faults=edited(f"{SITE}/pretend_shared/__init__.py", b"OWNER = 1\n" + code))
    assert [(one.code, one.severity) for one in outcome.findings] == [("network-asked", "warning")]
    assert "Hugging Face" in outcome.findings[0].message
    assert outcome.findings[0].fix is not None
    assert "HF_HUB_OFFLINE" in outcome.findings[0].fix
    assert outcome.passed


def test_where_an_image_downloads_from_is_told_though_its_environment_names_it(
    verified: Verify, whole_world: World
) -> None:
    code = b"import socket\ntry:\n    socket.create_connection(('huggingface.co', 443))\nexcept OSError:\n    pass\n"
    code += b"try:\n    socket.create_connection(('db.internal', 5432))\nexcept OSError:\n    pass\n"
    with open_image(locate(f"oci:{whole_world.home / 'out'}")) as image:
        env = config_of(image).runtime.env
    outcome = verified(
        "offline",
        faults=edited(f"{SITE}/pretend_shared/__init__.py", b"OWNER = 1\n" + code),
        runtime={"Env": [*env, "HF_ENDPOINT=https://huggingface.co", "DB=db.internal:5432"]},
    )
    assert [(one.code, one.severity) for one in outcome.findings] == [("network-asked", "warning")]
    assert "huggingface.co" in outcome.findings[0].message


def test_services_on_loopback_are_given_and_the_rest_is_refused(verified: Verify) -> None:
    code = (
        b"import os, socket\nsocket.create_connection(('127.0.0.1', int(os.environ['SERVICE'])), 5).close()\n"
        b"try:\n    socket.getaddrinfo('us.i.posthog.com', 443)\nexcept OSError:\n    pass\n"
    )
    faults = edited(f"{SITE}/pretend_shared/__init__.py", b"OWNER = 1\n" + code)
    with socket.create_server(("127.0.0.1", 0)) as service:
        given = LaunchOptions(env={"SERVICE": str(service.getsockname()[1])})
        # without the service the start itself would fail
        outcome = verified("offline", faults=faults, launch=given)
    assert [(one.code, one.severity) for one in outcome.findings] == [("network-asked", "warning")], outcome.findings
    assert "telemetry" in outcome.findings[0].message
    assert outcome.passed


def test_a_python_that_takes_no_hook_is_told(verified: Verify) -> None:
    outcome = verified("offline", runtime={"Entrypoint": ["python", "-I", "-c", "pass"]})
    assert [(one.code, one.severity) for one in outcome.findings] == [("network-unseen", "note")]
