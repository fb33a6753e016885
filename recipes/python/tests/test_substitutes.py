"""Recipes under the names of published ones."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
import unittest

from buildout_runtime.substitutes import Distros
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
