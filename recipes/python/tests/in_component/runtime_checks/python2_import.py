"""Written for Python 2."""

import urllib2


class Recipe:
    def __init__(self, buildout, name, options):
        urllib2.urlopen(options["url"])
