"""Tests of the Python runtime that need no component: `cargo xtask python-runtime test`."""

import logging

logging.disable()
