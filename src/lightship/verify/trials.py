"""What importing every module and loading every entry point gives, in the image and, where it fails, plainly.

Only what fails in the image is tried on the plain side: the same wheels, installed by another installer, are shown in
the place of the image's packages, so that base, interpreter and user are the same and only the packages differ.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lightship.sandbox.protocol import Bind
from lightship.verify.inside_runner import Inside
from lightship.verify.interpreter import PythonFacts

__all__ = ["LIMIT_S", "Failure", "Trials"]

LIMIT_S = 90.0
"""How long one import may take; the largest of Dify's 376 modules takes 7 s on a busy machine (measured 2026-11)."""

_MOST_CHARACTERS = 2000
_MOST_KINDS = 100

_Binds = Callable[[], Sequence[Bind] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why one trial failed. ``kinds`` are the exception's class and its bases; a process that died is ``Crash``, one
    that was not done in time ``Hangs``. ``name`` and ``filename`` are what the exception holds, ``where`` is
    ``file:line``."""

    trial: str
    kinds: tuple[str, ...]
    message: str
    name: str = ""
    filename: str = ""
    where: str = ""

    @property
    def said(self) -> str:
        """One line: the class and what it says."""
        text = " ".join(self.message.split())
        return f"{self.kinds[0]}: {text[:300]}" if text else self.kinds[0]


@dataclass(kw_only=True)
class Trials:
    """``failed`` by trial. A trial is ``module`` or ``module:attribute``."""

    wanted: tuple[str, ...]
    failed: Mapping[str, Failure] = field(default_factory=dict)
    again: Callable[[], Mapping[str, Failure] | None] = lambda: None

    @classmethod
    def of(cls, inside: Inside | None, python: PythonFacts | None, wanted: tuple[str, ...], plain: _Binds) -> "Trials":
        """Try ``wanted`` in the image; ``plain`` gives what the plain side sees, and is asked when something fails."""
        if inside is None or python is None:
            return cls(wanted=())
        runner, executable = inside, python.executable
        failed = _run(runner, executable, wanted, (), together=True)

        def again() -> Mapping[str, Failure] | None:
            binds = plain() if failed else None
            return None if binds is None else _run(runner, executable, tuple(failed), binds, together=False)

        return cls(wanted=wanted, failed=failed, again=again)

    @functools.cached_property
    def plain_failed(self) -> Mapping[str, Failure] | None:
        """What of `failed` fails plainly too; None where no plain side can be made."""
        return self.again()


def _run(
    inside: Inside, python: str, wanted: tuple[str, ...], binds: Sequence[Bind], *, together: bool
) -> dict[str, Failure]:
    if not wanted:
        return {}
    request = {"trials": list(wanted), "limit_s": LIMIT_S, "together": together}
    limit_s = 120 + LIMIT_S * 4 + 4.0 * len(wanted)
    return inside.run("trials_worker.py", python, request, timeout_s=limit_s, binds=binds, parse=_failures)


def _failures(said: Any) -> dict[str, Failure]:
    return {str(trial): _failure(str(trial), told) for trial, told in said["failed"].items()}


def _failure(trial: str, told: Mapping[str, Any]) -> Failure:
    """Shortened here, whatever the worker says that it does: what searches in these takes long over long ones."""
    return Failure(
        trial=trial,
        kinds=tuple(str(kind)[:_MOST_CHARACTERS] for kind in (told.get("kinds") or (told["kind"],))[:_MOST_KINDS]),
        message=str(told.get("message", ""))[:_MOST_CHARACTERS],
        name=str(told.get("name", ""))[:_MOST_CHARACTERS],
        filename=str(told.get("filename", ""))[:_MOST_CHARACTERS],
        where=str(told.get("where", ""))[:_MOST_CHARACTERS],
    )
