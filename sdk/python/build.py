"""Builds the component of a Python recipe: `python3 build.py MODULE COMPONENT`, in the project's directory.

Needs `componentize-py` on the PATH. The component imports `process` and `download` from the host only if the recipe imports
`buildout_recipe.process` and `buildout_recipe.download`.
"""

import modulefinder
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
WIT = PACKAGE.parent / "wit"
ALWAYS = ("types", "options", "buildout", "log", "paths")
ON_DEMAND = ("process", "download")


def imported(module: str) -> set[str]:
    """The modules of the author and of the SDK that the recipe imports, directly or indirectly."""
    finder = modulefinder.ModuleFinder(path=[os.getcwd(), str(PACKAGE)])
    finder.run_script(f"{module}.py")
    return set(finder.modules)


def write_world(directory: Path, interfaces: list[str]) -> None:
    """Writes a world with only the interfaces that the recipe needs."""
    (directory / "deps/recipe").mkdir(parents=True, exist_ok=True)
    for file in WIT.glob("*.wit"):
        (directory / "deps/recipe" / file.name).write_bytes(file.read_bytes())
    world = "".join(f"  import buildout:recipe/{name}@0.2.0;\n" for name in interfaces)
    world += "".join(f"  export buildout:recipe/{name}@0.2.0;\n" for name in ("description", "parts"))
    (directory / "world.wit").write_text(f"package buildout:python-recipe;\n\nworld python-recipe {{\n{world}}}\n")


def remove_compiled() -> None:
    """Removes compiled modules: Python would use them for a source that was changed within the same second."""
    for directory in (Path("."), PACKAGE):
        for compiled in [*directory.glob("__pycache__"), *directory.glob("[!.]*/**/__pycache__")]:
            shutil.rmtree(compiled, ignore_errors=True)


def main(module: str, component: str) -> int:
    try:
        modules = imported(module)
    except SyntaxError as error:
        print(f'  File "{error.filename}", line {error.lineno}\n    {(error.text or "").strip()}', file=sys.stderr)
        print(f"SyntaxError: {error.msg}", file=sys.stderr)
        return 1
    wit = Path(component).parent / "wit"
    write_world(wit, [*ALWAYS, *(name for name in ON_DEMAND if f"buildout_recipe.{name}" in modules)])
    command = ["componentize-py", "--quiet", "--wit-path", wit, "--world", "python-recipe", "componentize", module]
    command += ["--python-path", ".", "--python-path", PACKAGE, "--output", component]
    remove_compiled()
    try:
        return subprocess.run(command).returncode
    finally:
        remove_compiled()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
