"""What a recipe's author derives from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import grant
from ._options import Buildout, Options

Paths = str | Iterable[str] | None
"""Paths that make up a part: one, several, or none. Absolute, or relative to the buildout directory."""


class option:
    """Describes an option of a recipe, and gives its value as an attribute of the part.

    `type` is `text`, `path`, `boolean`, `integer`, `words` (separated by white space), `lines` (one item per line), or the
    name of a type that this version does not know; `choices` makes it one of these. The value is always text, and none if
    the option is left out and has no default.
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
            raise ValueError(f"option {name!r} is required, and so has no default")
        self.name, self.type, self.required, self.default = name, type, required, default
        self.choices, self.help = choices, help

    def __get__(self, recipe: Recipe | None, owner: object = None) -> str:
        if recipe is None:
            return self  # type: ignore[return-value]
        if self.required:
            return recipe.options.require(self.name)
        return recipe.options.get(self.name, self.default)  # type: ignore[arg-type]


class Recipe:
    """One kind of part; an instance is a part. The docstring of the class says what it makes.

    A part without a method `update` is installed again in each run. A method `uninstall` is called before the part's paths
    are removed.
    """

    options: Options
    """The part's own section."""

    described: Sequence[option] = ()
    """Options beside those that are attributes."""

    grants: Sequence[grant.Grant] = ()
    """What the recipe needs beyond its own location and reading the buildout: see `buildout_recipe.grant`."""

    def init(self, options: Options, buildout: Buildout) -> None:
        """Reads and completes the part's options. Must not make anything.

        The part is made again when its options differ from those of the previous run: what is read from other sections and
        decides what the part is like should be set in its own.
        """

    def install(self) -> Paths:
        """Makes the part, and returns the paths that make it up."""
        raise NotImplementedError(f"{type(self).__name__} has no method install")

    # Only described: that a recipe has these methods is what tells the host.
    #
    # def update(self) -> Paths:
    #     Brings the part up to date, whose options have not changed. Returns the paths that make it up, or None if they are
    #     as before.
    #
    # @classmethod
    # def uninstall(cls, part: str, recorded: Mapping[str, str]) -> None:
    #     Undoes what the part did elsewhere. `recorded` are its options when it was installed; its section may be gone.


def options_of(recipe: type[Recipe]) -> list[option]:
    """The options that a recipe describes, in the order in which they are written; those of base classes first."""
    found: dict[str, option] = {}
    for owner in reversed(recipe.__mro__):
        for value in vars(owner).values():
            if isinstance(value, option):
                found[value.name] = value
    for value in recipe.described:
        found[value.name] = value
    return list(found.values())
