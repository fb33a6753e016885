"""`tempfile` in the part's own temporary directory, which its commands see under the same name."""

from __future__ import annotations

import os
import tempfile

from componentize_py_types import Err
from wit_world.imports import paths as wit


def _directory() -> str:
    try:
        return wit.temporary_directory()
    except Err as error:
        raise PermissionError(f"there is no temporary directory in this call ({type(error.value).__name__})") from None


def install() -> None:
    """Makes `tempfile` ask the host for the directory when it is first needed in a call."""
    tempfile._get_default_tempdir = lambda dirlist=None: _directory()


def begin() -> None:
    """Forgets the directory of the call before, which may have been another part's."""
    tempfile.tempdir = None


def file(suffix: str = "") -> str:
    """The path of a new, empty temporary file."""
    handle, path = tempfile.mkstemp(suffix)
    os.close(handle)
    return path
