"""The base class of recipes, and the description of options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import grant
from ._options import Buildout, Options

Paths = str | Iterable[str] | None
"""The paths that belong to a part: one, several, or none. They are absolute, or relative to the buildout directory."""


class option:
    """Describes an option of a recipe. On an instance, the attribute is the option's value.

    `type` is `text`, `path`, `boolean`, `integer`, `words` (separated by whitespace), `lines` (one item per line), or a type
    that this version does not know. `choices` restricts the value to the given ones. The value is always a string, or none if
    the option is missing and has no default.
    """

    def __init__(
        self,
        name: str,
        *,
        type: str = "text",
        required: bool = False,
        default: str | None = None,
        choices: Sequence[str] | None = None,
        help: str = "",
    ) -> None:
        if required and default is not None:
            raise ValueError(f"option {name!r} is required and cannot have a default")
        self.name, self.type, self.required, self.default = name, type, required, default
        self.choices, self.help = choices, help

    def __get__(self, recipe: Recipe | None, owner: object = None) -> str:
        if recipe is None:
            return self  # type: ignore[return-value]
        if self.required:
            return recipe.options.require(self.name)
        return recipe.options.get(self.name, self.default)  # type: ignore[arg-type]


class Recipe:
    """A recipe: one kind of part. An instance is a part. The docstring of the class is its documentation.

    Without a method `update`, a part is installed again in each run. The method `uninstall`, if any, is called before the
    part's paths are removed.
    """

    options: Options
    """The part's own section."""

    described: Sequence[option] = ()
    """Options in addition to those that are attributes."""

    grants: Sequence[grant.Grant] = ()
    """The grants that the recipe requests: see `buildout_recipe.grant`."""

    other_options = False
    """Whether the recipe may read options that it does not describe: the host then does not report those as misspelled."""

    def init(self, options: Options, buildout: Buildout) -> None:
        """Reads and completes the part's options. It must not create anything.

        The part is reinstalled when its options differ from those of the previous run. Therefore set values from other
        sections that affect the part as options of the part.
        """

    def install(self) -> Paths:
        """Makes the part, and returns the paths that belong to it."""
        raise NotImplementedError(f"{type(self).__name__} has no method install")

    # Not defined here, because the SDK detects whether a recipe has these methods.
    #
    # def update(self) -> Paths:
    #     Updates a part whose options have not changed. Returns the paths that belong to it, or None if they have not
    #     changed.
    #
    # @classmethod
    # def uninstall(cls, part: str, recorded: Mapping[str, str]) -> None:
    #     Undoes what the part did elsewhere. `recorded` contains its options at installation, because its section may no
    #     longer exist.


def options_of(recipe: type[Recipe]) -> list[option]:
    """The options that a recipe describes, in the order of the source; those of base classes come first."""
    found: dict[str, option] = {}
    for owner in reversed(recipe.__mro__):
        for value in vars(owner).values():
            if isinstance(value, option):
                found[value.name] = value
    for value in recipe.described:
        found[value.name] = value
    return list(found.values())
