"""Imports modules and loads entry points, one after the other, and tells which fail. Standard library only, 3.8+.

Started as ``python trials_worker.py REQUEST RESULT``, both paths of JSON files. The request is
``{"trials": ["module", "module:attribute", …], "limit_s": 60, "together": true}``.

Trials share a process, since most of what they import is the same; one that fails is tried again in a fork of its own,
so that what an earlier one did is not held against it. A fork that dies or hangs costs its trial only.
"""

import importlib
import json
import os
import select
import signal
import sys
import time
import warnings
from typing import Any, Dict, List, Optional

MOST_BYTES = 1 << 30
"""A process that has grown past this is replaced by a fresh one."""


def main() -> None:
    del sys.path[0]  # this file's own folder
    with open(sys.argv[1]) as stream:
        request = json.load(stream)
    trials, limit_s = request["trials"], request["limit_s"]
    failed = rounds(trials, limit_s, together=request["together"])
    if request["together"]:
        # a module that is nowhere is missing for whoever comes alone, too
        doubtful = sorted(trial for trial, told in failed.items() if told["kind"] != "ModuleNotFoundError")
        alone = rounds(doubtful, limit_s, together=False)
        failed = {
            trial: alone.get(trial, told) for trial, told in failed.items() if trial in alone or trial not in doubtful
        }
    with open(sys.argv[2], "w") as stream:
        json.dump({"failed": failed}, stream)


def rounds(trials: List[str], limit_s: float, together: bool) -> Dict[str, Any]:
    """Failures by trial."""
    failed: Dict[str, Any] = {}
    waiting = list(trials)
    while waiting:
        group = waiting if together else waiting[:1]
        done = one_process(group, limit_s, failed)
        waiting = waiting[max(1, done) :]
    return failed


def one_process(trials: List[str], limit_s: float, failed: Dict[str, Any]) -> int:
    """How many of ``trials`` one process got through, the last of them perhaps dead or stuck."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.setsid()
            serve(trials, writing)
        finally:
            os._exit(0)
    os.close(writing)
    done, began, text, stuck = 0, time.monotonic(), b"", False
    while done < len(trials):
        left = began + limit_s - time.monotonic()
        ready = select.select([reading], [], [], max(0, left))[0]
        if not ready:
            stuck = True
            break
        chunk = os.read(reading, 65536)
        if not chunk:
            break
        text += chunk
        while b"\n" in text:
            line, _, text = text.partition(b"\n")
            answer = json.loads(line.decode())
            if answer is not None:
                failed[trials[done]] = answer
            done, began = done + 1, time.monotonic()
    os.close(reading)
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        pass
    status = os.waitpid(child, 0)[1]
    if stuck:
        failed[trials[done]] = {"kind": "Hangs", "message": "not done after %g s" % limit_s}
        return done + 1
    if done < len(trials) and not text.startswith(b"full"):
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL
        how = "signal %d" % os.WTERMSIG(status) if killed else "it ended the process"
        failed[trials[done]] = {"kind": "Crash", "message": how}
        return done + 1
    return done


def serve(trials: List[str], writing: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    warnings.simplefilter("ignore")
    for number, trial in enumerate(trials):
        answer = attempt(trial)
        os.write(writing, json.dumps(answer).encode() + b"\n")
        if number + 1 < len(trials) and resident() > MOST_BYTES:
            os.write(writing, b"full")
            return


def attempt(trial: str) -> Optional[Dict[str, Any]]:
    """None, or what went wrong."""
    name, _, attribute = trial.partition(":")
    try:
        found = imported(name)
        for part in filter(None, attribute.split(".")):
            if not hasattr(found, part) and hasattr(found, "__path__"):
                importlib.import_module(found.__name__ + "." + part)
            found = getattr(found, part)
    except BaseException as error:
        return told(error)
    return None


def imported(name: str) -> Any:
    """The module, or the attribute that is written like one: several groups of entry points have such."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        parent, _, last = name.rpartition(".")
        if error.name != name or not parent:
            raise
        module = importlib.import_module(parent)
        if not hasattr(module, last):
            raise
        return getattr(module, last)


def told(error: BaseException) -> Dict[str, Any]:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code if place is not None else None
    filename = getattr(error, "filename", None)
    return {
        "kind": type(error).__name__,
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "message": str(error)[:2000],
        "name": str(getattr(error, "name", None) or ""),
        "filename": filename if isinstance(filename, str) else "",
        "where": "%s:%d" % (code.co_filename, place.tb_lineno) if code is not None and place is not None else "",
    }


def resident() -> int:
    try:
        with open("/proc/self/statm") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main()
