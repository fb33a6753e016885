"""What to do with the top-level directory of an archive."""

from __future__ import annotations

from wit_world.imports import archives as wit

TOP_LEVELS = {
    "keep": wit.TopLevel.KEEP,
    "strip": wit.TopLevel.STRIP,
    "strip-if-single": wit.TopLevel.STRIP_IF_SINGLE,
}
