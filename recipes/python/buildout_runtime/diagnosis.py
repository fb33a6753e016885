"""What is wrong with a program, as far as an exception shows it: Python 2, machine code, a module that is missing.

Knows nothing of the host.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
import types
from dataclasses import dataclass

from . import missing
from .unavailable import Python2Source, Unavailable

_PYTHON_2_MODULES = frozenset(
    "ConfigParser Cookie HTMLParser Queue SimpleHTTPServer BaseHTTPServer SocketServer StringIO UserDict __builtin__ anydbm cPickle "
    "cStringIO commands cookielib copy_reg httplib sets thread urllib2 urlparse xmlrpclib".split()
)
_PYTHON_2_NAMES = frozenset("basestring cmp execfile file long raw_input reduce unichr unicode xrange".split())
# By the module or type that has lost them.
_PYTHON_2_ATTRIBUTES = {
    "dict": "has_key iteritems iterkeys itervalues",
    "Options": "has_key iteritems iterkeys itervalues",
    "Buildout": "has_key iteritems iterkeys itervalues",
    "os": "getcwdu errno popen2 popen3",
    "posixpath": "walk",
    "string": "atoi join letters lower lowercase maketrans replace split strip upper uppercase",
    "urllib": "FancyURLopener URLopener quote quote_plus unquote unquote_plus urlencode urlopen urlretrieve",
    "itertools": "ifilter imap izip izip_longest",
    "sys": "maxint setdefaultencoding",
    "function": "func_code func_defaults func_globals func_name",
    "method": "im_class im_func im_self",
}
# What Python says of source text that was right in Python 2.
_PYTHON_2_SYNTAX = re.compile(
    "Missing parentheses in call to|multiple exception types must be parenthesized|leading zeros in decimal integer|"
    "inconsistent use of tabs|invalid hexadecimal literal|invalid decimal literal"
)
_PYTHON_2_LINE = re.compile(
    r"^\s*(print\s+[^(=]|print$|raise\s+\w+\s*,|exec\s+[^(]|.*<>|.*\bexcept\s+[\w.]+\s*,\s*\w+\s*:|.*\bur['\"])"
)

_NEWER = "Look for a newer release of it, one for Python 3, or for another recipe that does the same."


@dataclass(frozen=True)
class Diagnosis:
    """What was found: a name that a program can compare, a sentence, what can be done."""

    code: str
    message: str
    hints: tuple[str, ...]


def diagnose(error: BaseException) -> Diagnosis | None:
    """What is wrong, if the kind of the exception shows it."""
    if isinstance(error, Python2Source) or _is_python_2(error):
        return Diagnosis("python-2", f"This was written for Python 2: {_said(error)}", (_NEWER,))
    if isinstance(error, Unavailable) and error.code is not None:
        return Diagnosis(error.code, str(error), error.hints)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _of_module(error.name)
    return None


def _said(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _is_python_2(error: BaseException) -> bool:
    if isinstance(error, SyntaxError):
        said, line = error.msg or "", error.text or ""
        return isinstance(error, TabError) or bool(_PYTHON_2_SYNTAX.match(said) or _PYTHON_2_LINE.match(line))
    if isinstance(error, ModuleNotFoundError):
        first = (error.name or "").partition(".")[0]
        return first in _PYTHON_2_MODULES or _is_next_to(first, _importer(error))
    if isinstance(error, ImportError):
        return _has_lost(error.name or "", getattr(error, "name_from", None) or "")
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return error.name in _PYTHON_2_NAMES
    return isinstance(error, AttributeError) and _has_lost(_owner(error.obj), error.name or "")


def _importer(error: BaseException) -> str | None:
    """The file with the statement that imports."""
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((file for file in reversed(files) if not file.startswith("<frozen ")), None)


def _is_next_to(module: str, file: str | None) -> bool:
    """Whether Python 2 would have found the module: it looked first in the directory of the importing file."""
    directory = os.path.dirname(file or "")
    return bool(module and directory) and os.path.exists(os.path.join(directory, module + ".py"))


def _owner(value: object) -> str:
    return value.__name__ if isinstance(value, types.ModuleType) else type(value).__name__


def _has_lost(owner: str, name: str) -> bool:
    return name in _PYTHON_2_ATTRIBUTES.get(owner, "").split()


def _of_module(name: str) -> Diagnosis:
    file = missing.native_file(name, None)
    if file is not None:
        return Diagnosis(
            "native-module", f"The module {name} is machine code ({file}), which the sandbox cannot run", (missing.WAY_OUT,)
        )
    if name.partition(".")[0] in sys.stdlib_module_names:
        return Diagnosis("missing-module", f"Python's module {name} is not available in the sandbox", ())
    hint = f"If it needs {name}, its author has to add that to its requirements (install_requires)."
    package = name.partition(".")[0]
    if package in ("pip", "setuptools") and name != package:
        hint = f"{name} belonged to old versions of {package}. {_NEWER}"
    return Diagnosis("missing-module", f"There is no module {name}: no required distribution contains it", (hint,))
