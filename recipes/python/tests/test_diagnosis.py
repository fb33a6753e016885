"""What is said of programs that cannot run."""

from __future__ import annotations

import importlib.util
import os
import sys
import textwrap
import unittest
from typing import Any

from buildout_runtime import errors, missing
from buildout_runtime.diagnosis import diagnose
from buildout_runtime.loading import SourceLoader
from buildout_runtime.unavailable import NativeModuleUnavailable
from wit_world.imports import types as wit

from .support import HostTest


class DiagnosisTest(HostTest):
    def run_module(self, text: str) -> BaseException:
        """What a module with this text raises."""
        path = os.path.join(self.directory, "program.py")
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        spec: Any = importlib.util.spec_from_file_location("program", path, loader=SourceLoader("program", path))
        try:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        except BaseException as error:
            return error
        raise AssertionError("nothing was raised")

    def code(self, text: str) -> str | None:
        found = diagnose(self.run_module(text))
        return found.code if found else None

    def test_python_2(self) -> None:
        for text in (
            "print 'hello'",
            "try:\n    pass\nexcept Exception, e:\n    pass",
            "raise ValueError, 'x'",
            "exec 'x' in {}",
            "x = 0777",
            "import urllib2",
            "import ConfigParser",
            "import urllib\nurllib.quote('x')",
            "{}.has_key('x')",
            "unicode('x')",
            "import string\nstring.letters",
        ):
            with self.subTest(text):
                self.assertEqual(self.code(text), "python-2")

    @unittest.skipIf(sys.version_info < (3, 12), "the error does not have the name before")
    def test_names_that_went_elsewhere(self) -> None:
        self.assertEqual(self.code("from urllib import urlopen"), "python-2")

    def test_what_only_looks_like_it(self) -> None:
        for text in ("x = (", "undefined_name", "None.quote", "import os\nos.nothing", "raise ValueError('print x')"):
            with self.subTest(text):
                self.assertIsNone(self.code(text))

    def test_modules(self) -> None:
        self.assertEqual(self.code("import there_is_no_such_module"), "missing-module")
        self.assertIsNone(self.code("raise ImportError('by hand')"))

    def test_a_module_next_to_the_importing_file(self) -> None:
        """Python 2 found it: `from base import x` in a package."""
        with open(os.path.join(self.directory, "base.py"), "w"):
            pass
        self.assertEqual(self.code("from base import x"), "python-2")

    def test_a_traceback_has_the_lines_of_the_author(self) -> None:
        error = self.run_module("def f():\n    return 1 / 0\n\nf()\n")
        failure = errors.failure(error)
        assert isinstance(failure, wit.Failure_Explained)
        trace = [
            (line.line, line.function, line.text) for line in failure.value.trace if line.file.endswith("program.py")
        ]
        self.assertEqual(trace, [(4, "", "f()"), (2, "f", "return 1 / 0")])
        self.assertEqual(failure.value.message, "ZeroDivisionError: division by zero")

    def test_the_end_of_the_run(self) -> None:
        self.assertEqual(errors.failure(SystemExit("bye")), wit.Failure_UserError("bye"))


class NativeModuleTest(HostTest):
    def test_machine_code_fails_when_it_is_used(self) -> None:
        with open(os.path.join(self.directory, "fast.cpython-311-x86_64-linux-gnu.so"), "w"):
            pass
        spec = missing.Finder.find_spec("fast", [self.directory])
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        fast_error = module.Error
        try:
            raise ValueError
        except (fast_error, ValueError):
            pass
        with self.assertRaises(NativeModuleUnavailable) as raised:
            module.parse("x")
        self.assertIn("fast.cpython-311-x86_64-linux-gnu.so", str(raised.exception))

    def test_other_modules_stay_missing(self) -> None:
        self.assertIsNone(missing.Finder.find_spec("nothing_of_this_name", [self.directory]))
