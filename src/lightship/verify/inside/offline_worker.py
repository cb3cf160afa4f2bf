"""Starts the application, waits until it is ready, and ends it: from inside, where its loopback is. Python 3.8+.

Started as ``python offline_worker.py REQUEST RESULT``, both paths of JSON files. The request is ``{"argv": […],
"env": {…}, "url": "http://…" or null, "timeout_s": 60, "alive_s": 3}``.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO, Any, Dict, List, Optional
from urllib.parse import urlsplit


def main() -> None:
    del sys.path[0]  # this file's own folder
    with open(sys.argv[1]) as stream:
        request = json.load(stream)
    lines: List[str] = []
    began = time.monotonic()
    child = subprocess.Popen(
        request["argv"],
        env=dict(os.environ, **request["env"]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    drain = threading.Thread(target=drained, args=(child.stdout, lines), daemon=True)
    drain.start()
    ready = wait(child, request, began)
    seconds = time.monotonic() - began
    status = child.poll()
    end(child)
    drain.join(2)
    with open(sys.argv[2], "w") as stream:
        json.dump({"ready": ready, "status": status, "seconds": seconds, "tail": lines[-15:]}, stream)


def wait(child: "subprocess.Popen[bytes]", request: Dict[str, Any], began: float) -> bool:
    if request["url"] is None:
        try:
            return bool(child.wait(request["alive_s"]) == 0)
        except subprocess.TimeoutExpired:
            return True
    while time.monotonic() - began < request["timeout_s"]:
        if child.poll() is not None:
            return False
        if answers(request["url"]):
            return True
        time.sleep(0.1)
    return False


def answers(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        if parts.scheme == "https":
            import ssl

            # an application under test signs its own certificate; what is asked is whether it answers
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            secure = http.client.HTTPSConnection(host, parts.port, timeout=10, context=context)
            connection: http.client.HTTPConnection = secure
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=10)
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        connection.request("GET", path, headers={"Host": parts.netloc.rpartition("@")[2]})
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False


def drained(stream: Optional[IO[bytes]], lines: List[str]) -> None:
    for line in stream or ():
        lines.append(line.decode("utf-8", "replace").rstrip()[:2000])
        del lines[:-50]


def end(child: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except OSError:
            return
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    main()
