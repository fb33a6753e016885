"""Names that Python took away and that recipes still use: those that have the same thing under another name.

What has no other name stays away. Knows nothing of recipes.
"""

from __future__ import annotations

import base64
import collections
import collections.abc
import configparser
import html
import importlib
import importlib.machinery
import importlib.util
import inspect
import shlex
import sys
import time
import types
import unittest
import xml.etree.ElementTree
from typing import Any


def _module(name: str, **names: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(names)
    sys.modules[name] = module
    return module


def _load_source(name: str, path: str, file: object = None) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded", name=name, path=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _find_module(name: str, path: list[str] | None = None) -> tuple[None, str, tuple[str, str, int]]:
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    if spec is None or spec.origin is None:
        raise ImportError(f"No module named {name!r}", name=name)
    return None, spec.origin, (".py", "r", 1)


def _imp() -> None:
    _module(
        "imp",
        PY_SOURCE=1,
        PKG_DIRECTORY=5,
        load_source=_load_source,
        load_module=lambda name, file, path, description: _load_source(name, path),
        find_module=_find_module,
        new_module=types.ModuleType,
        reload=importlib.reload,
        get_suffixes=lambda: [(suffix, "r", 1) for suffix in importlib.machinery.SOURCE_SUFFIXES],
        acquire_lock=lambda: None,
        release_lock=lambda: None,
        lock_held=lambda: False,
    )


def _package_index(name: str) -> Any:
    """A name of `setuptools.package_index`, which zc.buildout took over when setuptools removed it."""
    return getattr(importlib.import_module("zc.buildout._package_index"), name)


def _modules() -> None:
    _imp()
    _module("pipes", quote=shlex.quote)
    _module("cgi", escape=lambda text, quote=False: html.escape(text, quote))
    sys.modules["xml.etree.cElementTree"] = xml.etree.ElementTree
    # Found without its package being imported: only what asks for it pays for setuptools.
    _module("setuptools.package_index", __getattr__=_package_index)


def _alias(where: Any, **names: Any) -> None:
    for name, value in names.items():
        if not hasattr(where, name):
            setattr(where, name, value)


def _read_file(parser: configparser.RawConfigParser, file: Any, filename: str | None = None) -> None:
    parser.read_file(file, filename)


def install() -> None:
    """Puts the names back."""
    _modules()
    _alias(collections, **{name: getattr(collections.abc, name) for name in collections.abc.__all__})
    _alias(configparser, SafeConfigParser=configparser.ConfigParser)
    _alias(configparser.RawConfigParser, readfp=_read_file)
    _alias(base64, encodestring=base64.encodebytes, decodestring=base64.decodebytes)
    _alias(time, clock=time.perf_counter)
    _alias(inspect, getargspec=lambda function: inspect.getfullargspec(function)[:4])
    _alias(unittest, makeSuite=unittest.defaultTestLoader.loadTestsFromTestCase)
