"""Messages to the user. The host prefixes each with the part's name."""

from __future__ import annotations

from wit_world.imports import log as _wit


def debug(message: str) -> None:
    """Logs a message for the recipe's author."""
    _wit.message(_wit.Level.DEBUG, message)


def info(message: str) -> None:
    """Logs what the recipe is doing."""
    _wit.message(_wit.Level.INFO, message)


def warning(message: str) -> None:
    """Logs something to check, although the part can be made."""
    _wit.message(_wit.Level.WARNING, message)


def error(message: str) -> None:
    """Logs why the part cannot be made."""
    _wit.message(_wit.Level.ERROR, message)


def critical(message: str) -> None:
    """Logs an error that affects more than this part."""
    _wit.message(_wit.Level.CRITICAL, message)


def message_from(name: str, level: _wit.Level, message: str) -> None:
    """Logs a message with this prefix instead of the part's name."""
    _wit.message_from(name, level, message)


def threshold() -> int:
    """The lowest level that is shown, as a number of Python's `logging`: 10 is debug, 20 info, 30 warning, 40 error."""
    return _wit.threshold()


def activity(text: str) -> None:
    """Reports in a few words what the recipe is doing now, for the live lines on a terminal. Example: `configure`."""
    _wit.activity(text)
