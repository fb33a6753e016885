"""`subprocess` and `os.system` over the host's commands."""

from __future__ import annotations

import os
import subprocess
import tempfile
from unittest import mock

from buildout_runtime import process
from buildout_runtime.process import Popen
from buildout_runtime.unavailable import Unavailable

from .support import HostTest, Runner

PIPE, STDOUT = subprocess.PIPE, subprocess.STDOUT


class ProcessTest(HostTest):
    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.object(subprocess, "Popen", Popen)
        patch.start()
        self.addCleanup(patch.stop)
        Runner.commands = []

    def test_the_module_subprocess(self) -> None:
        self.assertEqual(subprocess.call(["true"]), 0)
        self.assertEqual(subprocess.call("exit 3", shell=True), 3)
        self.assertEqual(subprocess.check_output(["echo", "a b"]), b"a b\n")
        self.assertEqual(subprocess.run(["echo", "r"], capture_output=True, text=True).stdout, "r\n")
        self.assertEqual(subprocess.getoutput("echo g"), "g")
        with self.assertRaises(subprocess.CalledProcessError) as raised:
            subprocess.check_call("exit 2", shell=True)
        self.assertEqual(raised.exception.returncode, 2)

    def test_streams(self) -> None:
        both = Popen("echo out; echo err >&2", shell=True, stdout=PIPE, stderr=PIPE, universal_newlines=True)
        self.assertEqual(both.communicate(), ("out\n", "err\n"))
        self.assertEqual(subprocess.check_output("echo x; echo y >&2", shell=True, stderr=STDOUT), b"x\ny\n")
        lines = Popen(["printf", "1\\n2\\n"], stdout=PIPE, text=True)
        self.assertEqual(list(lines.stdout), ["1\n", "2\n"])
        self.assertEqual(Popen(["cat"], stdin=PIPE, stdout=PIPE).communicate(b"in"), (b"in", None))

    def test_a_pipeline_goes_through_files(self) -> None:
        first = Popen(["printf", "b\\na\\n"], stdout=PIPE)
        second = Popen(["sort"], stdin=first.stdout, stdout=PIPE)
        self.assertEqual(second.communicate()[0], b"a\nb\n")

    def test_output_follows_what_a_file_has_already(self) -> None:
        path = os.path.join(self.directory, "log")
        with open(path, "w") as file:
            file.write("first\n")
            subprocess.call(["echo", "second"], stdout=file, stderr=STDOUT)
            file.write("third\n")
        with open(path) as file:
            self.assertEqual(file.read(), "first\nsecond\nthird\n")
        with open(path) as file:
            self.assertEqual(subprocess.check_output(["wc", "-l"], stdin=file).strip(), b"3")
        with tempfile.TemporaryFile(dir=self.directory) as file:
            subprocess.call(["echo", "by number"], stdout=file.fileno())
            file.seek(0)
            self.assertEqual(file.read(), b"by number\n")

    def test_directory_and_environment(self) -> None:
        self.assertEqual(subprocess.check_output(["pwd"], cwd=self.directory).strip(), self.directory.encode())
        printed = subprocess.check_output(["/bin/sh", "-c", "echo $A-$HOME"], env={"A": "b"})
        self.assertEqual(printed, b"b-\n")

    def test_what_is_missing(self) -> None:
        with self.assertRaises(FileNotFoundError):
            Popen(["no-such-program"])
        with self.assertRaises(FileNotFoundError):
            Popen(["true"], cwd="/no/such/directory")
        with self.assertRaises(FileNotFoundError):
            Popen([self.directory + "/nothing"]).wait()
        with self.assertRaises(Unavailable):
            Popen(["true"], preexec_fn=os.setsid)

    def test_ends(self) -> None:
        self.assertEqual(subprocess.call("kill -9 $$", shell=True), -9)
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run(["sleep", "60"], timeout=0.05)
        self.assertEqual(process._system("exit 2"), 512)

    def test_commands_run_in_the_order_in_which_they_were_started(self) -> None:
        Popen(["echo", "not waited for"])
        Popen(["echo", "neither"])
        self.assertEqual(len(Runner.commands), 1)
        process.flush()
        self.assertEqual([command.arguments for command in Runner.commands], [["not waited for"], ["neither"]])
