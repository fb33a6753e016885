"""The modules `bz2` and `lzma`, for reading: the host decompresses.

WASI's Python has neither. `tarfile`, `shutil` and `setuptools.archive_util` find these here. Knows nothing of archives.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
import types
import zipfile
from typing import Any

from componentize_py_types import Err
from wit_world.imports import archives as wit

from . import temporary
from .unavailable import Unavailable


class DecompressionError(OSError, EOFError):
    """The data is damaged, or not of the kind."""


def _host_message(error: Err[wit.ArchiveError]) -> str:
    value = error.value
    return value.value.message if isinstance(value, wit.ArchiveError_Other) else str(value.value)


def _decompress_file(path: str) -> str:
    """The path of a temporary file with the content."""
    content = temporary.file()
    try:
        wit.decompress(os.path.abspath(path), content)
    except Err as error:
        os.unlink(content)
        raise DecompressionError(_host_message(error)) from None
    return content


def _path_of(source: Any) -> tuple[str, bool]:
    """A file with what is to be decompressed, and whether it is a temporary one."""
    if isinstance(source, (str, bytes, os.PathLike)):
        return os.fsdecode(source), False
    path = temporary.file()
    with open(path, "wb") as copy:
        shutil.copyfileobj(source, copy)
    return path, True


class CompressedFile(io.BufferedReader):
    """A compressed file that is read."""

    def __init__(self, filename: Any = None, mode: str = "r", *_: Any, fileobj: Any = None, **__: Any) -> None:
        if mode not in ("", "r", "rb"):
            raise Unavailable(f"the sandbox can decompress, but not compress (mode {mode!r})")
        path, is_copy = _path_of(fileobj if fileobj is not None else filename)
        try:
            content = _decompress_file(path)
        finally:
            if is_copy:
                os.unlink(path)
        super().__init__(io.FileIO(content))
        os.unlink(content)


def _open(
    filename: Any, mode: str = "rb", *_: Any, encoding: Any = None, errors: Any = None, newline: Any = None, **__: Any
) -> Any:
    file = CompressedFile(filename, mode.replace("t", ""))
    return io.TextIOWrapper(file, encoding, errors, newline) if "t" in mode else file


def _decompress(data: bytes, *_: Any, **__: Any) -> bytes:
    with CompressedFile(io.BytesIO(data)) as file:
        return file.read()


class Decompressor:
    """Decompresses what comes piece by piece: when the end is asked for."""

    eof, needs_input, unused_data = False, True, b""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._data = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        self._data += data
        try:
            content = _decompress(self._data)
        except DecompressionError:
            return b""
        self.eof, self._data = True, b""
        return content


def _cannot_compress(*_: Any, **__: Any) -> Any:
    raise Unavailable("the sandbox can decompress, but not compress")


def _module(name: str, **names: Any) -> None:
    module = types.ModuleType(name)
    vars(module).update(open=_open, decompress=_decompress, compress=_cannot_compress, **names)
    sys.modules[name] = module


def install() -> None:
    """Puts both modules in their places. Those who imported them without success look again."""
    _module("bz2", BZ2File=CompressedFile, BZ2Decompressor=Decompressor, BZ2Compressor=_cannot_compress)
    _module(
        "lzma",
        LZMAFile=CompressedFile,
        LZMADecompressor=Decompressor,
        LZMACompressor=_cannot_compress,
        LZMAError=DecompressionError,
        FORMAT_AUTO=0,
        FORMAT_XZ=1,
        FORMAT_ALONE=2,
        FORMAT_RAW=3,
        CHECK_NONE=0,
        CHECK_CRC32=1,
        CHECK_CRC64=4,
        CHECK_SHA256=10,
        PRESET_DEFAULT=6,
        PRESET_EXTREME=1 << 31,
    )
    shutil.register_unpack_format("bztar", [".tar.bz2", ".tbz2"], shutil._unpack_tarfile)
    shutil.register_unpack_format("xztar", [".tar.xz", ".txz"], shutil._unpack_tarfile)
    # They were imported before there was such a module.
    for user in (shutil, tarfile, zipfile):
        user.bz2, user.lzma = sys.modules["bz2"], sys.modules["lzma"]
