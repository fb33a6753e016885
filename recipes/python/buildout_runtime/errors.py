"""From an exception that a program did not catch to a failure that the host understands.

The lines that count are the author's: those of this runtime and of Python's library are left out.
"""

from __future__ import annotations

import argparse
import linecache
import logging
import os
import traceback
from types import TracebackType

import packaging
import zc.buildout
from wit_world.imports import types as wit

from .diagnosis import diagnose
from .unavailable import Unavailable

_log = logging.getLogger(__name__)

# Where modules lay while the component was built: none of them is the author's.
_OWN = tuple(
    os.path.join(directory, "")
    for directory in (
        os.path.dirname(argparse.__file__),
        os.path.dirname(os.path.dirname(__file__)),
        os.path.dirname(packaging.__path__[0]),
    )
)


def failure(error: BaseException) -> wit.Failure:
    """The failure to return to the host."""
    lookup = getattr(error, "lookup", None)
    if lookup is not None:
        return wit.Failure_Lookup(lookup)
    if isinstance(error, zc.buildout.UserError):
        return wit.Failure_UserError(str(error))
    if isinstance(error, SystemExit):
        return wit.Failure_UserError(_exit_message(error))
    # It reads the files of the frames, which is refused for those of this runtime: they do not exist.
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug("%s", "".join(traceback.format_exception(error)).rstrip())
    return wit.Failure_Explained(_explained(error))


def _exit_message(error: SystemExit) -> str:
    if isinstance(error.code, str):
        return error.code
    return f"The recipe or extension asked to end the run (sys.exit({error.code if error.code is not None else ''}))"


def _explained(error: BaseException) -> wit.ExplainedFailure:
    found = diagnose(error)
    message = found.message if found else _message(error)
    hints = list(found.hints if found else error.hints if isinstance(error, Unavailable) else ())
    return wit.ExplainedFailure(False, message, found.code if found else None, _trace(error), hints)


def _message(error: BaseException) -> str:
    text = str(error)
    name = "" if isinstance(error, Unavailable) and text else type(error).__name__
    said = ": ".join(part for part in (name, text) if part)
    return f"{said} (caused by {_message(error.__cause__)})" if error.__cause__ is not None else said


def _trace(error: BaseException) -> list[wit.TraceLine]:
    lines = _lines(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        lines.append(wit.TraceLine(error.filename, error.lineno, "", (error.text or "").strip()))
    return lines


def _lines(frame: TracebackType | None) -> list[wit.TraceLine]:
    lines = []
    while frame is not None:
        code = frame.tb_frame.f_code
        if is_author_file(code.co_filename):
            text = linecache.getline(code.co_filename, frame.tb_lineno, frame.tb_frame.f_globals).strip()
            function = "" if code.co_name == "<module>" else code.co_qualname
            lines.append(wit.TraceLine(code.co_filename, frame.tb_lineno, function, text))
        frame = frame.tb_next
    return lines


def is_author_file(path: str) -> bool:
    """Whether a file is one that a program brought."""
    return os.path.isabs(path) and not path.startswith(_OWN)
