"""Loading a program: its directories become `sys.path`, its object is imported. Knows nothing of what is done with it."""

from __future__ import annotations

import importlib
import importlib.machinery
import linecache
import os
import re
import sys
import types
from collections.abc import Sequence
from typing import Any

import zc.buildout  # brings its own pkg_resources
import pkg_resources

from . import metadata, target
from .unavailable import Python2Source

# Right in Python 2, and since 3.14 right again with another meaning: the name would be looked up, and the exception missed.
_OLD_EXCEPT = re.compile(rb"^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:", re.MULTILINE)

_path: list[str] | None = None
_namespaces: list[str] = []


class SourceLoader(importlib.machinery.SourceFileLoader):
    """Loads source text, and says where it was written for Python 2. Compiled modules are neither read nor written: whatever
    may write them could make code of others run here (docs/decisions/154-no-compiled-modules.md)."""

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)  # type: ignore[no-any-return]

    def source_to_code(self, data: Any, path: Any, *arguments: Any, **keywords: Any) -> Any:
        found = _OLD_EXCEPT.search(data) if isinstance(data, bytes) else None
        if found is not None:
            line = data.count(b"\n", 0, found.start()) + 1
            text = found.group().decode("utf-8", "replace")
            raise Python2Source("multiple exception types must be parenthesized", (os.fsdecode(path), line, 1, text))
        return super().source_to_code(data, path, *arguments, **keywords)


class WorkingSet(pkg_resources.WorkingSet):
    """`pkg_resources.working_set`: filled when something of it is asked for, since most programs do not ask."""

    def __init__(self) -> None:
        # Not what it inherits: that would read the directories now.
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        pkg_resources.WorkingSet.__init__(self, [])
        for entry in sys.path:
            self.add_entry(entry)
        _add_installed(self)
        return getattr(self, name)


def _add_installed(working_set: pkg_resources.WorkingSet) -> None:
    """Adds what the buildout's Python has, and what this runtime has, as if both were one Python."""
    installed = [found for entry in target.packages() for found in pkg_resources.find_distributions(entry)]
    places = {metadata.normalized(found.project_name): found.location or "" for found in installed}
    for found in metadata.distributions(places):
        working_set.add(found)
    for found in installed:
        if not metadata.is_provided(found.project_name):
            working_set.add(found)


def install() -> None:
    """Sets up how modules are found at run time."""
    hooks = [hook for hook in sys.path_hooks if getattr(hook, "__name__", "") != "path_hook_for_FileFinder"]
    sys.path_hooks[:] = [*hooks, importlib.machinery.FileFinder.path_hook((SourceLoader, [".py"]))]
    for name, module in sys.modules.items():
        if getattr(module, "__path__", None) is not None and getattr(module, "__file__", None) is None:
            _namespaces.append(name)


def set_path(path: Sequence[str]) -> None:
    """Makes these the directories in which modules are looked for."""
    global _path
    if _path == list(path):
        return
    _path = sys.path[:] = list(path)
    sys.path = list(path)
    sys.dont_write_bytecode = True
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    linecache.clearcache()
    _extend_namespaces()
    _renew_working_set()


def _extend_namespaces() -> None:
    """Lets packages without a file of their own (`zc`, `zc.recipe`) have parts in the new directories, too."""
    for name in _namespaces:
        relative = name.replace(".", "/")
        found = (os.path.join(entry, relative) for entry in sys.path)
        # What was there while the component was built no longer is.
        sys.modules[name].__path__ = [directory for directory in found if os.path.isdir(directory)]


def _renew_working_set() -> None:
    working_set = pkg_resources.working_set
    working_set.__class__ = WorkingSet
    vars(working_set).clear()


def load(reference: str) -> Any:
    """The object of a reference: `module:attribute.attribute`, or `module`."""
    module_name, _, attributes = reference.partition(":")
    module = importlib.import_module(module_name.strip())
    found: Any = module
    for attribute in filter(None, attributes.strip().split(".")):
        found = _attribute(found, attribute, module)
    return found


def _attribute(of: Any, name: str, module: types.ModuleType) -> Any:
    try:
        return getattr(of, name)
    except AttributeError:
        file = f" ({module.__file__})" if module.__file__ else ""
        raise ImportError(f"{module.__name__}{file} has no {name}", name=module.__name__) from None
