"""The metadata of the distributions that are in the component: its files are read while it is built, as they are gone when it runs.

Serves `importlib.metadata` and `pkg_resources`. Knows nothing of recipes.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import packaging
import zc.buildout  # brings its own pkg_resources
import pkg_resources

_FILES = ("METADATA", "entry_points.txt", "top_level.txt")


def normalized(name: str) -> str:
    """The name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Provided(importlib.metadata.Distribution):
    """A distribution in the component."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files
        self.known_name, self.known_version = super().name, super().version

    @property
    def name(self) -> str:
        """Known beforehand: reading it out of the metadata takes long."""
        return self.known_name

    @property
    def version(self) -> str:
        """As `name`."""
        return self.known_version

    def read_text(self, filename: str) -> str | None:
        return self._files.get(filename)

    def locate_file(self, path: Any) -> Any:
        raise FileNotFoundError(f"{path} is part of the Python runtime, not a file")


class _Provider(pkg_resources.EmptyProvider):
    """The same files, as `pkg_resources` asks for them."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__()
        self._files = files

    def has_metadata(self, name: str) -> bool:
        return name in self._files

    def get_metadata(self, name: str) -> str:
        return self._files[name]

    def get_metadata_lines(self, name: str) -> Iterator[str]:
        return pkg_resources.yield_lines(self._files.get(name, ""))


_provided: dict[str, Provided] = {}


class Finder(importlib.metadata.DistributionFinder):
    """Finds the distributions in the component."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        return None

    def find_distributions(self, context: Any = importlib.metadata.DistributionFinder.Context()) -> Iterable[Provided]:
        if context.path is not sys.path:
            return []  # Asked about other directories than those of this program.
        if context.name is None:
            return list(_provided.values())
        found = _provided.get(normalized(context.name))
        return [] if found is None else [found]


def provided() -> list[tuple[str, str]]:
    """Names and versions, by name."""
    return sorted((found.name, found.version) for found in _provided.values())


def distributions(elsewhere: Mapping[str, str]) -> Iterator[pkg_resources.Distribution]:
    """The distributions as `pkg_resources` has them. Their place is where another one of the same name lies, by its normalized
    name; for the others it is that of no file."""
    for name, found in _provided.items():
        yield pkg_resources.DistInfoDistribution(
            location=elsewhere.get(name, f"/python-runtime/{found.name}"),
            metadata=_Provider(found._files),
            project_name=found.name,
            version=found.version,
            precedence=pkg_resources.EGG_DIST,
        )


def is_provided(name: str) -> bool:
    """Whether a distribution of this name is in the component."""
    return normalized(name) in _provided


def collect() -> None:
    """Reads the files while the component is built. Distributions in other directories on the path are left out: they are not in
    the component."""
    packages = os.path.dirname(os.path.dirname(packaging.__file__))
    for found in importlib.metadata.distributions(path=[packages]):
        files = {name: text for name in _FILES if (text := found.read_text(name)) is not None}
        _provided[normalized(found.name)] = Provided(files)
    sys.meta_path.append(Finder())
