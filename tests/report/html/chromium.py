"""A headless Chromium over the pipe of its DevTools protocol: no port, no WebSocket, no driver.

https://chromedevtools.github.io/devtools-protocol/ (1.3); with ``--remote-debugging-pipe`` it reads messages from file
descriptor 3 and writes to 4, each ended by a NUL.
"""

import base64
import fcntl
import itertools
import json
import os
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Browser", "Page"]

_PATIENCE_S = 60.0
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-pipe",
)  # fmt: skip

# Resolves to the point to click once the element stands still and nothing lies over it; to a sentence if it never does.
_STEADY = """(async () => {{
  const give = () => {expression}, until = Date.now() + {patience_ms};
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let before = "", why = "there is no such element";
  for (; Date.now() < until; await frame()) {{
    const it = give();
    if (!it) continue;
    it.scrollIntoView({{ block: "center", behavior: "instant" }});
    const {{ x, y, width, height }} = it.getBoundingClientRect(), now = [x, y, width, height].join();
    const point = [x + width / 2, y + Math.min(height / 2, 9)], top = document.elementFromPoint(...point);
    const isStill = now === before, isThere = top && [it, ...it.labels ?? []].some((own) => own.contains(top));
    if (isStill && isThere) return point;
    [before, why] = [now, isThere ? "it moves" : `over it lies ${{top?.outerHTML.slice(0, 200)}}`];
  }}
  return why;
}})()"""

Message = dict[str, object]


class Browser:
    """One browser with its own empty profile in ``folder``; ended with the block it is the context of."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._ids = itertools.count(1)
        self._buffer = b""
        self.events: list[Message] = []

    def __enter__(self) -> Self:
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        # Out of the way first: 3 or 4 may be one of the four.
        theirs = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (to_read, to_write)]
        self._to, old_to = fcntl.fcntl(self._to, fcntl.F_DUPFD_CLOEXEC, 10), self._to
        self._from, old_from = fcntl.fcntl(self._from, fcntl.F_DUPFD_CLOEXEC, 10), self._from
        for each in (to_read, to_write, old_to, old_from):
            os.close(each)
        quiet = os.open(os.devnull, os.O_RDWR)
        actions = [
            *((os.POSIX_SPAWN_DUP2, quiet, number) for number in (0, 1, 2)),
            (os.POSIX_SPAWN_DUP2, theirs[0], 3),
            (os.POSIX_SPAWN_DUP2, theirs[1], 4),
            *((os.POSIX_SPAWN_CLOSE, each) for each in theirs),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        arguments = [self._program, *_OPTIONS, f"--user-data-dir={self._folder}", "about:blank"]
        self._pid = os.posix_spawn(self._program, arguments, environment, file_actions=actions, setsid=True)
        for each in (*theirs, quiet):
            os.close(each)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._to)
        os.close(self._from)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def call(self, method: str, session: str | None = None, **parameters: object) -> Message:
        """The result of ``method``; what the browser says meanwhile is appended to ``events``."""
        number = next(self._ids)
        message: Message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result = answer["result"]
                assert isinstance(result, dict)
                return result
            self.events.append(answer)

    def _read(self) -> Message:
        until = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from], [], [], max(until - time.monotonic(), 0.0))
            assert ready, "the browser does not answer"
            more = os.read(self._from, 1 << 20)
            assert more, "the browser has ended"
            self._buffer += more
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        assert isinstance(message, dict)
        return message


class Page:
    """One page of ``browser``. ``errors`` are what its console and its scripts complained of."""

    def __init__(self, browser: Browser, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = str(browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        self._call("Emulation.setEmulatedMedia", features=[scheme, calm])

    def open(self, url: str) -> None:
        """Go to ``url`` and wait for its load event."""
        self._call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def show(self) -> None:
        """As the tab in front: one behind another draws nothing, and what waits for a frame waits for ever."""
        self._call("Page.bringToFront")

    def forget(self) -> None:
        """From here on everything is asked for again: nothing comes out of the browser's cache."""
        self._call("Network.setCacheDisabled", cacheDisabled=True)

    def wait(self, expression: str) -> None:
        """Until ``expression`` is true."""
        until = time.monotonic() + _PATIENCE_S
        while not self.ask(f"Boolean({expression})"):
            assert time.monotonic() < until, f"never true: {expression}"
            time.sleep(0.02)

    def ask(self, expression: str) -> object:
        """The value of a JavaScript expression, of a promise once it is settled."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        result = found["result"]
        assert isinstance(result, dict)
        return result.get("value")

    def click(self, expression: str) -> None:
        """With the mouse, on the element that ``expression`` gives, scrolled into view; near its upper edge, where a
        large one has its name and not yet what it holds. Waits until it stands still and nothing lies over it."""
        point = self.ask(_STEADY.format(expression=expression, patience_ms=int(_PATIENCE_S * 500)))
        assert isinstance(point, list), f"cannot be clicked, {point}: {expression}"
        x, y = point
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            more: Mapping[str, object] = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def press(self, key: str) -> None:
        """A key such as ``Enter``, ``Escape``, ``ArrowDown``, ``Tab``, where the focus is."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        named: Mapping[str, object] = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self._call("Input.dispatchKeyEvent", type="keyDown", **named, **({"text": "\r"} if key == "Enter" else {}))
        self._call("Input.dispatchKeyEvent", type="keyUp", **named)

    def write(self, text: str) -> None:
        """Type ``text`` where the focus is, which has to be something that takes text."""
        self.wait("document.activeElement.matches('input, textarea')")
        self._call("Input.insertText", text=text)
        assert text in str(self.ask("document.activeElement.value"))

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """What is seen, as PNG; of the ``whole`` page, below the fold too."""
        made = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(str(made["data"])))

    def accessible_names(self) -> list[object]:
        """What a screen reader is told that things are called, in the order of the page."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        assert isinstance(nodes, list)
        return [node["name"]["value"] for node in nodes if "name" in node and not node["ignored"]]

    @property
    def errors(self) -> list[Message]:
        """Exceptions, what the console was told as an error, and what the log has of policies and requests."""
        return [event for event in self._events() if _is_error(event)]

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for."""
        sent = [event["params"] for event in self._events() if event["method"] == "Network.requestWillBeSent"]
        return [str(each["request"]["url"]) for each in sent if isinstance(each, dict)]

    def _events(self) -> list[Message]:
        self.ask("1")  # what was said before the answer is read with it
        return [event for event in self._browser.events if event.get("sessionId") == self._session]

    def _call(self, method: str, **parameters: object) -> Message:
        return self._browser.call(method, self._session, **parameters)


def _is_error(event: Message) -> bool:
    parameters = event["params"]
    assert isinstance(parameters, dict)
    if event["method"] == "Runtime.consoleAPICalled":
        return parameters["type"] in ("error", "warning", "assert")
    if event["method"] == "Log.entryAdded":
        return parameters["entry"]["level"] in ("error", "warning")
    return event["method"] == "Runtime.exceptionThrown"
