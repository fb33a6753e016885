"""The arguments of a recipe's `init`: its options and the buildout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import overload

from componentize_py_types import Err
from wit_world.imports import buildout as wit_buildout
from wit_world.imports import options as wit

from ._errors import OptionError, kebab, lookup_error


class Options:
    """The part's own section. All values are strings. You can keep it: reading works for the lifetime of the part.

    `options["name"]` calls `require`, and `options["name"] = value` calls `set`.
    """

    def __init__(self, lent: wit.Options) -> None:
        self._lent = lent

    @property
    def part(self) -> str:
        """The name of the part."""
        return self._lent.part()

    @property
    def location(self) -> str:
        """The absolute path of the part's own directory. The recipe may create, write to and remove it."""
        return self._lent.location()

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The option's value with all references replaced, or `default` if it is missing."""
        try:
            value = self._lent.get(name)
        except Err as error:
            raise lookup_error(error) from None
        return default if value is None else value

    def require(self, name: str) -> str:
        """The option's value. For a missing option, the error suggests a similar name."""
        try:
            return self._lent.require(name)
        except Err as error:
            raise lookup_error(error) from None

    def set(self, name: str, value: str) -> None:
        """Sets the option, for this part and all sections that reference it. Outside `init`, it is not recorded."""
        try:
            self._lent.set(name, value)
        except Err as error:
            raise _set_error(f"option {name!r}", error) from None

    def remove(self, name: str) -> None:
        """Removes the option. A missing option is not an error."""
        try:
            self._lent.remove(name)
        except Err as error:
            raise _set_error(f"option {name!r}", error) from None

    def keys(self) -> list[str]:
        """The names of the options, in the order in which they were written."""
        try:
            return self._lent.keys()
        except Err as error:
            raise lookup_error(error) from None

    def __getitem__(self, name: str) -> str:
        return self.require(name)

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


_SET_ERRORS = {
    "after-init": "cannot be changed in this call",
    "invalid-name": "does not have a valid name",
    "exists": "exists",
    "limit": "is longer than buildout-host allows",
}


def _set_error(named: str, error: Err[wit.SetError]) -> OptionError:
    if isinstance(error.value, wit.SetError_Other):
        return OptionError(f"{named} cannot be changed: {error.value.value.message}", error.value.value.code)
    reason = kebab(error.value)
    return OptionError(f"{named} {_SET_ERRORS.get(reason, reason)}", reason)


class Buildout:
    """The sections of the buildout.

    In `init`, reading one makes the part depend on it, and initializes it first if it has a recipe. In other calls, its current
    options are returned: `Buildout()` can be made in each of them, and kept.
    """

    def __init__(self, lent: wit_buildout.Buildout | None = None) -> None:
        self._lent = wit_buildout.open() if lent is None else lent

    @property
    def directory(self) -> str:
        """The absolute path of the buildout directory."""
        return self.require("buildout", "directory")

    @overload
    def get(self, section: str, name: str) -> str | None: ...
    @overload
    def get(self, section: str, name: str, default: str) -> str: ...
    def get(self, section: str, name: str, default: str | None = None) -> str | None:
        """The option's value, or `default` if it is missing. Does not mark an option of the part itself as used."""
        try:
            value = self._lent.get(section, name)
        except Err as error:
            raise lookup_error(error) from None
        return default if value is None else value

    def require(self, section: str, name: str) -> str:
        """The option's value."""
        try:
            return self._lent.require(section, name)
        except Err as error:
            raise lookup_error(error) from None

    def keys(self, section: str) -> list[str]:
        """The names of the section's options, in the order in which they were written."""
        try:
            return self._lent.keys(section)
        except Err as error:
            raise lookup_error(error) from None

    def sections(self) -> list[str]:
        """The names of all sections, in the order in which they were first written. This creates no dependency."""
        try:
            return self._lent.sections()
        except Err as error:
            raise lookup_error(error) from None

    def initialize(self, section: str) -> None:
        """Reads a section without reading an option. In `init`, this initializes the section if it has a recipe."""
        try:
            self._lent.initialize(section)
        except Err as error:
            raise lookup_error(error) from None

    def raw(self, section: str, name: str) -> str | None:
        """The option's value with its references not replaced. This creates no dependency."""
        try:
            return self._lent.raw(section, name)
        except Err as error:
            raise lookup_error(error) from None

    def add(self, section: str, options: Mapping[str, str]) -> None:
        """Adds a section. If it has a recipe, it becomes a part when it is read. Only in `init`."""
        try:
            self._lent.add(section, list(options.items()))
        except Err as error:
            raise _set_error(f"section {section!r}", error) from None

    def set(self, section: str, name: str, value: str) -> None:
        """Sets an option of a section that the part has added. Only in `init`."""
        try:
            self._lent.set(section, name, value)
        except Err as error:
            raise _set_error(f"option {section}:{name}", error) from None

    def remove(self, section: str, name: str) -> None:
        """Removes an option of a section that the part has added. Only in `init`."""
        try:
            self._lent.remove(section, name)
        except Err as error:
            raise _set_error(f"option {section}:{name}", error) from None
