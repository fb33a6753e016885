"""Write buildout recipes in Python: WebAssembly components for buildout-host.

A recipe is a class that derives from `Recipe`. `export` makes the component's entry points of such classes::

    from buildout_recipe import Recipe, export, log, option

    class Note(Recipe):
        \"\"\"Writes a text into `note.txt` in the part's location.\"\"\"

        text = option("text", required=True, help="What to write.")

        def init(self, options, buildout):
            options["path"] = options.location + "/note.txt"

        def install(self):
            os.makedirs(self.options.location, exist_ok=True)
            with open(self.options["path"], "w") as file:
                file.write(self.text)
            return [self.options.location]

    export(default=Note)

Files are Python's own (`open`, `os`), with the host's absolute paths; what can be reached is the part's location (read and
write), the buildout (read) and what `recipes.toml` grants. What is printed is shown, line by line.

Native commands are in `buildout_recipe.process`, downloads in `buildout_recipe.download`: a component that does not import
these modules cannot ask for them.
"""

from . import grant, log
from ._errors import Fault, OptionError, RecipeError, UserError
from ._export import export
from ._options import Buildout, Options
from ._paths import created, lock, set_mode
from ._recipe import Recipe, option

__all__ = [
    "Buildout",
    "Fault",
    "OptionError",
    "Options",
    "Recipe",
    "RecipeError",
    "UserError",
    "created",
    "export",
    "grant",
    "lock",
    "log",
    "option",
    "set_mode",
]
