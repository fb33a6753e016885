"""The machine and the account as commands see them: `os.uname`, `platform`, `socket`, `pwd`, `grp`, processors.

Knows nothing of the buildout's Python: that is `target`.
"""

from __future__ import annotations

import collections
import os
import platform
import socket
import sys
import types
from collections.abc import Callable
from functools import cache
from typing import Any

from wit_world.imports import system as wit

User = collections.namedtuple("User", "pw_name pw_passwd pw_uid pw_gid pw_gecos pw_dir pw_shell")
Group = collections.namedtuple("Group", "gr_name gr_passwd gr_gid gr_mem")

_64_BITS = ("x86_64", "aarch64", "ppc64le", "s390x", "riscv64")


@cache
def machine() -> wit.Machine:
    return wit.describe_machine()


@cache
def account() -> wit.Account:
    return wit.describe_account()


def _uname() -> os.uname_result:
    known = machine()
    return os.uname_result((known.system, known.node, known.release, known.version, known.processor))


def _c_library(executable: str | None = None, lib: str = "", version: str = "", chunksize: int = 0) -> tuple[str, str]:
    return machine().c_library or (lib, version)


def _architecture(executable: str = "", bits: str = "", linkage: str = "") -> tuple[str, str]:
    return (bits or ("64bit" if machine().processor in _64_BITS else "32bit"), linkage or "ELF")


def _distribution() -> dict[str, str]:
    return {"NAME": "Linux", "ID": "linux", "PRETTY_NAME": "Linux", **dict(machine().distribution)}


def _user() -> User:
    known = account()
    return User(known.user_name, "x", known.user_id, known.group_id, "", known.home, known.shell)


def _group() -> Group:
    known = account()
    return Group(known.group_name, "x", known.group_id, [])


def _the(known: Any, number: int, asked: object) -> Any:
    """The one entry there is, if it is the one that is asked for, by name or number."""
    if asked not in (known[0], known[number]):
        raise KeyError(f"{asked!r} is not known in the sandbox, which knows only {known[0]!r}")
    return known


def _module(name: str, **functions: Any) -> None:
    module = types.ModuleType(name)
    vars(module).update(functions)
    sys.modules[name] = module


def _processors() -> int:
    return machine().processors


def _configuration(own: Callable[[Any], int]) -> Callable[[Any], int]:
    processors = ("SC_NPROCESSORS_ONLN", "SC_NPROCESSORS_CONF")
    return lambda name: machine().processors if name in processors else own(name)


def install() -> None:
    """Puts all this in the place of Python's own."""
    os.uname = _uname
    os.cpu_count = os.process_cpu_count = _processors
    os.sysconf = _configuration(os.sysconf)
    platform.libc_ver = _c_library
    platform.architecture = _architecture
    platform.freedesktop_os_release = _distribution
    platform.processor = lambda: machine().processor
    socket.gethostname = lambda: machine().node
    socket.getfqdn = lambda name="": name or machine().node
    _module(
        "pwd",
        struct_passwd=User,
        getpwuid=lambda number: _the(_user(), 2, number),
        getpwnam=lambda name: _the(_user(), 0, name),
        getpwall=lambda: [_user()],
    )
    _module(
        "grp",
        struct_group=Group,
        getgrgid=lambda number: _the(_group(), 2, number),
        getgrnam=lambda name: _the(_group(), 0, name),
        getgrall=lambda: [_group()],
    )


def begin() -> None:
    """Forgets what `platform` has kept of the machine on which the runtime was built."""
    platform._uname_cache = None
    platform._platform_cache.clear()
