"""Distributions of the host as `pkg_resources` has them, and the other way round. Knows nothing of how they are found."""

from __future__ import annotations

import os
from collections.abc import Iterable

import zc.buildout  # brings its own pkg_resources
import pkg_resources
from wit_world.imports import distributions as wit

_PRECEDENCE = {
    wit.DistributionKind.DEVELOP: pkg_resources.DEVELOP_DIST,
    wit.DistributionKind.EGG: pkg_resources.EGG_DIST,
    wit.DistributionKind.OTHER: pkg_resources.EGG_DIST,
}
_KINDS = {
    pkg_resources.DEVELOP_DIST: wit.DistributionKind.DEVELOP,
    pkg_resources.EGG_DIST: wit.DistributionKind.EGG,
}


class _Metadata(pkg_resources.PathMetadata):
    """Metadata in a directory that need not lie next to the modules."""


def from_host(found: wit.Distribution) -> pkg_resources.Distribution:
    """A distribution of the host."""
    is_wheel = found.metadata.endswith(".dist-info")
    kind = pkg_resources.DistInfoDistribution if is_wheel else pkg_resources.EggInfoDistribution
    return kind(
        location=found.location,
        metadata=_Metadata(found.location, found.metadata),
        project_name=found.name,
        version=found.version,
        py_version=pkg_resources.PY_MAJOR,
        precedence=_PRECEDENCE[found.kind],
    )


def to_host(found: pkg_resources.Distribution) -> wit.Distribution:
    """A distribution for the host."""
    metadata = getattr(found._provider, "egg_info", None) or ""
    kind = _KINDS.get(found.precedence, wit.DistributionKind.OTHER)
    return wit.Distribution(found.project_name, found.version, found.location or "", metadata, kind, [])


def working_set_of(found: Iterable[pkg_resources.Distribution]) -> pkg_resources.WorkingSet:
    """A working set with these, in this order."""
    made = pkg_resources.WorkingSet([])
    for distribution in found:
        # Not with `replace`: that puts each one before those that are there.
        made.add(distribution)
    return made


def is_beneath(path: str, directory: str) -> bool:
    """Whether a path is a directory, or lies beneath it."""
    return path == directory or path.startswith(os.path.join(directory, ""))
