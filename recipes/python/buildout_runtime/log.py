"""Python's `logging` over the host's log. Knows nothing of what is logged."""

from __future__ import annotations

import logging

from wit_world.imports import log as wit

_LEVELS = (
    (logging.CRITICAL, wit.Level.CRITICAL),
    (logging.ERROR, wit.Level.ERROR),
    (logging.WARNING, wit.Level.WARNING),
    (logging.INFO, wit.Level.INFO),
)


def level_of(number: int) -> wit.Level:
    """The host's level for a number of Python's."""
    return next((level for least, level in _LEVELS if number >= least), wit.Level.DEBUG)


class HostHandler(logging.Handler):
    """Hands each record to the host, under the name of its logger."""

    part = ""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text, level = self.format(record), level_of(record.levelno)
        except Exception:
            self.handleError(record)
            return
        name = record.name
        if name == self.part:
            wit.message(level, text)
        else:
            # zc.buildout's own messages are those of the tool.
            wit.message_from("buildout" if f"{name}.".startswith("zc.buildout.") else name, level, text)


_handler = HostHandler()


def install() -> None:
    """Sends what is logged to the host."""
    root = logging.getLogger()
    root.handlers[:] = [_handler]
    # A program that waits for no thread needs no name of it; `logging` would look it up for each record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def begin(part: str) -> None:
    """Prepares a call for this part: it logs under its own name, and nothing that is not shown is worked out."""
    _handler.part = part
    logging.getLogger().setLevel(wit.threshold())
