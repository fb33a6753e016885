"""The paths that a recipe makes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from componentize_py_types import Err
from wit_world.imports import paths as wit

from ._errors import Fault, kebab

_MESSAGES = {
    "outside": "{path} is outside of what the part may own",
    "invalid": "{path!r} is not a path that can be used so",
    "not-installing": "{path} was used so outside of install and update",
    "limit": "more paths were named than the host allows",
}


def created(path: str) -> None:
    """Tells the host that the recipe is about to create `path`, so that it is removed if the call fails later on.

    Only for `install` and `update`; paths that are to stay are returned all the same.
    """
    try:
        wit.created(path)
    except Err as error:
        raise _fault(path, error) from None


def set_mode(path: str, mode: int) -> None:
    """Sets the permissions (such as `0o755`): `os.chmod` does nothing in a recipe, since WASI has no permissions."""
    try:
        wit.set_mode(path, mode)
    except Err as error:
        raise _fault(path, error) from None


@contextmanager
def lock(path: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Holds the lock of a file, for what several buildouts make at one place: `with lock(path): …`.

    The file must lie where the recipe may write, and is created where there is none. `waiting` is called once, if somebody
    else holds the lock.
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
