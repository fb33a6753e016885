"""Installs Python distributions for the buildout's Python, and generates scripts.

::

    from buildout_recipe import distributions

    found = distributions.install(["zope.interface >= 7"])

A recipe needs the grant `distributions` (`buildout_recipe.grant.distributions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, TypeVar

from componentize_py_types import Err
from wit_world.imports import distributions as _wit

from ._errors import RecipeError, kebab

T = TypeVar("T")

Distribution: TypeAlias = _wit.Distribution
ScriptEntryPoint: TypeAlias = _wit.ScriptEntryPoint
ScriptRequest: TypeAlias = _wit.ScriptRequest
Settings: TypeAlias = _wit.Settings


class DistributionError(RecipeError):
    """Distributions are not available.

    `reason` is `missing`, `conflict`, `pin`, `picked`, `extra`, `build`, `unavailable`, `bad-file`, `not-granted`, `invalid`,
    `python`, `limit` or another word. `output` has the last lines of a build that failed.
    """

    def __init__(self, message: str, reason: str, user: bool, output: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.reason, self.user, self.output = reason, user, list(output)


def settings(destination: str | None = None) -> Settings:
    """The settings of the section `buildout`; distributions are installed to `destination`, by default the eggs directory.

    Set the attributes of the result to replace other settings.
    """
    where = _wit.Destination_EggsDirectory() if destination is None else _wit.Destination_Directory(destination)
    return _wit.Settings(where, None, None, None, None, None, None, None, None, None, None, True)


def install(
    requirements: Iterable[str], begin: Iterable[Distribution] = (), using: Settings | None = None
) -> list[Distribution]:
    """Finds distributions for all requirements and for their dependencies, and installs the missing ones.

    Available in `init` too. Distributions in `begin` are preferred.
    """
    return _call(lambda: _wit.install(list(requirements), list(begin), using or settings()))


def sort(distributions: Iterable[Distribution]) -> list[Distribution]:
    """The distributions in the order of `sys.path` in generated scripts."""
    return _wit.sort(list(distributions))


def build(
    requirement: str,
    extensions: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    using: Settings | None = None,
) -> list[Distribution]:
    """Builds the distribution for a requirement from source, and installs it."""
    return _call(lambda: _wit.build(requirement, _options(extensions, environment), using or settings()))


def develop(
    project: str,
    destination: str | None = None,
    extensions: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Installs a project in editable mode. Returns the path of the egg link."""
    return _call(lambda: _wit.develop(project, destination, _options(extensions, environment)))


def write_scripts(request: ScriptRequest) -> list[str]:
    """Generates scripts. Returns the paths of all scripts, also of those whose content did not change."""
    return _call(lambda: _wit.write_scripts(request))


def _options(extensions: Mapping[str, str] | None, environment: Mapping[str, str] | None) -> _wit.BuildOptions:
    return _wit.BuildOptions(list((extensions or {}).items()), list((environment or {}).items()))


def _call(call: Callable[[], T]) -> T:
    try:
        return call()
    except Err as error:
        value = error.value
        if isinstance(value, _wit.DistributionError_Other):
            raise DistributionError(value.value.message, value.value.code, user=False) from None
        if isinstance(value, _wit.DistributionError_Build):
            raise DistributionError(value.value.message, "build", user=True, output=value.value.output) from None
        raise DistributionError(value.value, kebab(value), user=True) from None
