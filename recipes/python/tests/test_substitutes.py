"""Recipes under the names of published ones."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
import unittest

from buildout_runtime.substitutes import Distros, GitCheckout
from zc.buildout.download import ChecksumError


class DistrosTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.archive = os.path.join(self.directory, "hello-1.0.tar.gz")
        with tarfile.open(self.archive, "w:gz") as archive:
            member = tarfile.TarInfo("hello-1.0/file")
            archive.addfile(member, io.BytesIO(b""))

    def install(self, fragment: str, **options: str) -> None:
        buildout = {"buildout": {"directory": self.directory, "parts-directory": self.directory}}
        Distros(buildout, "part", {"urls": f"file://{self.archive}{fragment}", **options}).install()

    def exists(self, path: str) -> bool:
        return os.path.exists(os.path.join(self.directory, "part", path))

    def test_an_archive_is_unpacked_and_its_directory_can_lose_the_version(self) -> None:
        self.install("")
        self.assertTrue(self.exists("hello-1.0/file"))
        self.install("", **{"version-suffix-packages": "hello-1.0.tar.gz"})
        self.assertTrue(self.exists("hello/file"))

    def test_a_digest_is_checked(self) -> None:
        with open(self.archive, "rb") as archive:
            digest = hashlib.md5(archive.read()).hexdigest()
        self.install(f"#md5={digest}")
        self.assertTrue(self.exists("hello-1.0/file"))
        with self.assertRaises(ChecksumError):
            self.install(f"#md5={'0' * 32}")


class GitCheckoutTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory, self.upstream = directory.name, os.path.join(directory.name, "upstream")
        self.git("init", "--quiet", "--initial-branch", "main", self.upstream, inside=self.directory)
        self.commit("1")
        self.git("tag", "v1")

    def git(self, *arguments: str, inside: str | None = None) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=inside or self.upstream, check=True)

    def commit(self, text: str) -> None:
        with open(os.path.join(self.upstream, "file"), "w") as file:
            file.write(text)
        self.git("add", "file")
        self.git("commit", "--quiet", "--message", text)

    def updated(self, **options: str) -> str:
        """The file after an installation, a new commit and an update."""
        buildout = {"buildout": {"parts-directory": self.directory}}
        part = GitCheckout(buildout, "part", {"repository": self.upstream, **options})
        part.install()
        self.commit("2")
        part.update()
        with open(os.path.join(self.directory, "part", "file")) as file:
            return file.read()

    def test_a_branch_is_updated(self) -> None:
        self.assertEqual(self.updated(branch="main"), "2")

    def test_a_tag_stays(self) -> None:
        self.assertEqual(self.updated(branch="v1"), "1")

    def test_a_revision_stays(self) -> None:
        self.assertEqual(self.updated(rev="v1"), "1")
