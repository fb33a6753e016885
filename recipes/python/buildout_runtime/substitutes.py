"""Recipes of this host under the names of published ones that cannot run anywhere today, with the options of those.

They use only what any recipe can use. Which name stands for which class, the host knows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from typing import Any

import zc.buildout
import zc.buildout.download
import zc.buildout.easy_install
from setuptools import archive_util

_VERSION = re.compile(r"-\d.*$")


class Distros:
    """`plone.recipe.distros`: unpacks archives, each with its own directory, in the part's location."""

    def __init__(self, buildout: Any, name: str, options: Any) -> None:
        self._buildout, self._options = buildout, options
        directory = buildout["buildout"]["parts-directory"]
        options.setdefault("location", os.path.join(directory, name))
        self._urls = options["urls"].split()
        # File names of archives: those whose directory contains the distributions, and those whose directory has a version in
        # its name.
        self._nested = set(options.get("nested-packages", "").split())
        self._versioned = set(options.get("version-suffix-packages", "").split())

    def install(self) -> str:
        location = self._options["location"]
        os.makedirs(location, exist_ok=True)
        for url in self._urls:
            self._unpack(url, location)
        return location

    def update(self) -> None:
        """What is unpacked does not change."""

    def _unpack(self, address: str, location: str) -> None:
        url, _, fragment = address.partition("#")
        md5sum = fragment.partition("md5=")[2] or None
        path, is_temporary = zc.buildout.download.Download(self._buildout["buildout"])(url, md5sum)
        archive = os.path.basename(url)
        aside = tempfile.mkdtemp()
        archive_util.unpack_archive(path, aside)
        if is_temporary:
            os.remove(path)
        if archive in self._nested:
            (aside,) = (os.path.join(aside, entry) for entry in os.listdir(aside))
        for entry in os.listdir(aside):
            name = _VERSION.sub("", entry) if archive in self._versioned else entry
            shutil.move(os.path.join(aside, entry), os.path.join(location, name))


class GitCheckout:
    """`zerokspot.recipe.git`: a working copy of a git repository, at a branch or a revision."""

    def __init__(self, buildout: Any, name: str, options: Any) -> None:
        self._options = options
        options.setdefault("location", os.path.join(buildout["buildout"]["parts-directory"], name))
        self._location, self._repository = options["location"], options["repository"]
        self._branch, self._revision = options.get("branch"), options.get("rev")
        newest = options.get("newest", buildout["buildout"].get("newest", "true"))
        self._is_newest = newest == "true" and buildout["buildout"].get("offline", "false") != "true"

    def install(self) -> str:
        branch = ["--branch", self._branch] if self._branch else []
        submodules = ["--recurse-submodules"] if self._is_on("recursive") else []
        self._git("clone", *branch, *submodules, "--", self._repository, self._location, directory=None)
        if self._revision:
            self._git("checkout", "--quiet", self._revision)
        self._develop()
        return self._location

    def update(self) -> None:
        if self._is_newest and not self._revision and self._has_branch():
            self._git("pull", "--ff-only")
            self._develop()

    def _has_branch(self) -> bool:
        """Whether the working copy is at a branch: `branch` can also be a tag, which has no newer commits."""
        asked = subprocess.run(["git", "symbolic-ref", "-q", "HEAD"], cwd=self._location, stdout=subprocess.DEVNULL)
        return asked.returncode == 0

    def _git(self, *arguments: str, directory: str | None = "") -> None:
        inside = self._location if directory == "" else directory
        try:
            subprocess.run(["git", *arguments], cwd=inside, check=True)
        except subprocess.CalledProcessError:
            raise zc.buildout.UserError(f"git {arguments[0]} failed for {self._repository}") from None

    def _develop(self) -> None:
        if self._is_on("as_egg") or self._is_on("as-egg"):
            for path in self._options.get("paths", ".").split():
                zc.buildout.easy_install.develop(os.path.join(self._location, path), None)

    def _is_on(self, option: str) -> bool:
        return self._options.get(option, "false").lower() in ("true", "yes", "on", "1")
