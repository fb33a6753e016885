"""An extension."""

import logging

log = logging.getLogger("runtime_checks")


def before(buildout):
    """Changes the buildout before the parts are made."""
    buildout["buildout"]["from-extension"] = "yes"
    buildout._raw["from-extension"] = {"value": "${buildout:from-extension}"}
    log.info("before the parts: %s", buildout["buildout"]["parts"])


def after(buildout):
    """Reads it afterwards."""
    log.info("after the parts: %s", buildout["from-extension"]["value"])
