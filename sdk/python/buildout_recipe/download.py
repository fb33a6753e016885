"""Downloads files and unpacks archives.

::

    from buildout_recipe.download import Downloader

    with Downloader("https://example.com/") as downloader:
        archive = downloader.fetch("https://example.com/a-1.0.tar.gz", sha256="…")
        archive.unpack(self.options.location, top_level="strip")

A recipe needs the grant `fetch` for each URL (`buildout_recipe.grant.fetch`). A downloader can be used in the call that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Literal

from componentize_py_types import Err
from wit_world.imports import download as _wit
from wit_world.imports import types as _types

from ._errors import RecipeError, kebab
from ._top_level import TOP_LEVELS


class DownloadError(RecipeError):
    """A file could not be downloaded or used.

    `reason` is `not-granted`, `mismatch`, `status` (with `status`, the HTTP status code), `unavailable`, `bad-archive`,
    `invalid`, `limit` or another word.
    """

    def __init__(self, message: str, reason: str, user: bool, status: int | None = None) -> None:
        super().__init__(message)
        self.reason, self.user, self.status = reason, user, status


class Fetched:
    """A downloaded file in the host's cache."""

    def __init__(self, lent: _wit.Fetched) -> None:
        self._lent = lent

    @property
    def sha256(self) -> str:
        """Its SHA-256 digest, in hexadecimal digits."""
        return self._lent.sha256()

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self._lent.size()

    @property
    def address(self) -> str:
        """Its URL after redirects, without credentials."""
        return self._lent.address()

    @property
    def headers(self) -> dict[str, str]:
        """The response headers, with names in lower case. Empty if the file came from the cache."""
        return dict(self._lent.headers())

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes of it from `offset`."""
        try:
            return self._lent.read(offset, length)
        except Err as error:
            raise _download_error(error) from None

    def copy(self, path: str) -> None:
        """Copies it to the absolute path `path`. An existing file is replaced."""
        try:
            self._lent.copy(path)
        except Err as error:
            raise _download_error(error) from None

    def unpack(
        self, directory: str, top_level: Literal["keep", "strip", "strip-if-single"] = "keep"
    ) -> list[str]:
        """Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip) to the absolute path `directory`,
        which must not exist or be empty. Returns the names in it.

        `strip` unpacks it without its top-level directory, which must be the only entry; `strip-if-single` does so if it
        is.
        """
        try:
            return self._lent.unpack(directory, TOP_LEVELS[top_level])
        except Err as error:
            raise _download_error(error) from None


class Downloader:
    """Downloads files from URLs with these prefixes, or `*` for all."""

    def __init__(self, *addresses: str) -> None:
        try:
            self._lent = _wit.open(list(addresses))
        except Err as error:
            raise _download_error(error) from None

    def __enter__(self) -> Downloader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lent.__exit__(kind, error, traceback)

    def fetch(
        self,
        url: str,
        *,
        md5: str | None = None,
        sha256: str | None = None,
        sha512: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Downloads a file, or takes it from the cache. It must have the given digests. `headers` are added to the request.

        `url` is a URL (`http:`, `https:`, `file:`), or a path, which may be relative to the buildout directory.
        """
        kinds = _types.Algorithm
        wanted = [(kinds.MD5, md5), (kinds.SHA256, sha256), (kinds.SHA512, sha512)]
        digests = [_types.Digest(kind, value) for kind, value in wanted if value is not None]
        try:
            return Fetched(self._lent.fetch(_wit.Request(url, digests, list((headers or {}).items()))))
        except Err as error:
            raise _download_error(error) from None


def _download_error(error: Err[_wit.DownloadError]) -> DownloadError:
    if isinstance(error.value, _wit.DownloadError_Other):
        return DownloadError(error.value.value.message, error.value.value.code, user=False)
    if isinstance(error.value, _wit.DownloadError_Status):
        status = error.value.value
        return DownloadError(status.message, "status", user=True, status=status.code)
    return DownloadError(error.value.value, kebab(error.value), user=True)
