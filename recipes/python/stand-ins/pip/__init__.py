"""Stands in for pip, which zc.buildout imports and here nothing starts."""
