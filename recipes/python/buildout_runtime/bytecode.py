"""Compiled modules: those that a program asks for are for the buildout's Python, which compiles them."""

from __future__ import annotations

import compileall
import os
import py_compile
import subprocess
import sys
from typing import Any

_COMPILE = "import py_compile, sys; print(py_compile.compile(sys.argv[1], sys.argv[2] or None, doraise=True))"


def _compile(file: Any, cfile: Any = None, dfile: Any = None, doraise: bool = False, *_: Any, **__: Any) -> str | None:
    """`py_compile.compile`, done by the buildout's Python."""
    command = [sys.executable, "-c", _COMPILE, os.fsdecode(file), os.fsdecode(cfile or "")]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode == 0:
        return ended.stdout.strip()
    said = ended.stderr.strip().rpartition("\n")[2]
    if doraise:
        raise py_compile.PyCompileError(SyntaxError, SyntaxError(said), os.fsdecode(file), said)
    print(ended.stderr, file=sys.stderr)
    return None


def _compile_directory(dir: Any, *_: Any, force: bool = False, rx: Any = None, quiet: int = 0, **__: Any) -> bool:
    """`compileall.compile_dir`, done by the buildout's Python."""
    command = [sys.executable, "-m", "compileall", *["-q"] * int(quiet)]
    command += ["-f"] if force else []
    command += ["-x", rx.pattern] if rx is not None else []
    return subprocess.call([*command, os.fsdecode(dir)]) == 0


def install() -> None:
    """Puts all this in the place of Python's own."""
    py_compile.compile = _compile
    compileall.compile_dir = _compile_directory
    compileall.compile_file = lambda file, *_, **__: _compile(file) is not None
