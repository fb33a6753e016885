"""The arguments of a recipe's `init`: its options and the buildout."""

from __future__ import annotations

from collections.abc import Iterator
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
        """Sets the option, for this part and all sections that reference it. Only in `init`."""
        try:
            self._lent.set(name, value)
        except Err as error:
            if isinstance(error.value, wit.SetError_Other):
                message, reason = error.value.value.message, error.value.value.code
            else:
                reason = kebab(error.value)
                message = _SET_ERRORS.get(reason, reason)
            raise OptionError(f"option {name!r} {message}", reason) from None

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
    "after-init": "was set after init",
    "invalid-name": "is not a valid option name",
    "limit": "is longer than the host allows",
}


class Buildout:
    """The other sections. Reading one makes the part depend on it. Only in `init`."""

    def __init__(self, lent: wit_buildout.Buildout) -> None:
        self._lent = lent

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
