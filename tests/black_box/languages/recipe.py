"""Uses all that the host lends, and fails in the way that its option `how` names."""

import os

from buildout_recipe import OptionError, Recipe, UserError, created, export, grant, lock, log, option, set_mode
from buildout_recipe.download import Downloader, DownloadError
from buildout_recipe.process import ProcessError, Runner

SHA256 = "aea8a04c2f293417e499bf5de2def8ebb1ed40264d128a67180ea56fbe4600ff"


def deeper(number):
    # An unexpected exception.
    return 1 / number


class Every(Recipe):
    """Does everything."""

    how = option("how", default="no", choices=["no", "all", "user", "fault", "lookup", "trap", "late"], help="How.")
    grants = [grant.run("echo"), grant.run("sh"), grant.fetch("*")]

    def init(self, options, buildout):
        if self.how == "lookup":
            options.require("nothing")
        if self.how == "all":
            print(options.part, ",".join(options.keys()), ",".join(buildout.sections()))
            print(",".join(buildout.keys("other")), buildout.require("other", "value"))
            print(str(buildout.get("other", "none") is None).lower(), buildout.directory)
            try:
                buildout.require("nowhere", "value")
            except OptionError as error:
                print(error)
            options["seen"] = "yes"

    def install(self):
        if self.how == "all":
            return self.everything()
        if self.how == "user":
            raise UserError("Not so")
        if self.how == "fault":
            open(os.path.join("/nowhere", "file"))
        if self.how == "trap":
            deeper(0)
        if self.how == "late":
            import colorsys

    def everything(self):
        location = self.options.location
        log.activity("everything")
        created(location)
        os.makedirs(location, exist_ok=True)
        for _ in range(2):
            with lock(f"{location}/lock", lambda: print("waiting")):
                pass
        with Downloader("*") as downloader:
            text = downloader.fetch("text", sha256=SHA256)
            text.copy(f"{location}/copy")
            set_mode(f"{location}/copy", 0o600)
            print(text.size, text.sha256)
            try:
                downloader.fetch("text", sha256="00")
                failed = False
            except DownloadError:
                failed = True
        with Runner("echo", "sh") as runner:
            print(runner.run("echo", "echoed", capture=True).check().decode(), end="")
            script = "cat; echo $WORD; pwd; exit 3"
            outcome = runner.run(
                "sh", "-c", script, directory=location, environment={"WORD": "word"}, input=b"input\n", capture=True
            )
            print(outcome.captured.decode(), end="")
            print(str(outcome.status == 3).lower())
            print(runner.build_directory, str("PATH" in runner.environment).lower())
        try:
            Runner("make")
        except ProcessError as error:
            log.warning(str(error))
        log.error(str(failed).lower())
        return location

    @classmethod
    def uninstall(cls, part, recorded):
        print(f"uninstalling {part}, which was {recorded['how']}")


export(default=Every)
