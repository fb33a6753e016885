from setuptools import setup

CHECKS = ["sections", "process", "files", "machine", "threads", "network"]
FAILING = {
    "python2-print": "python2_print:Recipe",
    "python2-except": "python2_except:Recipe",
    "python2-import": "python2_import:Recipe",
    "python2-dict": "failing:Dict",
    "missing": "failing:Missing",
    "native": "failing:Native",
    "waiting": "failing:Waiting",
    "exit": "failing:Exit",
}

setup(
    name="runtime_checks",
    version="1.0",
    packages=["runtime_checks"],
    entry_points={
        "zc.buildout": [f"{name} = runtime_checks.{name}_checks:Recipe" for name in CHECKS]
        + [f"{name} = runtime_checks.{place}" for name, place in FAILING.items()],
        "zc.buildout.uninstall": ["sections = runtime_checks.sections_checks:uninstall"],
        "zc.buildout.extension": ["default = runtime_checks.extension:before"],
        "zc.buildout.unloadextension": ["default = runtime_checks.extension:after"],
    },
)
