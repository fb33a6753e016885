"""Files: modes, links, owners, archives."""

import bz2
import glob
import grp
import os
import pwd
import shutil
import stat
import subprocess
import tarfile
import tempfile

import setuptools.archive_util
from runtime_checks.checking import CheckingRecipe


class Recipe(CheckingRecipe):
    """Checks `os`, `shutil`, `tarfile` and their like."""

    def check(self, checks, location):
        modes(checks, location)
        links(checks, location)
        trees(checks, location)
        owners(checks, location)
        directories(checks, location)
        archives(checks, location)


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def modes(checks, location):
    path = write(os.path.join(location, "file"), "x", 0o750)
    checks.equal("mode", mode(path), 0o750)
    checks.true("regular", stat.S_ISREG(os.lstat(path).st_mode))
    checks.true("access", os.access(path, os.X_OK | os.W_OK))
    os.chmod(path, 0o640)
    checks.equal("not executable", os.access(path, os.X_OK), False)
    checks.equal("not there", os.access(path + "x", os.F_OK), False)
    checks.raises("chmod of nothing", FileNotFoundError, os.chmod, path + "x", 0o600)
    os.mkdir(os.path.join(location, "private"), 0o700)
    checks.equal("mkdir", mode(os.path.join(location, "private")), 0o700)


def links(checks, location):
    path, absolute = os.path.join(location, "file"), os.path.join(location, "absolute")
    os.symlink(path, absolute)
    checks.equal("readlink", os.readlink(absolute), path)
    checks.true("islink", os.path.islink(absolute))
    checks.equal("realpath", os.path.realpath(absolute), os.path.realpath(path))
    os.symlink("file", os.path.join(location, "relative"))
    for name in ("absolute", "relative"):
        with open(os.path.join(location, name)) as file:
            checks.equal(f"{name} link is followed", file.read(), "x")
    checks.raises("link is there", FileExistsError, os.symlink, path, absolute)
    checks.raises("no link", FileNotFoundError, os.readlink, absolute + "x")


def trees(checks, location):
    source, copy = os.path.join(location, "source"), os.path.join(location, "copy")
    os.makedirs(os.path.join(source, "deep"))
    write(os.path.join(source, "deep", "run.sh"), "#!/bin/sh\necho run\n", 0o755)
    shutil.copytree(source, copy, symlinks=True)
    script = os.path.join(copy, "deep", "run.sh")
    checks.equal("copytree keeps the mode", mode(script), 0o755)
    checks.equal("it runs", subprocess.check_output([script]), b"run\n")
    shutil.copy(script, os.path.join(location, "one.sh"))
    checks.equal("copy keeps the mode", mode(os.path.join(location, "one.sh")), 0o755)
    shutil.rmtree(source)
    checks.equal("rmtree", os.path.exists(source), False)
    checks.equal("scandir", [entry.name for entry in os.scandir(copy)], ["deep"])
    checks.equal("glob", [os.path.basename(path) for path in glob.glob(location + "/one*")], ["one.sh"])


def owners(checks, location):
    path = os.path.join(location, "file")
    checks.equal("owner", os.getuid(), os.stat(path).st_uid)
    checks.equal("pwd", pwd.getpwuid(os.getuid()).pw_uid, os.getuid())
    checks.equal("grp", grp.getgrgid(os.getgid()).gr_gid, os.getgid())
    checks.raises("no such user", KeyError, pwd.getpwnam, "there-is-none")
    shutil.chown(path, pwd.getpwuid(os.getuid()).pw_name)
    checks.raises("given away", PermissionError, os.chown, path, 12345, 12345)
    checks.true("umask", os.umask(os.umask(0o22)) in range(0o1000))


def directories(checks, location):
    os.chdir(os.path.join(location, "copy"))
    os.chdir("..")
    checks.equal("getcwd", os.getcwd(), location)
    checks.equal("abspath", os.path.abspath("file"), os.path.join(location, "file"))
    checks.true("relative path", os.path.exists("file"))
    checks.true("mkdtemp", os.path.isdir(tempfile.mkdtemp()))
    above = os.path.dirname(location)
    while above != "/":
        checks.true(f"{above} is a directory", os.path.isdir(above))
        above = os.path.dirname(above)


def archives(checks, location):
    plain = os.path.join(location, "tree.tar")
    with tarfile.open(plain, "w") as archive:
        archive.add(os.path.join(location, "copy"), "copy")
    for tool, ending in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz")):
        subprocess.check_call([tool, "-k", plain])
        to = os.path.join(location, f"unpacked-{ending}")
        setuptools.archive_util.unpack_archive(f"{plain}.{ending}", to)
        checks.true(f"setuptools unpacks {ending}", os.path.exists(os.path.join(to, "copy/deep/run.sh")))
        shutil.unpack_archive(f"{plain}.{ending}", to + "-shutil")
        checks.equal(f"shutil unpacks {ending}", mode(os.path.join(to + "-shutil", "copy/deep/run.sh")), 0o755)
    with open(plain, "rb") as file, bz2.open(plain + ".bz2") as compressed:
        checks.equal("bz2", compressed.read(), file.read())
    checks.raises("damaged", OSError, bz2.decompress, b"nonsense")
