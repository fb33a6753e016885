"""Commands."""

import os
import shutil
import subprocess
import tempfile
from subprocess import PIPE, STDOUT, Popen

from runtime_checks.checking import CheckingRecipe


class Recipe(CheckingRecipe):
    """Checks `subprocess`, `os.system` and their like."""

    def check(self, checks, location):
        the_module(checks)
        streams(checks)
        files(checks, location)
        surroundings(checks)
        errors(checks)
        other_ways(checks)


def the_module(checks):
    checks.equal("call", subprocess.call(["true"]), 0)
    checks.equal("status", subprocess.call("exit 3", shell=True), 3)
    checks.equal("output", subprocess.check_output(["echo", "a b"]), b"a b\n")
    checks.equal("run", subprocess.run(["echo", "r"], capture_output=True, text=True).stdout, "r\n")
    failed = checks.raises("check_call", subprocess.CalledProcessError, subprocess.check_call, ["false"])
    checks.equal("returncode", failed and failed.returncode, 1)
    checks.equal("getoutput", subprocess.getoutput("echo g"), "g")


def streams(checks):
    merged = subprocess.check_output("echo x; echo y >&2", shell=True, text=True, stderr=STDOUT)
    checks.equal("merged", merged, "x\ny\n")
    both = Popen("echo out; echo err >&2; exit 2", shell=True, stdout=PIPE, stderr=PIPE, universal_newlines=True)
    checks.equal("both", both.communicate(), ("out\n", "err\n"))
    checks.equal("status of both", both.returncode, 2)
    checks.equal("input", Popen(["cat"], stdin=PIPE, stdout=PIPE).communicate(b"in"), (b"in", None))
    first = Popen(["printf", "b\\na\\n"], stdout=PIPE)
    second = Popen(["sort"], stdin=first.stdout, stdout=PIPE)
    first.stdout.close()
    checks.equal("pipeline", second.communicate()[0], b"a\nb\n")
    with Popen(["printf", "1\\n2\\n"], stdout=PIPE, text=True) as lines:
        checks.equal("lines", list(lines.stdout), ["1\n", "2\n"])
    checks.equal("discarded", subprocess.call(["echo", "never shown"], stdout=subprocess.DEVNULL), 0)


def files(checks, location):
    path = os.path.join(location, "log")
    with open(path, "w") as file:
        file.write("first\n")
        subprocess.call(["echo", "second"], stdout=file, stderr=STDOUT)
        file.write("third\n")
    with open(path) as file:
        checks.equal("appended", file.read(), "first\nsecond\nthird\n")
    with open(path) as file:
        checks.equal("input from a file", subprocess.check_output(["wc", "-l"], stdin=file).strip(), b"3")
    with tempfile.TemporaryFile() as file:
        subprocess.call(["echo", "tmp"], stdout=file)
        file.seek(0)
        checks.equal("temporary file", file.read(), b"tmp\n")
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("seen")
        file.flush()
        checks.equal("seen by commands", subprocess.check_output(["cat", file.name]), b"seen")


def surroundings(checks):
    own = subprocess.check_output(["/bin/sh", "-c", "echo $FOO"], env={"FOO": "bar", "PATH": os.environ["PATH"]})
    checks.equal("env", own, b"bar\n")
    os.environ["INHERITED"] = "yes"
    checks.equal("environ", subprocess.check_output("echo $INHERITED", shell=True), b"yes\n")
    checks.equal("cwd", subprocess.check_output(["pwd"], cwd="/").strip(), b"/")


def errors(checks):
    checks.raises("no program", FileNotFoundError, subprocess.call, ["no-such-program"])
    checks.raises("no directory", FileNotFoundError, subprocess.call, ["true"], cwd="/no/such")
    checks.raises("timeout", subprocess.TimeoutExpired, subprocess.run, ["sleep", "60"], timeout=0.2)
    checks.equal("signal", subprocess.call("kill -9 $$", shell=True), -9)
    checks.raises("fork", Exception, os.fork)
    checks.raises("execv", Exception, os.execv, "/bin/true", ["true"])


def other_ways(checks):
    checks.equal("system", os.system("exit 2"), 512)
    checks.equal("popen", os.popen("echo p").read(), "p\n")
    checks.equal("popen's status", os.popen("exit 1").close(), 256)
    checks.equal("spawnlp", os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 4"), 4)
    checks.true("which", (shutil.which("sh") or "").endswith("/sh"))
    checks.equal("which of nothing", shutil.which("no-such-program"), None)
