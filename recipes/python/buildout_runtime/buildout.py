"""`Buildout` and `Options` of zc.buildout, over the sections that the host lends.

The host resolves references and knows what has been read. Nothing is kept here, so that each part's dependencies are seen. Knows
nothing of recipes.
"""

from __future__ import annotations

import io
import logging
import textwrap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

import zc.buildout
import zc.buildout.buildout as real
import zc.buildout.configparser
from componentize_py_types import Err
from wit_world.imports import buildout as wit_buildout
from wit_world.imports import log as wit_log
from wit_world.imports import options as wit_options
from wit_world.imports import paths as wit_paths
from wit_world.imports import types as wit

T = TypeVar("T")


def _lookup_error(error: wit.LookupError, section: str, option: str) -> zc.buildout.UserError:
    """zc.buildout's error for the host's, with what the host needs to report it, if nothing handles it."""
    if isinstance(error.reason, wit.LookupReason_UnknownSection):
        raised = real.MissingSection(section)
    elif isinstance(error.reason, wit.LookupReason_UnknownOption):
        raised = real.MissingOption(f"Missing option: {section}:{option}")
    else:
        raised = zc.buildout.UserError(error.message)
    raised.lookup = error
    return raised


def _look_up(call: Callable[..., T], *arguments: str) -> T:
    try:
        return call(*arguments)
    except Err as error:
        section, option = (*arguments, "", "")[:2]
        raise _lookup_error(error.value, section, option) from None


_REFUSED = {
    wit_options.SetError_AfterInit: "can only be changed while parts are initialized",
    wit_options.SetError_InvalidName: "has a name that an option cannot have",
    wit_options.SetError_Limit: "is longer than buildout-host allows",
}


def _change(call: Callable[..., None], section: str, *arguments: Any) -> None:
    try:
        call(section, *arguments)
    except Err as error:
        if isinstance(error.value, wit_options.SetError_Exists):
            raise KeyError("Section already exists", section) from None
        other = isinstance(error.value, wit_options.SetError_Other)
        reason = error.value.value.message if other else _REFUSED[type(error.value)]
        option = f"option {arguments[0]!r} of " if arguments and isinstance(arguments[0], str) else ""
        raise zc.buildout.UserError(f"The {option}section {section!r} {reason}") from None


class Options(real.Options):
    """A section. That of the part that is being made is a `PartOptions`."""

    def __init__(self, buildout: "Buildout", section: str) -> None:
        self.buildout, self.name = buildout, section

    def _read(self, option: str) -> str | None:
        return _look_up(self.buildout._lent.get, self.name, option)

    def _write(self, option: str, value: str) -> None:
        _change(self.buildout._lent.set, self.name, option, value)

    def _remove(self, option: str) -> None:
        _change(self.buildout._lent.remove, self.name, option)

    def get(self, option: str, default: Any = None, seen: Any = None) -> Any:
        value = self._read(option)
        return default if value is None else value

    _get = get

    def __getitem__(self, option: str) -> str:
        value = self._read(option)
        if value is None:
            raise self._missing(option)
        return value

    def _missing(self, option: str) -> zc.buildout.UserError:
        """The error of the host, which knows what was meant, and the place."""
        try:
            self.buildout._lent.require(self.name, option)
        except Err as error:
            return _lookup_error(error.value, self.name, option)
        return real.MissingOption(f"Missing option: {self.name}:{option}")

    def __setitem__(self, option: str, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError("Option values must be strings", value)
        self._write(option, value)

    def __delitem__(self, option: str) -> None:
        if option not in self.keys():
            raise KeyError(option)
        self._remove(option)

    def keys(self) -> list[str]:
        return _look_up(self.buildout._lent.keys, self.name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __contains__(self, option: object) -> bool:
        return option in self.keys()

    def copy(self) -> dict[str, str]:
        return dict(self.items())

    def created(self, *paths: str) -> list[str]:
        raise TypeError("Attempt to register a created path while not installing", self.name)

    def get_bool(self, option: str, default: Any = None) -> bool:
        """As zc.buildout 1.5 had it."""
        return real.bool_option(self, option, default)

    def query_bool(self, option: str, default: str | None = None) -> Any:
        """As zc.buildout 1.5 had it: the default becomes the value."""
        if default is not None:
            self.setdefault(option, default)
        return self.get_bool(option) if option in self else default

    @property
    def _raw(self) -> "RawSection":
        return RawSection(self.buildout, self.name)

    @property
    def _data(self) -> dict[str, str]:
        return self.copy()

    _cooked = _data

    @property
    def recipe(self) -> Any:
        """The recipe of the part: only a recipe of the same distribution can be reached."""
        return self.buildout._recipes[self.name]

    def __deepcopy__(self, memo: object) -> "Options":
        return self


class PartOptions(Options):
    """The section of a part that is being made."""

    def __init__(self, buildout: "Buildout", lent: wit_options.Options) -> None:
        super().__init__(buildout, lent.part())
        self._lent = lent
        self._made: list[str] | None = None

    def _read(self, option: str) -> str | None:
        return _look_up(self._lent.get, option)

    def _write(self, option: str, value: str) -> None:
        _change(lambda _, *arguments: self._lent.set(*arguments), self.name, option, value)

    def _remove(self, option: str) -> None:
        _change(lambda _, *arguments: self._lent.remove(*arguments), self.name, option)

    def _missing(self, option: str) -> zc.buildout.UserError:
        try:
            self._lent.require(option)
        except Err as error:
            return _lookup_error(error.value, self.name, option)
        return super()._missing(option)

    def keys(self) -> list[str]:
        return _look_up(self._lent.keys)

    def created(self, *paths: str) -> list[str]:
        if self._made is None:
            return super().created(*paths)
        for path in paths:
            self._report(str(path))
        return self._made

    def _report(self, path: str) -> None:
        try:
            wit_paths.created(path)
        except Err as error:
            kind = type(error.value).__name__.rpartition("_")[2]
            raise zc.buildout.UserError(f"The part {self.name} cannot own the path {path} ({kind})") from None
        self._made.append(path)

    def installing(self, call: Callable[[], T]) -> T:
        """Calls the recipe, which may report what it creates."""
        self._made = []
        try:
            return call()
        finally:
            self._made = None


class RawSection(MutableMapping[str, str]):
    """A section as it is written, with its references. Extensions change it."""

    def __init__(self, buildout: "Buildout", name: str) -> None:
        self._buildout, self._name = buildout, name

    def __getitem__(self, option: str) -> str:
        value = _look_up(self._buildout._lent.raw, self._name, option)
        if value is None:
            raise KeyError(option)
        return value

    def __setitem__(self, option: str, value: str) -> None:
        _change(self._buildout._lent.set, self._name, option, str(value))

    def __delitem__(self, option: str) -> None:
        if option not in self:
            raise KeyError(option)
        _change(self._buildout._lent.remove, self._name, option)

    def __iter__(self) -> Iterator[str]:
        return iter(_look_up(self._buildout._lent.keys, self._name))

    def __len__(self) -> int:
        return len(_look_up(self._buildout._lent.keys, self._name))


class RawSections(Mapping[str, RawSection]):
    """All sections as they are written."""

    def __init__(self, buildout: "Buildout") -> None:
        self._buildout = buildout

    def __getitem__(self, section: str) -> RawSection:
        if section not in self._buildout.keys():
            raise KeyError(section)
        return RawSection(self._buildout, section)

    def __setitem__(self, section: str, options: Mapping[str, str]) -> None:
        self._buildout._add(section, options)

    def setdefault(self, section: str, options: Mapping[str, str]) -> RawSection:
        if section not in self:
            self[section] = options
        return self[section]

    def __iter__(self) -> Iterator[str]:
        return iter(self._buildout.keys())

    def __len__(self) -> int:
        return len(self._buildout.keys())


class Buildout(real.Buildout):
    """All sections. One serves all parts of an instance."""

    Options = Options

    def __init__(self) -> None:
        self._lent = wit_buildout.open()
        self._sections: dict[str, Options] = {}
        self._recipes: dict[str, Any] = {}
        self._logger = logging.getLogger("zc.buildout")

    def part(self, lent: wit_options.Options) -> PartOptions:
        """The section of the part that is being initialized."""
        options = PartOptions(self, lent)
        self._sections[options.name] = options
        return options

    def __getitem__(self, section: str) -> Options:
        known = self._sections.get(section)
        if isinstance(known, PartOptions):
            return known
        _look_up(self._lent.initialize, section)
        if known is None:
            known = self._sections.setdefault(section, Options(self, section))
        return known

    def _add(self, name: str, options: Mapping[str, Any]) -> None:
        _change(self._lent.add, name, [(option, str(value)) for option, value in options.items()])

    def __setitem__(self, name: str, data: Mapping[str, Any]) -> None:
        self._add(name, data)
        self[name]

    def parse(self, data: str) -> None:
        sections = zc.buildout.configparser.parse(io.StringIO(textwrap.dedent(data)), "", real._default_globals)
        for name, options in sections.items():
            self._add(name, options)
        for name in sections:
            self[name]

    def keys(self) -> list[str]:
        return _look_up(self._lent.sections)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __deepcopy__(self, memo: object) -> "Buildout":
        return self

    @property
    def _raw(self) -> RawSections:
        return RawSections(self)

    @property
    def _data(self) -> dict[str, Options]:
        return dict(self._sections)

    def option(self, name: str, default: str = "") -> str:
        """An option of the section `buildout`."""
        return _look_up(self._lent.get, "buildout", name) or default

    def flag(self, name: str) -> bool:
        """Whether an option of the section `buildout` is `true`."""
        return self.option(name) == "true"

    def __getattr__(self, name: str) -> Any:
        """What zc.buildout keeps in attributes. A program may set them, for itself."""
        if name not in _COMPUTED:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        return _COMPUTED[name](self)


def _hosts(buildout: Buildout) -> tuple[str, ...]:
    return tuple(host.strip() for host in buildout.option("allow-hosts", "*").split("\n") if host.strip())


def _versions(buildout: Buildout) -> Mapping[str, str]:
    section = buildout.option("versions")
    return buildout[section] if section in buildout.keys() else {}


_COMPUTED: Mapping[str, Callable[[Buildout], Any]] = {
    "offline": lambda buildout: buildout.flag("offline"),
    "newest": lambda buildout: buildout.flag("newest") and not buildout.flag("offline"),
    "show_picked_versions": lambda buildout: buildout.flag("show-picked-versions"),
    "update_versions_file": lambda buildout: buildout.option("update-versions-file"),
    "versions": _versions,
    "_allow_hosts": _hosts,
    "_annotated": lambda buildout: {name: {} for name in buildout},
    "_buildout_dir": lambda buildout: buildout.option("directory"),
    "_data": lambda buildout: dict(buildout._sections),
    "_links": lambda buildout: buildout.option("find-links").split(),
    "_log_level": lambda buildout: wit_log.threshold(),
    "_parts": lambda buildout: buildout.option("parts").split(),
    "_raw": RawSections,
}
