"""`os.environ`: what commands see. Knows nothing of commands.

The environment belongs to the instance: what a program changes there stays, as in one process of zc.buildout.
"""

from __future__ import annotations

import os

from wit_world.imports import process as wit

_given: dict[str, str] = {}


def begin() -> None:
    """Takes over what the host gives. Variables that a program has changed keep their values."""
    given = dict(wit.environment())
    for name in _given.keys() - given.keys():
        if os.environ.get(name) == _given[name]:
            del os.environ[name]
    for name, value in given.items():
        if os.environ.get(name) == _given.get(name):
            os.environ[name] = value
    _given.clear()
    _given.update(given)


def changes() -> dict[str, str]:
    """The variables that a program has set, or given another value."""
    return {name: value for name, value in os.environ.items() if _given.get(name) != value}
