"""Grants that a recipe requests in addition to its location (read and write) and the buildout directory (read).

It gets only what `recipes.toml` grants. In `read`, `write` and `env`, references such as `${buildout:directory}` are replaced.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from wit_world.exports import description as _wit

Grant: TypeAlias = _wit.Grant


def read(directory: str) -> Grant:
    """Reading the directory and everything below it."""
    return _wit.Grant_Read(directory)


def write(directory: str) -> Grant:
    """Reading and writing the directory and everything below it."""
    return _wit.Grant_Write(directory)


def env(variable: str) -> Grant:
    """Reading the environment variable."""
    return _wit.Grant_Env(variable)


def run(program: str) -> Grant:
    """Starting the native command: a name, an absolute path, or `*` for all."""
    return _wit.Grant_Run(program)


def fetch(address: str) -> Grant:
    """Downloading from URLs with this prefix, or `*` for all."""
    return _wit.Grant_Fetch(address)


def distributions() -> Grant:
    """Installing Python distributions with the settings of the buildout, and generating scripts."""
    return _wit.Grant_Distributions()


def network(program: str) -> Grant:
    """Network access for the native command: a name or an absolute path."""
    return _wit.Grant_Network(program)


def memory(size: int) -> Grant:
    """Using up to this many bytes of memory."""
    return _wit.Grant_Memory(size)


def timeout(time: timedelta) -> Grant:
    """Running for up to this much time per call."""
    return _wit.Grant_Timeout(time // timedelta(milliseconds=1))


def other(name: str, value: str) -> Grant:
    """A grant that has no function in this version."""
    return _wit.Grant_Other(_wit.OtherGrant(name, value))
