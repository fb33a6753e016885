"""What the host calls: the exports of the world `runtime`."""

from __future__ import annotations

import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import description as wit
from wit_world.exports import loading as wit_loading
from wit_world.exports import parts
from wit_world.imports import buildout as wit_buildout
from wit_world.imports import options as wit_options

from . import runtime, substitutes
from .buildout import Buildout, PartOptions
from .easy_install import settings
from .unavailable import Unavailable

T = TypeVar("T")

# The component contains only modules that are imported while it is built. This one is loaded by its name later.
assert substitutes


@dataclass
class _Program:
    """What was loaded."""

    object: Any
    uninstall: Callable[[str, dict[str, str]], None] | None


_programs: dict[str, _Program] = {}
_buildout: Buildout | None = None


def _the_buildout() -> Buildout:
    global _buildout
    if _buildout is None:
        _buildout = Buildout()
        # As if zc.buildout ran: programs write down how they were called.
        sys.argv = [os.path.join(_buildout.option("bin-directory"), "buildout")]
    return _buildout


def _call(call: Callable[[], T], part: str = "", directory: str | None = None) -> T:
    """Makes a call of a program: what it does not catch becomes a failure that the host understands."""
    try:
        try:
            runtime.begin_call(part, directory)
            return call()
        finally:
            runtime.end_call()
    except BaseException as error:  # also `sys.exit`, which would end the component
        raise Err(runtime.errors.failure(error)) from None


class Description(exports.Description):
    """The package has no entry points but those that are loaded."""

    def describe(self) -> wit.PackageDescription:
        return wit.PackageDescription("python-runtime", dict(runtime.metadata.provided())["zc.buildout"], [])


class Loading(exports.Loading):
    """Loading programs."""

    def provides(self) -> list[wit_loading.ProvidedDistribution]:
        return [wit_loading.ProvidedDistribution(name, version) for name, version in runtime.metadata.provided()]

    def load(self, program: wit_loading.Program) -> wit.EntryPoint:
        return _call(lambda: self._load(program))

    def _load(self, program: wit_loading.Program) -> wit.EntryPoint:
        runtime.target.begin()
        runtime.loading.set_path(program.path)
        loaded = runtime.loading.load(program.object)
        uninstall = runtime.loading.load(program.uninstall) if program.uninstall is not None else None
        _programs[program.name] = _Program(loaded, uninstall)
        return wit.EntryPoint(
            program.name,
            inspect.getdoc(loaded) or "",
            [],
            [],
            # What a function gives is not known before it is called.
            not inspect.isclass(loaded) or hasattr(loaded, "update"),
            uninstall is not None,
            True,
            False,
        )


class Extensions(exports.Extensions):
    """Calling extensions."""

    def run(self, name: str) -> None:
        def call() -> None:
            buildout = _the_buildout()
            settings.begin(buildout)
            runtime.change_directory(buildout.option("directory"))
            _programs[name].object(buildout)

        _call(call)


class _Part(parts.Part):
    """A part that was initialized."""

    def __init__(self, recipe: Any, options: PartOptions) -> None:
        self._recipe, self._options = recipe, options

    def _make(self, call: Callable[[], Any]) -> Any:
        directory = self._options.buildout.option("directory")
        return _call(lambda: _paths(self._options.installing(call)), self._options.name, directory)

    def install(self) -> list[str]:
        return self._make(self._recipe.install) or []

    def update(self) -> list[str] | None:
        update = getattr(self._recipe, "update", None)
        if update is None:
            logging.getLogger("zc.buildout").warning(
                "The recipe for %s doesn't define an update method. Using its install method.", self._options.name
            )
            update = self._recipe.install
        return self._make(update)

    def inputs(self) -> parts.Inputs:
        return parts.Inputs_Unknown("What decides what a Python recipe makes is not known.")


def _paths(made: Any) -> list[str] | None:
    """The paths that a recipe gives: one, several, or none."""
    if made is None:
        return None
    if isinstance(made, str):
        return [made] if made else []
    if not isinstance(made, Iterable):
        raise Unavailable(f"The recipe returned {made!r}: it must return the paths that it made.")
    return [str(path) for path in made if str(path)]


class Parts(exports.Parts):
    """Making parts."""

    def init(self, entry_point: str, options: wit_options.Options, buildout: wit_buildout.Buildout) -> parts.Part:
        def call() -> parts.Part:
            sections = _the_buildout()
            runtime.target.begin()
            settings.begin(sections)
            own = sections.part(options)
            runtime.change_directory(sections.option("directory"))
            recipe = _programs[entry_point].object(sections, own.name, own)
            sections._recipes[own.name] = recipe
            return _Part(recipe, own)

        return _call(call, options.part())

    def uninstall(self, entry_point: str, part: str, recorded: list[parts.RecordedOption]) -> None:
        def call() -> None:
            uninstall = _programs[entry_point].uninstall
            if uninstall is not None:
                uninstall(part, {option.name: option.value for option in recorded})

        _call(call, part, _the_buildout().option("directory"))
