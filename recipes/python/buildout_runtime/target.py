"""The buildout's Python in the place of this one, wherever a program asks which Python its parts are for.

`sys.executable`, `sysconfig`, `platform`, environment markers, wheel tags and `pkg_resources` answer for the buildout's Python.
`sys.version_info` stays what it is: a recipe decides by it what it may write in its own source. Knows nothing of recipes.
"""

from __future__ import annotations

import platform
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator
from typing import Any

import zc.buildout.easy_install  # first: it brings its own pkg_resources
import pkg_resources
from componentize_py_types import Err
from wit_world.imports import python as wit

_known: wit.Interpreter | None = None


def begin() -> None:
    """Asks the host for the buildout's Python, unless it is known."""
    global _known
    try:
        asked = wit.describe_interpreter()
    except Err:
        return
    if asked != _known:
        _known = asked
        _apply(asked)


def version(python: wit.Interpreter) -> str:
    """Major and minor version. Example: `3.11`."""
    return f"{python.version_info.major}.{python.version_info.minor}"


def _apply(python: wit.Interpreter) -> None:
    sys.executable = python.executable
    sys.version, sys.platform = python.version, python.platform
    sys.prefix = sys.exec_prefix = python.prefix
    sys.base_prefix = sys.base_exec_prefix = python.base_prefix
    platform._sys_version_cache.clear()
    pkg_resources.PY_MAJOR = version(python)
    values = {"executable": python.executable, "python": version(python), "platform": python.build_platform}
    for function, defaults in _bound:
        function.__defaults__ = tuple(values[kind] if kind else value for value, kind in defaults)


# Functions with defaults that say which Python is meant: values, each with what it stands for.
_bound: list[tuple[types.FunctionType, list[tuple[Any, str | None]]]] = []


def _find_bound() -> None:
    """Finds the defaults that were bound when the packages were imported."""
    kinds = {"executable": "executable", "python": "python", "py_version": "python", "platform": "platform"}
    own = {
        "executable": sys.executable,
        "python": pkg_resources.PY_MAJOR,
        "platform": pkg_resources.get_supported_platform(),
    }

    def kind(name: str, value: Any) -> str | None:
        found = kinds.get(name)
        return found if found is not None and value == own[found] else None

    for module in (pkg_resources, zc.buildout.easy_install):
        for function in _functions(module):
            defaults = [(value, kind(name, value)) for name, value in _defaults(function)]
            if any(found for _, found in defaults):
                _bound.append((function, defaults))


def _defaults(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    values, last = function.__defaults__ or (), function.__code__.co_argcount
    return zip(function.__code__.co_varnames[last - len(values) : last], values)


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """The functions of a module, and the methods of its classes."""
    for value in list(vars(module).values()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, types.FunctionType):
            yield value
        elif isinstance(value, type):
            yield from (method for method in vars(value).values() if isinstance(method, types.FunctionType))


def _platform(own: Callable[..., str]) -> Callable[..., str]:
    return lambda *arguments: own(*arguments) if _known is None else _known.build_platform


def _paths(own: Callable[..., Any]) -> Callable[..., Any]:
    def get_paths(*arguments: Any, **keywords: Any) -> Any:
        return own(*arguments, **keywords) if _known is None else dict(_known.directories)

    return get_paths


def _path(name: str, *arguments: Any, **keywords: Any) -> str:
    return sysconfig.get_paths(*arguments, **keywords)[name]


def _version(own: Callable[[], str]) -> Callable[[], str]:
    return lambda: own() if _known is None else version(_known)


def _get_python_lib(own: Callable[..., str]) -> Callable[..., str]:
    def get_python_lib(plat_specific: Any = False, standard_lib: Any = False, prefix: str | None = None) -> str:
        if _known is None or prefix is not None:
            return own(plat_specific, standard_lib, prefix)
        name = "stdlib" if standard_lib else "platlib" if plat_specific else "purelib"
        return dict(_known.directories)[name]

    return get_python_lib


def packages() -> list[str]:
    """The directories of the buildout's Python that hold distributions."""
    kinds = ("site-packages", "dist-packages")
    return [] if _known is None else [path for path in _known.path if path.rpartition("/")[2] in kinds]


def _markers(own: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: own() if _known is None else dict(_known.markers)


def _tags(module: Any, own: Callable[..., Any]) -> Callable[..., Any]:
    def sys_tags(*arguments: Any, **keywords: Any) -> Any:
        if _known is None:
            return own(*arguments, **keywords)
        return (tag for text in wit.compatible_tags() for tag in module.parse_tag(text))

    return sys_tags


def install() -> None:
    """Lets everything that asks for the Python ask here."""
    _find_bound()
    sysconfig.get_platform = _platform(sysconfig.get_platform)
    sysconfig.get_paths = _paths(sysconfig.get_paths)
    sysconfig.get_path = _path
    sysconfig.get_python_version = _version(sysconfig.get_python_version)
    distutils_sysconfig: Any = sys.modules["distutils.sysconfig"]
    distutils_sysconfig.get_python_version = sysconfig.get_python_version
    distutils_sysconfig.get_python_lib = _get_python_lib(distutils_sysconfig.get_python_lib)
    for name, module in list(sys.modules.items()):
        if name.endswith("packaging.markers"):
            module.default_environment = _markers(module.default_environment)
        elif name.endswith("packaging.tags"):
            module.sys_tags = _tags(module, module.sys_tags)
