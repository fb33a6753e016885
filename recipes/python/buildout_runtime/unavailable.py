"""Errors for what a program asks of Python and this runtime does not have. Knows nothing of how they are reported."""

from __future__ import annotations


class Unavailable(Exception):
    """Something that is not available here. `code` is a name that the host can compare, `hints` says what can be done."""

    code: str | None = None

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.hints = hints


class ThreadUnavailable(Unavailable, RuntimeError):
    """A program waits for another thread, or for another process of Python. There is none."""

    code = "thread"


class NativeModuleUnavailable(Unavailable, ImportError):
    """A module that is compiled to machine code was used."""

    code = "native-module"


class Python2Source(Unavailable, SyntaxError):
    """A file was written for Python 2."""

    code = "python-2"

    def __init__(self, message: str, place: tuple[str, int, int | None, str | None]) -> None:
        SyntaxError.__init__(self, message, place)
        self.hints = ()
