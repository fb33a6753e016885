"""Paths that a recipe creates, permissions, and locks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from componentize_py_types import Err
from wit_world.imports import paths as wit

from ._errors import Fault, kebab

_MESSAGES = {
    "outside": "{path} is outside the directories that the part may own",
    "invalid": "{path!r} is not a valid path",
    "not-installing": "{path} was used outside install and update",
    "limit": "the number of paths exceeds the host's limit",
}


def created(path: str) -> None:
    """Announces that the recipe is about to create `path`. The host removes it if the call then fails.

    Only in `install` and `update`, which must still return the paths that belong to the part.
    """
    try:
        wit.created(path)
    except Err as error:
        raise _fault(path, error) from None


def set_mode(path: str, mode: int) -> None:
    """Sets the permissions (such as `0o755`). `os.chmod` does nothing in a recipe, because WASI has no permissions."""
    try:
        wit.set_mode(path, mode)
    except Err as error:
        raise _fault(path, error) from None


@contextmanager
def lock(path: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Locks a file, for a place that several buildouts write to: `with lock(path): …`.

    The recipe must be allowed to write to the file, which is created if it does not exist. `waiting` is called once if the
    lock is held elsewhere.
    """
    while (held := _try_lock(path)) is None:
        if waiting is not None:
            waiting()
            waiting = None
        time.sleep(0.1)
    with held:
        yield


def _try_lock(path: str) -> wit.Lock | None:
    try:
        return wit.try_lock(path)
    except Err as error:
        raise _fault(path, error) from None


def _fault(path: str, error: Err[wit.PathError]) -> Fault:
    if isinstance(error.value, wit.PathError_Other):
        return Fault(f"{path}: {error.value.value.message}")
    return Fault(_MESSAGES[kebab(error.value)].format(path=path))
