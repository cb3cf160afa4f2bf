"""nginx sending what `lightship assets compress` made, against nginx compressing each answer: requests a second, CPU.

    python bench/assets_nginx.py DIR [--requests 3000] [--work DIR]

DIR is a folder of static files, such as the `dist` of a build. One after another, on a socket of their own: the written
configuration over sidecars; the same over `gzip-only`, asked by a client without gzip, so that nginx unpacks; and the
usual `gzip on` of levels 1 and 6 over plain files. One client asks for every script and style in turn. It is Python, so
that requests a second are at most what it can ask for; CPU is that of nginx's worker, counted in ticks of 10 ms.
"""

import argparse
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PLAIN = """\
server {{
    listen unix:{socket};
    root {root};
    gzip on;
    gzip_comp_level {level};
    gzip_min_length 1024;
    gzip_vary on;
    gzip_types text/css application/javascript;
    types {{ text/html html; text/css css; application/javascript js mjs; }}
}}
"""


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    bundle = options.bundle.resolve()
    paths = sorted(path.relative_to(bundle) for path in bundle.rglob("*") if path.suffix in (".js", ".css", ".mjs"))
    asked = list(itertools.islice(itertools.cycle(paths), options.requests))
    with tempfile.TemporaryDirectory(dir=options.work, prefix="assets-nginx-") as name:
        work = Path(name)
        for mode in ("sidecar", "gzip-only"):
            shutil.copytree(bundle, work / mode)
            _lightship(work, "compress", str(work / mode), "--mode", mode, "--level", "ci", "-q")
        configurations = {
            "sidecars, gzip": (_written(work, "sidecar"), "gzip"),
            "gzip-only, identity": (_written(work, "gzip-only"), "identity"),
            "on the fly, level 1": (_PLAIN.format(socket=work / "s", root=bundle, level=1), "gzip"),
            "on the fly, level 6": (_PLAIN.format(socket=work / "s", root=bundle, level=6), "gzip"),
        }
        for told, (text, encoding) in configurations.items():
            wall_s, cpu_s, received = _measure(work, text, asked, encoding)
            print(
                f"{told:20} {len(asked) / wall_s:8.0f} requests/s  {cpu_s / len(asked) * 1e3:8.3f} ms CPU a request"
                f"  {received / 1e6:8.2f} MB"
            )
    return 0


def _lightship(work: Path, *words: str) -> None:
    command = [sys.executable, "-m", "lightship", "assets", *words, "--cache-dir", str(work / "cache")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _written(work: Path, mode: str) -> str:
    _lightship(work, "nginx", str(work / mode), "--mode", mode, "-o", str(work / f"{mode}.conf"), "-q")
    return (work / f"{mode}.conf").read_text().replace("listen 8080;", f"listen unix:{work / 's'};")


def _measure(work: Path, text: str, asked: list[Path], encoding: str) -> tuple[float, float, int]:
    (work / "s").unlink(missing_ok=True)
    (work / "nginx.conf").write_text(
        ("user root;\n" if os.geteuid() == 0 else "")
        + f"daemon off;\nworker_processes 1;\npid {work}/pid;\nerror_log {work}/errors;\nevents {{}}\n"
        + f"http {{\naccess_log off;\nsendfile on;\nkeepalive_requests 1000000;\n{text}}}\n"
    )
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with subprocess.Popen([nginx, "-c", f"{work}/nginx.conf", "-p", str(work), "-e", f"{work}/errors"]) as process:
        try:
            client = _connected(work / "s", process)
            worker = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
            before, began = _cpu_s(worker), time.monotonic()
            received = sum(_ask(client, f"/{path}", encoding) for path in asked)
            return time.monotonic() - began, _cpu_s(worker) - before, received
        finally:
            process.send_signal(signal.SIGTERM)


def _connected(path: Path, process: "subprocess.Popen[bytes]") -> socket.socket:
    while process.poll() is None:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(os.fspath(path))
        except OSError:
            client.close()
            time.sleep(0.02)
        else:
            return client
    raise SystemExit("nginx did not start")


def _ask(client: socket.socket, path: str, encoding: str) -> int:
    """Bytes of one answer's body."""
    import http.client

    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {encoding}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(client)
    answer.begin()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return len(answer.read())


def _cpu_s(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
