"""Sections."""

import logging
import os

import zc.buildout
from runtime_checks.checking import CheckingRecipe, Checks
from zc.buildout.buildout import MissingOption, MissingSection, bool_option


class Recipe(CheckingRecipe):
    """Checks `buildout` and `options`. Needs `late = x`, and a section `other` with `value = ${buildout:directory}`."""

    def __init__(self, buildout, name, options):
        super().__init__(buildout, name, options)
        checks = Checks()
        own(checks, options)
        others(checks, buildout, name)
        added(checks, buildout)
        if checks.failed:
            raise AssertionError("; ".join(checks.failed))

    def check(self, checks, location):
        directory = self.buildout["buildout"]["directory"]
        checks.equal("cwd", os.getcwd(), directory)
        checks.equal("section read late", self.buildout["other"]["value"], directory)
        checks.raises("missing section", MissingSection, lambda: self.buildout["no-such-section"])
        self.options["while-installing"] = "yes"
        checks.equal("option set late", self.options["while-installing"], "yes")
        checks.equal("created", self.options.created(os.path.join(location, "x")), [os.path.join(location, "x")])


def own(checks, options):
    checks.equal("get", (options.get("late"), options.get("no"), options.get("no", "d")), ("x", None, "d"))
    checks.equal("in", ("late" in options, "no" in options), (True, False))
    checks.equal("_sub", options._sub("${other:value}/${:late}", []), os.getcwd() + "/x")
    checks.raises("missing", MissingOption, lambda: options["no"])
    checks.raises("number", TypeError, options.__setitem__, "x", 1)
    options.update({"a": "1", "b": "2"})
    checks.equal("pop", options.pop("a"), "1")
    del options["b"]
    checks.equal("deleted", "b" in options, False)
    options.setdefault("kept", "yes")
    checks.equal("copy", options.copy()["kept"], "yes")
    checks.raises("created", TypeError, options.created, "x")


def others(checks, buildout, name):
    checks.equal("itself", buildout[name]["late"], "x")
    checks.equal("raw", buildout._raw["other"]["value"], "${buildout:directory}")
    checks.equal("missing section", ("no" in buildout, buildout.get("no")), (False, None))
    checks.raises("missing section", zc.buildout.UserError, lambda: buildout["no"])
    checks.equal("flag", bool_option(buildout["buildout"], "offline"), buildout.offline)
    checks.equal("iteration", {"buildout", "other", name} <= set(buildout), True)


def added(checks, buildout):
    buildout.parse("\n[parsed]\nvalue = 1\n")
    checks.equal("parsed", dict(buildout["parsed"]), {"value": "1"})
    buildout["assigned"] = {"number": 2}
    checks.equal("assigned", buildout["assigned"]["number"], "2")
    checks.raises("twice", KeyError, buildout.__setitem__, "assigned", {})


def uninstall(name, options):
    """Says what was recorded."""
    logging.getLogger(name).info("uninstalling, late was %s", options["late"])
