"""`zc.buildout.easy_install` over the host's distributions.

What starts pip or a `setup.py`, or asks an index, goes to the host; `scripts` and all that only computes stays zc.buildout's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import zc.buildout
import zc.buildout.easy_install as real
import pkg_resources
from componentize_py_types import Err
from wit_world.imports import distributions as wit

from . import environment
from .distributions import from_host, to_host, working_set_of
from .unavailable import Unavailable

if TYPE_CHECKING:
    from .buildout import Buildout

T = TypeVar("T")


class Missing(real.MissingDistribution):
    """No distribution satisfies a requirement."""

    def __init__(self, message: str) -> None:
        zc.buildout.UserError.__init__(self, message)

    __str__ = zc.buildout.UserError.__str__


class Conflict(real.VersionConflict):
    """Requirements contradict each other."""

    def __init__(self, message: str) -> None:
        zc.buildout.UserError.__init__(self, message)

    __str__ = zc.buildout.UserError.__str__


_ERRORS = {
    wit.DistributionError_Missing: Missing,
    wit.DistributionError_Conflict: Conflict,
    wit.DistributionError_Pin: real.IncompatibleConstraintError,
}


def _error(error: wit.DistributionError) -> zc.buildout.UserError:
    if isinstance(error, wit.DistributionError_Build):
        for line in error.value.output:
            real.logger.error("%s", line)
        where = f" Its whole output is in {error.value.log}." if error.value.log else ""
        return zc.buildout.UserError(error.value.message + where)
    if isinstance(error, wit.DistributionError_Other):
        return zc.buildout.UserError(error.value.message)
    return _ERRORS.get(type(error), zc.buildout.UserError)(error.value)


def _ask(call: Callable[..., T], *arguments: Any) -> T:
    try:
        return call(*arguments)
    except Err as error:
        raise _error(error.value) from None


class Settings:
    """What `[buildout]` says. A setting that a program has changed since is handed to the host; others the host knows itself."""

    _NAMES = ("_prefer_final", "_allow_picked_versions", "_install_from_cache", "_versions")

    def __init__(self) -> None:
        self.eggs_directory = ""
        self._buildout: Buildout | None = None
        self._known = self._values(real.Installer)

    def _values(self, installer: Any) -> dict[str, Any]:
        return {name: getattr(installer, name) for name in self._NAMES}

    def begin(self, buildout: "Buildout") -> None:
        """Takes over what `[buildout]` says, once."""
        if self._buildout is buildout:
            return
        self._buildout, installer = buildout, real.Installer
        self.eggs_directory = buildout.option("eggs-directory")
        installer._prefer_final = buildout.option("prefer-final", "true") == "true"
        installer._allow_picked_versions = buildout.option("allow-picked-versions", "true") == "true"
        installer._install_from_cache = buildout.flag("install-from-cache")
        installer._index_url = buildout.option("index") or None
        cache = buildout.option("download-cache")
        installer._download_cache = os.path.join(cache, "dist") if cache else None
        installer._versions = Versions(buildout)
        self._known = self._values(installer)

    def changed(self, installer: Any, name: str) -> Any:
        """The value of a setting, none if it is as at the beginning."""
        value = getattr(installer, name)
        return None if value is self._known[name] else value


class Versions(dict[str, str]):
    """The pins of `[versions]`, which are read when a program looks at them."""

    def __init__(self, buildout: "Buildout") -> None:
        super().__init__()
        self._buildout: Buildout | None = buildout

    def _load(self) -> None:
        if self._buildout is not None:
            buildout, self._buildout = self._buildout, None
            super().update(real.normalize_versions(dict(buildout.versions.items())))

    def __getitem__(self, name: str) -> str:
        self._load()
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._load()
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._load()
        return super().__contains__(name)

    def __iter__(self) -> Any:
        self._load()
        return super().__iter__()

    def __len__(self) -> int:
        self._load()
        return super().__len__()

    def keys(self) -> Any:
        self._load()
        return super().keys()

    def items(self) -> Any:
        self._load()
        return super().items()

    def copy(self) -> dict[str, str]:
        self._load()
        return dict(super().items())


settings = Settings()


class Installer(real.Installer):
    """Finds and installs distributions."""

    def __init__(
        self,
        dest: str | None = None,
        links: Iterable[str] = (),
        index: str | None = None,
        executable: str | None = None,
        always_unzip: Any = None,
        path: Iterable[str] | None = None,
        newest: bool = True,
        versions: Mapping[str, str] | None = None,
        use_dependency_links: bool | None = None,
        allow_hosts: Iterable[str] = ("*",),
        check_picked: bool = True,
        allow_unknown_extras: bool = False,
    ) -> None:
        self._dest, self._links, self._index_url = dest, list(links), index
        self._path, self._newest, self._allow_hosts = list(path or ()), newest, tuple(allow_hosts)
        self._check_picked, self._allow_unknown_extras = check_picked, allow_unknown_extras
        self._requirements_and_constraints: list[str] = []
        if versions is not None:
            self._versions = real.normalize_versions(versions)

    @property
    def _env(self) -> Any:
        return real.Environment([*self._get_dest_dist_paths(), *self._path])

    def _destination(self) -> wit.Destination:
        if self._dest is None:
            return wit.Destination_Nowhere()
        if os.path.normpath(self._dest) == os.path.normpath(settings.eggs_directory or "/"):
            return wit.Destination_EggsDirectory()
        return wit.Destination_Directory(os.path.abspath(self._dest))

    def _settings(self) -> wit.Settings:
        versions = settings.changed(self, "_versions")
        return wit.Settings(
            destination=self._destination(),
            path=[os.path.abspath(path) for path in self._path] or None,
            index=self._index_url,
            find_links=self._links or None,
            allow_hosts=None if self._allow_hosts == ("*",) else list(self._allow_hosts),
            versions=None if versions is None else list(versions.items()),
            newest=self._newest,
            prefer_final=settings.changed(self, "_prefer_final"),
            allow_picked_versions=settings.changed(self, "_allow_picked_versions"),
            allow_unknown_extras=self._allow_unknown_extras,
            install_from_cache=settings.changed(self, "_install_from_cache"),
            report_picked=self._check_picked,
        )

    def install(self, specs: Iterable[str], working_set: pkg_resources.WorkingSet | None = None) -> Any:
        begin = [to_host(found) for found in working_set or ()]
        found = _ask(wit.install, [str(spec) for spec in specs], begin, self._settings())
        if working_set is None:
            return working_set_of(from_host(distribution) for distribution in found)
        known = {distribution.location for distribution in working_set}
        for distribution in found:
            if distribution.location not in known:
                working_set.add(from_host(distribution), replace=True)
        return working_set

    def build(self, spec: str, build_ext: Mapping[str, str]) -> list[str]:
        return [found.location for found in _ask(wit.build, str(spec), _build_options(build_ext), self._settings())]


def _build_options(build_ext: Mapping[str, str] | None) -> wit.BuildOptions:
    return wit.BuildOptions(list((build_ext or {}).items()), list(environment.changes().items()))


def develop(
    setup: str, dest: str | None, build_ext: Mapping[str, str] | None = None, executable: str | None = None
) -> str:
    """Makes a project usable where it is."""
    return _ask(wit.develop, os.path.abspath(setup), dest, _build_options(build_ext))


def sort_working_set(ws: Iterable[Any], eggs_dir: str, develop_eggs_dir: str) -> pkg_resources.WorkingSet:
    """Developed distributions, eggs, others: as zc.buildout, without reading again what is known."""
    found = {distribution.location: distribution for distribution in ws}
    ordered = _ask(wit.sort, [to_host(distribution) for distribution in found.values()])
    return working_set_of(found[distribution.location] for distribution in ordered)


def _no_pip(*_: Any, **__: Any) -> Any:
    raise Unavailable("a recipe cannot run pip: use install, build and develop of zc.buildout.easy_install")


def install() -> None:
    """Puts all this in the place of zc.buildout's own."""
    real.Installer = Installer
    real.develop = develop
    real.sort_working_set = sort_working_set
    real.call_pip_install = _no_pip
