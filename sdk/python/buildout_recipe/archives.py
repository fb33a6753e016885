"""Unpacks archives that the recipe may read. For downloads, use `buildout_recipe.download`.

::

    from buildout_recipe import archives

    archives.unpack("/srv/buildout/sources/a-1.0.tar.gz", self.options.location, top_level="strip")

Paths are absolute, or relative to the buildout directory.
"""

from __future__ import annotations

from typing import Literal

from componentize_py_types import Err
from wit_world.imports import archives as _wit

from ._errors import RecipeError, kebab
from ._top_level import TOP_LEVELS


class ArchiveError(RecipeError):
    """An archive could not be unpacked.

    `reason` is `not-readable`, `unknown-format`, `bad-archive`, `invalid`, `limit` or another word.
    """

    def __init__(self, message: str, reason: str, user: bool) -> None:
        super().__init__(message)
        self.reason, self.user = reason, user


def unpack(
    archive: str, directory: str, top_level: Literal["keep", "strip", "strip-if-single"] = "keep"
) -> list[str]:
    """Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip, which includes wheels and eggs) to
    `directory`, which must not exist or be empty, completely or not at all. Returns the names in it.

    `strip` unpacks it without its top-level directory, which must be the only entry; `strip-if-single` does so if it is.
    """
    try:
        return _wit.unpack(archive, directory, TOP_LEVELS[top_level])
    except Err as error:
        raise _archive_error(error) from None


def decompress(compressed: str, file: str) -> int:
    """Decompresses a file (gzip, bzip2, xz or zstd) to `file`, which is replaced. Returns the number of bytes."""
    try:
        return _wit.decompress(compressed, file)
    except Err as error:
        raise _archive_error(error) from None


def _archive_error(error: Err[_wit.ArchiveError]) -> ArchiveError:
    if isinstance(error.value, _wit.ArchiveError_Other):
        return ArchiveError(error.value.value.message, error.value.value.code, user=False)
    return ArchiveError(error.value.value, kebab(error.value), user=True)
