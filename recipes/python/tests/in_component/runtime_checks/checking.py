"""What the checks have in common."""

import os
import shutil


class Checks:
    """Collects what is not as it should be."""

    def __init__(self):
        self.failed = []

    def equal(self, name, value, expected):
        if value != expected:
            self.failed.append(f"{name}: {value!r}, not {expected!r}")

    def true(self, name, value):
        self.equal(name, bool(value), True)

    def raises(self, name, kind, call, *arguments, **keywords):
        try:
            value = call(*arguments, **keywords)
        except kind as error:
            return error
        except BaseException as error:
            self.failed.append(f"{name}: {error!r}, not {kind.__name__}")
        else:
            self.failed.append(f"{name}: gave {value!r} instead of {kind.__name__}")
        return None


class CheckingRecipe:
    """Runs `check` in the part's location."""

    def __init__(self, buildout, name, options):
        self.buildout, self.name, self.options = buildout, name, options
        options["location"] = os.path.join(buildout["buildout"]["parts-directory"], name)

    def install(self):
        location, checks = self.options["location"], Checks()
        shutil.rmtree(location, ignore_errors=True)
        os.mkdir(location)
        self.check(checks, location)
        if checks.failed:
            raise AssertionError("; ".join(checks.failed))
        return location

    update = install
