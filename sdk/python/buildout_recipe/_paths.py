"""Paths that a recipe creates, permissions, links, a temporary directory, and locks."""

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
    "not-installing": "{path} cannot be used in this call",
    "missing": "{path} does not exist",
    "exists": "{path} exists",
    "limit": "the number of paths exceeds buildout-host's limit",
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


def look(path: str, follow: bool = True) -> wit.Status:
    """The status of a file or directory, with the mode and the owner that `os.stat` does not know in a recipe."""
    try:
        return wit.look(path, follow)
    except Err as error:
        raise _fault(path, error) from None


def access(path: str) -> wit.Permissions:
    """What the recipe and its commands may do with a path. Nothing if it does not exist."""
    return wit.access(path)


def make_link(target: str, path: str) -> None:
    """Creates a symbolic link with any target. `os.symlink` does not create links with an absolute target in a recipe."""
    try:
        wit.make_link(target, path)
    except Err as error:
        raise _fault(path, error) from None


def read_link(path: str) -> str:
    """The target of a symbolic link, also an absolute one."""
    try:
        return wit.read_link(path)
    except Err as error:
        raise _fault(path, error) from None


def temporary_directory() -> str:
    """The part's temporary directory. Its commands see it under the same path, and as `TMPDIR`. It is removed after the run."""
    try:
        return wit.temporary_directory()
    except Err as error:
        raise _fault("the temporary directory", error) from None


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
