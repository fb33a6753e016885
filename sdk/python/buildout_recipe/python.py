"""The buildout's Python: the interpreter in `${buildout:executable}`, in which the recipe itself does not run.

::

    from buildout_recipe import python

    log.info(python.interpreter().executable)
"""

from __future__ import annotations

from typing import TypeAlias

from componentize_py_types import Err
from wit_world.imports import python as _wit

from ._errors import RecipeError, kebab

Interpreter: TypeAlias = _wit.Interpreter


class PythonError(RecipeError):
    """The buildout's Python is not available. `reason` is `missing`, `broken` or another word."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.user = reason in ("missing", "broken")


def interpreter() -> Interpreter:
    """The properties of the interpreter. The host asks it once, and stores its answer."""
    try:
        return _wit.describe_interpreter()
    except Err as error:
        raise _python_error(error) from None


def compatible_tags() -> list[str]:
    """The tags of the wheels that it supports, most preferred first."""
    try:
        return _wit.compatible_tags()
    except Err as error:
        raise _python_error(error) from None


def _python_error(error: Err[_wit.PythonError]) -> PythonError:
    if isinstance(error.value, _wit.PythonError_Other):
        return PythonError(error.value.value.message, error.value.value.code)
    return PythonError(error.value.value, kebab(error.value))
