"""Fails in the way that its option `how` names."""

import os

from buildout_recipe import Recipe, UserError, export, option


def deeper(number):
    # An exception that nobody expects.
    assert number == 0
    return 1 / number


class Failing(Recipe):
    """Fails."""

    how = option("how", default="no")

    def init(self, options, buildout):
        if self.how == "lookup":
            options.require("nothing")

    def install(self):
        if self.how == "user":
            raise UserError("Not so")
        if self.how == "fault":
            open(os.path.join("/nowhere", "file"))
        if self.how == "trap":
            deeper(0)
        if self.how == "late":
            import colorsys


export(default=Failing)
