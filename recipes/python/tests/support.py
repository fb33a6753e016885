"""What the tests have in common: fakes of what the host provides.

The tests run in an ordinary Python, with the bindings that componentize-py generates: their functions do nothing, and each test
replaces those that it needs. What WASI and the component add is tested in the component, by the host's tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from types import ModuleType
from typing import Any
from unittest import mock

from componentize_py_types import Err
from wit_world.imports import buildout as wit_buildout
from wit_world.imports import log, options, paths, process, types

# The tests replace it.
_Popen = subprocess.Popen


def replace(test: unittest.TestCase, module: ModuleType, **functions: Any) -> None:
    """Replaces functions of generated bindings for the length of a test."""
    for name, function in functions.items():
        patch = mock.patch.object(module, name, function)
        patch.start()
        test.addCleanup(patch.stop)


class Sections:
    """The buildout of the host, with sections whose values have no references."""

    def __init__(self, **sections: dict[str, str]) -> None:
        self.sections_ = {"buildout": {"directory": "/buildout", "versions": "versions"}, "versions": {}, **sections}
        self.initialized: list[str] = []

    def _section(self, name: str) -> dict[str, str]:
        if name not in self.sections_:
            raise Err(types.LookupError(types.LookupReason_UnknownSection(), f"no section {name}", 7))
        return self.sections_[name]

    def initialize(self, section: str) -> None:
        self._section(section)
        self.initialized.append(section)

    def get(self, section: str, name: str) -> str | None:
        return self._section(section).get(name)

    raw = get

    def require(self, section: str, name: str) -> str:
        if name not in self._section(section):
            raise Err(types.LookupError(types.LookupReason_UnknownOption(), f"no option {section}:{name}", 8))
        return self.sections_[section][name]

    def sections(self) -> list[str]:
        return list(self.sections_)

    def keys(self, section: str) -> list[str]:
        return list(self._section(section))

    def set(self, section: str, name: str, value: str) -> None:
        self.sections_.setdefault(section, {})[name] = value

    def remove(self, section: str, name: str) -> None:
        self._section(section).pop(name, None)

    def add(self, section: str, values: list[tuple[str, str]]) -> None:
        if section in self.sections_:
            raise Err(options.SetError_Exists())
        self.sections_[section] = dict(values)


class Part:
    """The options of a part, as the host lends them."""

    def __init__(self, sections: Sections, name: str) -> None:
        self._sections, self._name = sections, name

    def part(self) -> str:
        return self._name

    def get(self, name: str) -> str | None:
        return self._sections.get(self._name, name)

    def require(self, name: str) -> str:
        return self._sections.require(self._name, name)

    def set(self, name: str, value: str) -> None:
        self._sections.set(self._name, name, value)

    def remove(self, name: str) -> None:
        self._sections.remove(self._name, name)

    def keys(self) -> list[str]:
        return self._sections.keys(self._name)


class Runner:
    """Runs commands of the machine."""

    commands: list[process.Command] = []

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *error: object) -> None: ...

    def run(self, command: process.Command) -> process.Outcome:
        self.commands.append(command)
        try:
            status = _run(command)
        except PermissionError as error:
            raise Err(process.ProcessError_NotExecutable(str(error))) from None
        except FileNotFoundError as error:
            raise Err(process.ProcessError_NotFound(str(error))) from None
        except subprocess.TimeoutExpired:
            return process.Outcome(process.Ending_TimedOut(), b"", b"")
        ending = process.Ending_Exited(status) if status >= 0 else process.Ending_Signalled(-status)
        return process.Outcome(ending, b"", b"")


def _run(command: process.Command) -> int:
    given = command.standard_input
    source: Any = subprocess.DEVNULL
    if isinstance(given, process.Input_File):
        source = open(given.value, "rb")
    elif isinstance(given, process.Input_Bytes):
        source = subprocess.PIPE
    started = _Popen(
        [command.program, *command.arguments],
        cwd=command.directory,
        env=dict(command.environment),
        stdin=source,
        stdout=_sink(command.standard_output),
        stderr=_sink(command.standard_error),
    )
    try:
        given_bytes = given.value if isinstance(given, process.Input_Bytes) else None
        started.communicate(given_bytes, command.deadline / 1000 if command.deadline is not None else None)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
        raise
    return started.returncode


def _sink(output: process.Output) -> Any:
    if isinstance(output, process.Output_File):
        return open(output.value.path, "ab" if output.value.append else "wb")
    if isinstance(output, process.Output_AsOutput):
        return subprocess.STDOUT
    return subprocess.DEVNULL


class HostTest(unittest.TestCase):
    """A test with a host that provides the machine's own commands, and a temporary directory."""

    def setUp(self) -> None:
        self.directory = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.messages: list[tuple[str, log.Level, str]] = []
        environment = [("PATH", os.environ["PATH"])]
        replace(self, process, open=lambda programs: Runner(), environment=lambda: environment, find=_find)
        replace(self, paths, temporary_directory=lambda: self.directory, created=lambda path: None)
        replace(
            self,
            log,
            message=lambda level, text: self.messages.append(("", level, text)),
            message_from=lambda name, level, text: self.messages.append((name, level, text)),
            threshold=lambda: 20,
        )

    def buildout(self, **sections: dict[str, str]) -> tuple[Any, Sections]:
        from buildout_runtime.buildout import Buildout

        lent = Sections(**sections)
        replace(self, wit_buildout, open=lambda: lent)
        return Buildout(), lent


def _find(program: str, path: list[str] | None) -> str | None:
    return shutil.which(program, path=None if path is None else os.pathsep.join(path))
