"""The application that componentize-py builds: the classes that it exports are looked for in this module."""

from buildout_runtime.component import Description, Extensions, Loading, Parts

__all__ = ["Description", "Extensions", "Loading", "Parts"]
