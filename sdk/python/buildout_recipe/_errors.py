"""How a recipe fails, and how the host is told."""

from __future__ import annotations

import re
from types import TracebackType

from componentize_py_types import Err
from wit_world.imports import types as wit

from . import log


class RecipeError(Exception):
    """What all errors of this package have in common. `user` is whether it is the user's mistake."""

    user = False


class UserError(RecipeError):
    """A mistake of the user: printed as `Error: <message>`, without a traceback. Log what helps to correct it before."""

    user = True


class Fault(RecipeError):
    """Something did not work that should have. Any other exception counts as this, too."""


class OptionError(RecipeError):
    """An option that could not be read or set.

    `reason` is `unknown-section`, `unknown-option`, `cycle`, `failed`, `limit`, `after-init`, `invalid-name` or another
    word. Uncaught, the host prints what it knows about it: the place in the configuration, the cause, the advice.
    """

    def __init__(self, message: str, reason: str, lookup: wit.LookupError | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self._lookup = lookup


def kebab(case: object) -> str:
    """The name of a variant's case as WIT writes it: `PathError_NotInstalling` is `not-installing`."""
    name = type(case).__name__.rpartition("_")[2]
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def lookup_error(error: Err[wit.LookupError]) -> OptionError:
    """What the host says of an option that it could not read."""
    lookup = error.value
    reason = lookup.reason.value.code if isinstance(lookup.reason, wit.LookupReason_Other) else kebab(lookup.reason)
    return OptionError(lookup.message, reason, lookup)


_sources: dict[str, list[str]] = {}


def remember_source(path: str) -> None:
    """Keeps the lines of a file while the component is built: they cannot be read when it runs."""
    if path not in _sources:
        try:
            with open(path, encoding="utf-8") as file:
                _sources[path] = file.read().splitlines()
        except OSError:
            _sources[path] = []


def author_path(path: str) -> str | None:
    """The path of a file of the author's, from the project's directory; none for those of this package or of Python."""
    # componentize-py gives each directory of its search path a number: `.` is the first.
    return path.removeprefix("/0/") if path.startswith("/0/") else None


def _frames(traceback: TracebackType | None) -> list[tuple[str, int, str, str]]:
    """The author's lines that an exception went through, outermost first: file, line, function, text."""
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
    """The exception with the author's lines that it went through, innermost first, and what caused it."""
    text = _name(error)
    for path, number, function, line in reversed(_frames(error.__traceback__)):
        text += f"\n  at {path}:{number} in {function}" + (f": {line}" if line else "")
    if error.__cause__ is not None:
        return f"{text}\nCaused by: {_trace(error.__cause__)}"
    if error.__context__ is not None and not error.__suppress_context__:
        return f"{text}\nWhile dealing with: {_trace(error.__context__)}"
    return text


def _name(error: BaseException) -> str:
    message = str(error)
    name = "" if isinstance(error, RecipeError) else type(error).__name__
    return ": ".join(part for part in (name, message) if part) or type(error).__name__


def failure(error: BaseException) -> wit.Failure:
    """What the host is told of an exception that the recipe did not catch."""
    if isinstance(error, OptionError) and error._lookup is not None:
        return wit.Failure_Lookup(error._lookup)
    if isinstance(error, RecipeError) and error.user:
        return wit.Failure_UserError(str(error))
    if isinstance(error, ModuleNotFoundError):
        log.error("A recipe has only the modules that it imported when it was built: import them at the file's top.")
    frames = _frames(error.__traceback__)
    place = f" ({frames[-1][0]}:{frames[-1][1]})" if frames else ""
    log.error(_trace(error))
    return wit.Failure_Fault(_name(error) + place)
