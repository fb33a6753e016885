"""The Python runtime: recipes and extensions of the Python world, run in the sandbox over the WIT interfaces of the host.

The real `zc.buildout`, `zc.recipe.egg` and what they need are in the component. This package replaces what needs the host:
sections (`buildout`), distributions (`easy_install`, `target`), commands (`process`), addresses (`network`), and what WASI does
not have (`files`, `machine`, `temporary`, `threads`, `missing`, `removed`, `compressed`). `component` is what the host calls.
"""
