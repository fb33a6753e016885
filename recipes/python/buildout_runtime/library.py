"""Everything that is in the component: imported while it is built, since its files are gone when it runs."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterator

# What no recipe needs: user interfaces, tests, what starts a server or another Python, what is for other systems.
_LEFT_OUT = frozenset(
    "__main__ __phello__ _aix_support _android_support _apple_support _ios_support _pyrepl antigravity ensurepip idlelib lib2to3 "
    "pydoc_data test tests this tkinter turtle turtledemo venv".split()
)
_PACKAGES = (
    "setuptools",
    "setuptools.archive_util",
    "setuptools.command.setopt",
    "zc.buildout",
    "zc.buildout.buildout",
    "zc.buildout.configparser",
    "zc.buildout.download",
    "zc.buildout.easy_install",
    "zc.buildout.rmtree",
    "zc.buildout.utils",
    "zc.recipe.egg",
    "zc.recipe.egg.custom",
    "zc.recipe.egg.egg",
    "packaging.licenses",
    "packaging.metadata",
    "packaging.requirements",
    "packaging.tags",
    "packaging.utils",
)


def standard_directory() -> str:
    """Where Python's library lies. `os` does not know: it is part of the interpreter."""
    return next(path for path in sys.path if os.path.exists(os.path.join(path, "argparse.py")))


def _modules(directory: str, package: str = "") -> Iterator[str]:
    """The names of all modules in a directory of Python's library."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        name, ending = os.path.splitext(entry.name)
        if name in _LEFT_OUT or not name.isidentifier():
            continue
        if entry.is_dir() and os.path.exists(os.path.join(entry.path, "__init__.py")):
            yield package + name
            yield from _modules(entry.path, f"{package}{name}.")
        elif ending == ".py" and name != "__init__":
            yield package + name


def _import(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            importlib.import_module(name)
        except Exception:
            # For another system, or about something that WASI does not have.
            sys.modules.pop(name, None)


def import_standard_library() -> None:
    """Imports all modules of Python that can be imported here."""
    for name in sorted(sys.builtin_module_names):
        _import(name)
    for name in _modules(standard_directory()):
        if name not in sys.modules:
            _import(name)


def import_packages() -> None:
    """Imports the packages that are in the component, whole: an error is one of the build."""
    for name in _PACKAGES:
        importlib.import_module(name)
    for package in ("packaging", "setuptools._distutils"):
        found = importlib.import_module(package)
        for name in _modules(os.path.dirname(found.__file__ or ""), f"{package}."):
            _import(name)
    _name_distutils()


def _name_distutils() -> None:
    """Gives what setuptools has of `distutils` its old names: recipes import it by these."""
    old, new = "distutils", "setuptools._distutils"
    for name, module in list(sys.modules.items()):
        if name == new or name.startswith(f"{new}."):
            sys.modules[old + name.removeprefix(new)] = module
