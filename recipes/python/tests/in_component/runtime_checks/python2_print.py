"""Written for Python 2."""


class Recipe:
    def __init__(self, buildout, name, options):
        print "hello"
