"""Recipes that must fail."""

import queue
import sys


class Dict:
    """Uses a method of Python 2."""

    def __init__(self, buildout, name, options):
        {}.has_key(name)


class Missing:
    """Imports what is not there."""

    def __init__(self, buildout, name, options):
        import there_is_no_such_module  # noqa: F401


class Native:
    """Uses machine code."""

    def __init__(self, buildout, name, options):
        import ssl

        ssl.SSLContext()


class Waiting:
    """Waits for another thread."""

    def __init__(self, buildout, name, options):
        queue.Queue().get()


class Exit:
    """Ends the run."""

    def __init__(self, buildout, name, options):
        sys.exit("This recipe ends the run.")
