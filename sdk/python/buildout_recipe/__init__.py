"""Write buildout recipes in Python: WebAssembly components for buildout-host.

A recipe is a class that derives from `Recipe`. `export` makes such classes the component's entry points::

    from buildout_recipe import Recipe, export, log, option

    class Note(Recipe):
        \"\"\"Writes text to `note.txt` in the part's location.\"\"\"

        text = option("text", required=True, help="The text to write.")

        def init(self, options, buildout):
            options["path"] = options.location + "/note.txt"

        def install(self):
            os.makedirs(self.options.location, exist_ok=True)
            with open(self.options["path"], "w") as file:
                file.write(self.text)
            return [self.options.location]

    export(default=Note)

For files, use Python's own functions (`open`, `os`) with the absolute paths of the machine. A recipe can access the part's
location (read and write), the buildout (read) and what `recipes.toml` grants. Its standard output is shown, line by line.

`buildout_recipe.process` provides native commands, `buildout_recipe.download` downloads, `buildout_recipe.archives` local archives,
`buildout_recipe.distributions` Python distributions, `buildout_recipe.python` and `buildout_recipe.system` the properties of the
buildout's Python and of the machine. A component that does not import these modules cannot use them.
"""

from . import grant, log
from ._errors import Fault, OptionError, RecipeError, UserError
from ._export import export
from ._options import Buildout, Options
from ._paths import access, created, lock, look, make_link, read_link, set_mode, temporary_directory
from ._recipe import Recipe, option

__all__ = [
    "Buildout",
    "Fault",
    "OptionError",
    "Options",
    "Recipe",
    "RecipeError",
    "UserError",
    "access",
    "created",
    "export",
    "grant",
    "lock",
    "log",
    "look",
    "make_link",
    "option",
    "read_link",
    "set_mode",
    "temporary_directory",
]
