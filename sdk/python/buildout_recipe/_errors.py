"""Errors of recipes, and how they are reported to the host."""

from __future__ import annotations

import re
from types import TracebackType

from componentize_py_types import Err
from wit_world.imports import types as wit

from . import log


class RecipeError(Exception):
    """The base class of all errors of this package. `user` is true for user errors."""

    user = False
    hints: tuple[str, ...] = ()

    def hint(self, text: str) -> "RecipeError":
        """Adds what the user can do, in one sentence: `raise UserError("no compiler").hint("Install gcc.")`."""
        self.hints = (*self.hints, text)
        return self


class UserError(RecipeError):
    """A user error, printed as `Error: <message>`, without a traceback. Log details that help to correct it before."""

    user = True


class Fault(RecipeError):
    """A failure of the recipe or its environment. Any other exception is treated in the same way."""


class OptionError(RecipeError):
    """An option that could not be read or set.

    `reason` is `unknown-section`, `unknown-option`, `cycle`, `failed`, `limit`, `after-init`, `invalid-name` or another
    word. If it is not caught, the host prints its place in the configuration, its cause, and hints.
    """

    def __init__(self, message: str, reason: str, lookup: wit.LookupError | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self._lookup = lookup


def kebab(case: object) -> str:
    """The WIT name of a variant's case: `not-installing` for `PathError_NotInstalling`."""
    name = type(case).__name__.rpartition("_")[2]
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def lookup_error(error: Err[wit.LookupError]) -> OptionError:
    """The error for an option that the host could not read."""
    lookup = error.value
    reason = lookup.reason.value.code if isinstance(lookup.reason, wit.LookupReason_Other) else kebab(lookup.reason)
    return OptionError(lookup.message, reason, lookup)


_sources: dict[str, list[str]] = {}


def remember_source(path: str) -> None:
    """Stores the lines of a file while the component is built, because it cannot read them when it runs."""
    if path not in _sources:
        try:
            with open(path, encoding="utf-8") as file:
                _sources[path] = file.read().splitlines()
        except OSError:
            _sources[path] = []


def author_path(path: str) -> str | None:
    """The path of the author's file relative to the project; none for files of this package or of Python."""
    # componentize-py numbers the directories of its search path. The first is `.`.
    return path.removeprefix("/0/") if path.startswith("/0/") else None


def _frames(traceback: TracebackType | None) -> list[tuple[str, int, str, str]]:
    """The author's frames in a traceback, outermost first: file, line, function, text."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        path = author_path(code.co_filename)
        if path is not None:
            lines = _sources.get(code.co_filename, [])
            number = traceback.tb_lineno
            text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
            frames.append((path, number, code.co_name, text))
        traceback = traceback.tb_next
    return frames


def _trace(error: BaseException) -> str:
    """The exception with the author's frames, innermost first, and its cause."""
    text = _name(error)
    for path, number, function, line in reversed(_frames(error.__traceback__)):
        text += f"\n  at {path}:{number} in {function}" + (f": {line}" if line else "")
    if error.__cause__ is not None:
        return f"{text}\nCaused by: {_trace(error.__cause__)}"
    if error.__context__ is not None and not error.__suppress_context__:
        return f"{text}\nWhile handling: {_trace(error.__context__)}"
    return text


def _name(error: BaseException) -> str:
    message = str(error)
    name = "" if isinstance(error, RecipeError) else type(error).__name__
    return ": ".join(part for part in (name, message) if part) or type(error).__name__


def failure(error: BaseException) -> wit.Failure:
    """The failure to report for an exception that the recipe did not catch."""
    if isinstance(error, OptionError) and error._lookup is not None:
        return wit.Failure_Lookup(error._lookup)
    if isinstance(error, RecipeError) and error.user:
        if error.hints:
            return wit.Failure_Explained(wit.ExplainedFailure(True, str(error), None, [], list(error.hints)))
        return wit.Failure_UserError(str(error))
    if isinstance(error, ModuleNotFoundError):
        log.error("A recipe can only use modules that were imported when it was built: import them at the top of the file.")
    frames = _frames(error.__traceback__)
    place = f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""
    log.error(_trace(error))
    return wit.Failure_Fault(_name(error) + place)
