"""Stand-ins for modules that are machine code: they can be imported, and fail when something of them is used.

Recipes import more than they use: a module that only their scripts need, or one for another platform. Knows nothing of recipes.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
import types
from collections.abc import Sequence
from typing import Any

from .unavailable import NativeModuleUnavailable

# Of Python's own library: what recipes import whether they use it or not. Others stay missing, as programs try whether they are
# there.
STANDARD = "ctypes fcntl mmap pty resource ssl termios tty".split()

_SUFFIXES = (".so", ".pyd", ".dylib")

WAY_OUT = "Look for a release of it without machine code, or for another recipe that does the same."


def _fail(name: str, attribute: str, file: str | None) -> NativeModuleUnavailable:
    if file is None:
        return NativeModuleUnavailable(f"{name}.{attribute} was used: the sandbox has no module {name}", WAY_OUT)
    message = f"{name}.{attribute} was used: {file} is machine code, which the sandbox cannot run"
    return NativeModuleUnavailable(message, WAY_OUT)


class _Type(type):
    """The type of what is not there: it can be subclassed and caught, and fails when it is called or looked into."""

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        raise _fail(cls.__module__, cls.__name__, cls._file)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise _fail(cls.__module__, f"{cls.__name__}.{name}", cls._file)


class StandIn(types.ModuleType):
    """A module that is not there."""

    def __init__(self, name: str, file: str | None = None) -> None:
        super().__init__(name)
        self.__path__: Sequence[str] = []
        self._file = file

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name.isupper():
            return 0
        made = _Type(name, (Exception,), {"__module__": self.__name__, "_file": self._file})
        setattr(self, name, made)
        return made


def native_file(name: str, path: Sequence[str] | None) -> str | None:
    """The file with the machine code of a module that is looked for in these directories."""
    last = name.rpartition(".")[2]
    for directory in sys.path if path is None else path:
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        for entry in names:
            if entry.startswith(f"{last}.") and entry.endswith(_SUFFIXES):
                return os.path.join(directory, entry)
    return None


class Finder:
    """Finds modules of machine code after everything else was looked for."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        parent = sys.modules.get(name.rpartition(".")[0])
        file = parent._file if isinstance(parent, StandIn) else native_file(name, path)
        if file is None and not isinstance(parent, StandIn) and name not in STANDARD:
            return None
        return importlib.machinery.ModuleSpec(name, Loader(file), origin=file, is_package=True)


class Loader:
    """Makes the stand-in."""

    def __init__(self, file: str | None) -> None:
        self._file = file

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return StandIn(spec.name, self._file)

    def exec_module(self, module: types.ModuleType) -> None: ...


def install() -> None:
    """Lets what is missing be found."""
    sys.meta_path.append(Finder)
