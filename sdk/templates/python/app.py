"""Recipes of the package {{name}}."""

import os

from buildout_recipe import Recipe, UserError, export, log, option


class Directory(Recipe):
    """Makes a directory in the part's own location."""

    path = option("path", type="path", required=True, help="The directory, relative to the part's location.")

    def init(self, options, buildout):
        path = options["path"]
        if path.startswith("/") or ".." in path.split("/"):
            log.error(f"{path} is not below {options.location}.")
            raise UserError("Invalid Path")
        options["path"] = os.path.join(options.location, path)

    def install(self):
        if not os.path.isdir(self.path):
            log.info(f"Creating directory {os.path.basename(self.path)}")
            os.makedirs(self.path)
        return [self.options.location]

    def update(self):
        return self.install()


export(default=Directory)
