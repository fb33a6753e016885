"""The parts of the runtime, in the order in which they are put in place, and what is done at the beginning and end of each call.

All but `begin_call` and `end_call` happens while the component is built.
"""

from __future__ import annotations

import gc
import linecache
import logging
import os
import random
import sys
import warnings

from . import bytecode, compressed, library, machine, missing, network, process, removed, temporary, threads
from . import environment, files, log

# The standard library is imported as it is.
library.import_standard_library()
compressed.install()
missing.install()
removed.install()
threads.install()
files.add()
sys.platform = "linux"
# zc.buildout says that there is no pip to change: there is none here.
logging.disable()
library.import_packages()
logging.disable(logging.NOTSET)
# What a newer Python has to say about source text that an older one took.
warnings.simplefilter("ignore", SyntaxWarning)
from . import buildout, easy_install, errors, loading, metadata, target  # noqa: E402

metadata.collect()
easy_install.install()
target.install()
loading.install()
# What asks the host comes last: there is no host before the component runs.
files.install()
machine.install()
temporary.install()
process.install()
bytecode.install()
network.install()
log.install()

# What is known of the directories of the build is of no use later, and freeing it then would cost more.
sys.path.clear()
sys.path_importer_cache.clear()
linecache.clearcache()
# What is in the component stays: looking through it for garbage would copy all of its memory.
gc.collect()
gc.freeze()

_is_new = True


def _begin_run() -> None:
    """What was settled while the component was built, and must differ from run to run."""
    global _is_new
    if _is_new:
        _is_new = False
        random.seed()
        machine.begin()


def change_directory(directory: str) -> None:
    """Goes to the buildout directory, as zc.buildout does for each recipe."""
    os.chdir(directory)


def begin_call(part: str = "", directory: str | None = None) -> None:
    """Prepares a call for this part."""
    _begin_run()
    log.begin(part)
    environment.begin()
    temporary.begin()
    if directory:
        change_directory(directory)


def end_call() -> None:
    """Finishes what the call has left."""
    process.flush()
    sys.stdout.flush()
    sys.stderr.flush()


__all__ = [
    "begin_call",
    "buildout",
    "change_directory",
    "easy_install",
    "end_call",
    "errors",
    "loading",
    "metadata",
    "target",
]
