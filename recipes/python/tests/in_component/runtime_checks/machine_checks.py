"""The machine, and the buildout's Python."""

import distutils.sysconfig
import importlib.metadata
import multiprocessing
import os
import platform
import socket
import subprocess
import sys
import sysconfig

import pkg_resources
from packaging.markers import Marker
from packaging.tags import sys_tags
from runtime_checks.checking import CheckingRecipe


class Recipe(CheckingRecipe):
    """Checks `platform`, `sysconfig`, `pkg_resources` and their like."""

    def check(self, checks, location):
        machine(checks)
        python(checks)
        packages(checks)


def machine(checks):
    checks.equal("sys.platform", sys.platform, "linux")
    checks.equal("system", platform.system(), os.uname()[0])
    checks.equal("machine", platform.machine(), subprocess.check_output(["uname", "-m"], text=True).strip())
    checks.equal("host name", socket.gethostname(), subprocess.check_output(["uname", "-n"], text=True).strip())
    checks.true("processors", multiprocessing.cpu_count() >= 1)
    checks.true("platform", platform.platform())
    checks.equal("bits", platform.architecture()[0][-3:], "bit")


def python(checks):
    asked = "import platform, sysconfig; print(platform.python_version()); print(sysconfig.get_path('purelib'))"
    version, purelib = subprocess.check_output([sys.executable, "-c", asked], text=True).split("\n")[:2]
    short = ".".join(version.split(".")[:2])
    checks.equal("python_version", platform.python_version(), version)
    checks.equal("sys.version", sys.version.split()[0], version)
    checks.equal("purelib", sysconfig.get_path("purelib"), purelib)
    checks.equal("get_python_lib", distutils.sysconfig.get_python_lib(), purelib)
    checks.equal("PY_MAJOR", pkg_resources.PY_MAJOR, short)
    checks.equal("Environment", pkg_resources.Environment([]).python, short)
    checks.true("marker", Marker(f"python_version == '{short}'").evaluate())
    checks.equal("tag", next(iter(sys_tags())).interpreter, "cp" + short.replace(".", ""))


def packages(checks):
    checks.equal("zc.buildout", pkg_resources.get_distribution("zc.buildout").version.split(".")[0], "6")
    checks.equal("own", pkg_resources.get_distribution("runtime_checks").version, "1.0")
    checks.equal("require", [found.key for found in pkg_resources.require("runtime_checks")][:1], ["runtime-checks"])
    checks.equal("metadata", importlib.metadata.version("zc.recipe.egg").split(".")[0], "6")
