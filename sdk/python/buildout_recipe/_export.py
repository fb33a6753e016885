"""Exports classes that derive from `Recipe` from a component."""

from __future__ import annotations

import inspect
import sys
import tomllib
from collections.abc import Callable
from os.path import dirname, join
from typing import TypeVar

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import description as wit
from wit_world.exports import parts
from wit_world.imports import buildout as wit_buildout
from wit_world.imports import options as wit_options

from ._errors import author_path, failure, remember_source
from ._options import Buildout, Options
from ._recipe import Paths, Recipe, option, options_of

T = TypeVar("T")

_TYPES: dict[str, Callable[[], wit.OptionType]] = {
    "text": wit.OptionType_Text,
    "path": wit.OptionType_Path,
    "boolean": wit.OptionType_Boolean,
    "integer": wit.OptionType_Integer,
    "words": wit.OptionType_Words,
    "lines": wit.OptionType_Lines,
}


def export(*, package: str | None = None, version: str | None = None, **entry_points: type[Recipe]) -> None:
    """Exports the entry points of the calling module, each with its class, so that the module becomes a component.

    By default, the name and version of the package come from `recipe.toml` in the same directory. If the name of an entry
    point is not a Python identifier, write `export(**{"other-name": Other})`.
    """
    module = sys._getframe(1).f_globals
    settings = _settings(module["__file__"])
    component = _Component(package or settings["name"], version or settings.get("version", "0.0.0"), entry_points)
    # componentize-py requires a class in the application's module for each exported interface.
    module["Description"] = type("Description", (exports.Description,), {"describe": lambda _: component.describe()})
    module["Parts"] = type(
        "Parts",
        (exports.Parts,),
        {
            "init": lambda _, *arguments: _guarded(lambda: component.init(*arguments)),
            "uninstall": lambda _, *arguments: _guarded(lambda: component.uninstall(*arguments)),
        },
    )
    # This function runs while the component is built. Later, the sources are not available.
    for loaded in list(sys.modules.values()):
        path = getattr(loaded, "__file__", None)
        if path and author_path(path):
            remember_source(path)
    remember_source(module["__file__"])


def _settings(path: str) -> dict[str, str]:
    """The section `recipe` of `recipe.toml`."""
    with open(join(dirname(path), "recipe.toml"), "rb") as file:
        settings: dict[str, str] = tomllib.load(file)["recipe"]
    return settings


def _guarded(call: Callable[[], T]) -> T:
    """Calls the author's code, and converts uncaught exceptions to failures for the host."""
    # The directories of the build do not exist now, so a search for modules would only be denied.
    sys.path.clear()
    try:
        return call()
    except BaseException as error:  # also `SystemExit`, which would end the component
        raise Err(failure(error)) from None


class _Component:
    """A package of recipes."""

    def __init__(self, package: str, version: str, entry_points: dict[str, type[Recipe]]) -> None:
        self.package, self.version, self.entry_points = package, version, entry_points

    def describe(self) -> wit.PackageDescription:
        described = [_entry_point(name, recipe) for name, recipe in self.entry_points.items()]
        return wit.PackageDescription(self.package, self.version, described)

    def init(self, entry_point: str, options: wit_options.Options, buildout: wit_buildout.Buildout) -> parts.Part:
        recipe = self.entry_points[entry_point]()
        recipe.options = Options(options)
        recipe.init(recipe.options, Buildout(buildout))
        return _Part(recipe)

    def uninstall(self, entry_point: str, part: str, recorded: list[parts.RecordedOption]) -> None:
        recipe = self.entry_points[entry_point]
        recipe.uninstall(part, {option.name: option.value for option in recorded})  # type: ignore[attr-defined]


class _Part(parts.Part):
    """An initialized part."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def install(self) -> list[str]:
        return _guarded(lambda: _paths(self.recipe.install()) or [])

    def update(self) -> list[str] | None:
        return _guarded(lambda: _paths(self.recipe.update()))  # type: ignore[attr-defined]

    def inputs(self) -> parts.Inputs:
        return parts.Inputs_Unknown("recipes written in Python do not describe their inputs")


def _paths(paths: Paths) -> list[str] | None:
    if paths is None:
        return None
    return [paths] if isinstance(paths, str) else [str(path) for path in paths]


def _entry_point(name: str, recipe: type[Recipe]) -> wit.EntryPoint:
    return wit.EntryPoint(
        name,
        inspect.cleandoc(recipe.__doc__ or ""),
        [_option(described) for described in options_of(recipe)],
        list(recipe.grants),
        hasattr(recipe, "update"),
        hasattr(recipe, "uninstall"),
        recipe.other_options,
        False,
    )


def _option(described: option) -> wit.OptionDescription:
    if described.choices is not None:
        kind: wit.OptionType = wit.OptionType_Choice(list(described.choices))
    elif described.type in _TYPES:
        kind = _TYPES[described.type]()
    else:
        kind = wit.OptionType_Other(described.type)
    if described.required:
        presence: wit.Presence = wit.Presence_Required()
    elif described.default is not None:
        presence = wit.Presence_Default(described.default)
    else:
        presence = wit.Presence_Optional()
    return wit.OptionDescription(described.name, kind, presence, described.help)
