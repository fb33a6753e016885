"""What `os` has for files and WASI has not: modes, owners, links with absolute targets, access, a tidy working directory.

The functions of `os` stay; where the host knows more than WASI it is asked. Knows nothing of what a recipe may reach: WASI and the
host decide that.
"""

from __future__ import annotations

import errno
import genericpath
import os
import posix
import stat
from collections.abc import Callable, Iterator
from typing import Any

from componentize_py_types import Err
from wit_world.imports import paths as wit
from wit_world.imports import system as wit_system

_ERRORS = {
    wit.PathError_Outside: errno.EPERM,
    wit.PathError_Invalid: errno.EINVAL,
    wit.PathError_NotInstalling: errno.EPERM,
    wit.PathError_Limit: errno.ENAMETOOLONG,
    wit.PathError_Missing: errno.ENOENT,
    wit.PathError_Exists: errno.EEXIST,
}

# The modes of open files, whose names are not known.
_MODES = {stat.S_IFREG: 0o644, stat.S_IFDIR: 0o755, stat.S_IFLNK: 0o777}

_umask: int | None = None


def path_error(error: Err[wit.PathError], path: str) -> OSError:
    """The error of the operating system that the host's is like."""
    if isinstance(error.value, wit.PathError_Other):
        return OSError(errno.EIO, error.value.value.message, path)
    number = _ERRORS[type(error.value)]
    return OSError(number, os.strerror(number), path)


def absolute(path: Any) -> str:
    """The path from the root. `..` is left in it, as links count before it."""
    return os.path.join(os.getcwd(), os.fsdecode(path))


def _owned(found: os.stat_result, mode: int, user: int, group: int) -> os.stat_result:
    """The same with the mode and the owner, which WASI leaves out."""
    make, (values, named) = found.__reduce__()
    values = (stat.S_IFMT(found.st_mode) | stat.S_IMODE(mode), *values[1:4], user, group, *values[6:])
    return make(values, named)


def _with_mode(found: os.stat_result, path: Any, follow: bool) -> os.stat_result:
    if isinstance(path, int):
        return _owned(found, _MODES.get(stat.S_IFMT(found.st_mode), 0o600), found.st_uid, found.st_gid)
    try:
        looked = wit.look(absolute(path), follow)
    except Err:
        return _owned(found, _MODES.get(stat.S_IFMT(found.st_mode), 0o600), found.st_uid, found.st_gid)
    return _owned(found, looked.mode, looked.user_id, looked.group_id)


def _stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    found = posix.stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    return found if dir_fd is not None else _with_mode(found, path, follow_symlinks)


def _lstat(path: Any, *, dir_fd: int | None = None) -> os.stat_result:
    found = posix.lstat(path, dir_fd=dir_fd)
    return found if dir_fd is not None else _with_mode(found, path, False)


def _fstat(descriptor: int) -> os.stat_result:
    return _with_mode(posix.fstat(descriptor), descriptor, True)


class Entry:
    """An entry of a directory, with the interface of `os.DirEntry`, whose `stat` WASI would answer alone."""

    def __init__(self, entry: Any) -> None:
        self._entry, self.name, self.path = entry, entry.name, entry.path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return _stat(self.path, follow_symlinks=follow_symlinks)

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"


class _Scan:
    """The entries of a directory."""

    def __init__(self, path: Any) -> None:
        self._entries = posix.scandir(path)

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        return Entry(next(self._entries))

    def close(self) -> None:
        self._entries.close()

    def __enter__(self) -> "_Scan":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _scandir(path: Any = ".") -> Any:
    return posix.scandir(path) if isinstance(path, int) else _Scan(path)


def _chmod(path: Any, mode: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
    if isinstance(path, int) or dir_fd is not None:
        return  # An open file has no name here. The mode that it was made with stays.
    target = os.path.realpath(absolute(path)) if follow_symlinks else absolute(path)
    try:
        wit.set_mode(target, mode & 0o777)
    except Err as error:
        raise path_error(error, os.fsdecode(path)) from None


def _lchmod(path: Any, mode: int) -> None:
    _chmod(path, mode, follow_symlinks=False)


def _fchmod(descriptor: int, mode: int) -> None:
    _chmod(descriptor, mode)


def _chown(path: Any, user: int, group: int, **_: Any) -> None:
    """Nothing can be given away; to be given what is one's own already is no error."""
    account = wit_system.describe_account()
    if user not in (-1, account.user_id) or group not in (-1, account.group_id):
        raise PermissionError(errno.EPERM, "the sandbox cannot change the owner of a file", os.fsdecode(path))


def _access(path: Any, mode: int, **_: Any) -> bool:
    allowed = wit.access(absolute(path))
    if mode == os.F_OK:
        return os.path.lexists(path)
    wanted = ((os.R_OK, wit.Permissions.READ), (os.W_OK, wit.Permissions.WRITE), (os.X_OK, wit.Permissions.EXECUTE))
    return all(permission in allowed for bit, permission in wanted if mode & bit)


def _symlink(target: Any, path: Any, target_is_directory: bool = False, *, dir_fd: int | None = None) -> None:
    if dir_fd is not None:
        posix.symlink(target, path, dir_fd=dir_fd)
        return
    try:
        wit.make_link(os.fsdecode(target), absolute(path))
    except Err as error:
        raise path_error(error, os.fsdecode(path)) from None


def _readlink(path: Any, *, dir_fd: int | None = None) -> Any:
    if dir_fd is not None:
        return posix.readlink(path, dir_fd=dir_fd)
    try:
        target = wit.read_link(absolute(path))
    except Err as error:
        raise path_error(error, os.fsdecode(path)) from None
    return os.fsencode(target) if isinstance(os.fspath(path), bytes) else target


def _mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    posix.mkdir(path, mode, dir_fd=dir_fd)
    if mode != 0o777 and dir_fd is None:
        _chmod(path, mode)


def _chdir(path: Any) -> None:
    """Without `..` in what `getcwd` then gives, which WASI would leave there."""
    posix.chdir(path if isinstance(path, int) else os.path.normpath(absolute(path)))


def _set_umask(mask: int) -> int:
    global _umask
    before = wit_system.describe_account().umask if _umask is None else _umask
    _umask = mask & 0o777
    return before


def _accounts() -> dict[str, Callable[[], Any]]:
    def user() -> int:
        return wit_system.describe_account().user_id

    def group() -> int:
        return wit_system.describe_account().group_id

    return {
        "getuid": user,
        "geteuid": user,
        "getgid": group,
        "getegid": group,
        "getgroups": lambda: [group()],
        "getlogin": lambda: wit_system.describe_account().user_name,
    }


def _replacements() -> dict[str, Callable[..., Any]]:
    return {
        "stat": _stat,
        "lstat": _lstat,
        "fstat": _fstat,
        "scandir": _scandir,
        "DirEntry": Entry,
        "chmod": _chmod,
        "lchmod": _lchmod,
        "fchmod": _fchmod,
        "chown": _chown,
        "lchown": _chown,
        "fchown": _chown,
        "access": _access,
        "symlink": _symlink,
        "readlink": _readlink,
        "mkdir": _mkdir,
        "chdir": _chdir,
        "umask": _set_umask,
        **_accounts(),
    }


def add() -> None:
    """Adds the functions that `os` has not: modules want them when they are imported."""
    for name, function in _replacements().items():
        if not hasattr(os, name):
            setattr(os, name, function)


def install() -> None:
    """Puts all this in the place of `os`'s own functions."""
    replaced = {name: getattr(posix, name, None) for name in _replacements()}
    for supports in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        present = {name for name, function in replaced.items() if function in supports}
        supports.update(function for name, function in _replacements().items() if name in present)
    for name, function in _replacements().items():
        setattr(os, name, function)
    # They ask only what a path is, and often: WASI alone is enough.
    genericpath.os = posix
