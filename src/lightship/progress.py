"""How long work reports that it goes on. Only ``cli`` draws; everything else calls a `Progress`."""

from typing import Protocol

__all__ = ["SILENT", "Progress", "Silent"]


class Progress(Protocol):
    """What a library may say while it works. Calls are cheap and may come from any thread."""

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:
        """Begin ``task`` (its name is its key); ``total`` in ``unit`` ("B", "wheels", …), None when unknown."""

    def advance(self, task: str, amount: int = 1) -> None:
        """``amount`` more of ``task`` is done."""

    def finish(self, task: str) -> None:
        """``task`` is done."""

    def note(self, message: str) -> None:
        """One sentence the user should see that is no error: a warning, a choice that was made."""


class Silent:
    """A Progress that says nothing."""

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None: ...
    def advance(self, task: str, amount: int = 1) -> None: ...
    def finish(self, task: str) -> None: ...
    def note(self, message: str) -> None: ...


SILENT: Progress = Silent()
