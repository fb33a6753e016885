"""Messages to the person who runs the buildout; the part's name goes before each."""

from __future__ import annotations

from wit_world.imports import log as _wit


def debug(message: str) -> None:
    """Logs for the recipe's author."""
    _wit.message(_wit.Level.DEBUG, message)


def info(message: str) -> None:
    """Logs what is being done."""
    _wit.message(_wit.Level.INFO, message)


def warning(message: str) -> None:
    """Logs something that should be looked at, though the part is made."""
    _wit.message(_wit.Level.WARNING, message)


def error(message: str) -> None:
    """Logs why the part cannot be made."""
    _wit.message(_wit.Level.ERROR, message)


def critical(message: str) -> None:
    """Logs what concerns more than this part."""
    _wit.message(_wit.Level.CRITICAL, message)


def activity(text: str) -> None:
    """Says in a few words what the recipe is doing now, for the live display of a terminal. Example: `configure`."""
    _wit.activity(text)
