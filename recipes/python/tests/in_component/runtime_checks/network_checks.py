"""Addresses."""

import http.client
import os
import socket
import urllib.error
import urllib.parse
import urllib.request

from runtime_checks.checking import CheckingRecipe
from zc.buildout.download import Download


class Recipe(CheckingRecipe):
    """Checks `urllib.request` and `http.client` with the file at `url`."""

    def check(self, checks, location):
        url = self.options["url"]
        with urllib.request.urlopen(url) as answer:
            data = answer.read()
            checks.equal("length", int(answer.headers["content-length"]), len(data))
            checks.equal("status and address", (answer.getcode(), answer.geturl()), (200, url))
        path, _ = urllib.request.urlretrieve(url, os.path.join(location, "file"))
        checks.equal("urlretrieve", content(path), data)
        checks.equal("file:", urllib.request.urlopen("file://" + path).read(), data)
        downloaded, _ = Download({"directory": location}, cache=None)(url)
        checks.equal("zc.buildout.download", content(downloaded), data)
        missing = checks.raises("missing", urllib.error.HTTPError, urllib.request.urlopen, url + ".missing")
        checks.equal("status of missing", missing and missing.code, 404)
        checks.raises("sending", Exception, urllib.request.urlopen, url, b"data")
        connections(checks, urllib.parse.urlsplit(url), data)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def connections(checks, url, data):
    connection = http.client.HTTPConnection(url.hostname, url.port)
    connection.request("GET", url.path)
    checks.equal("http.client", connection.getresponse().read(), data)
    connection.request("HEAD", url.path)
    checks.equal("HEAD", connection.getresponse().status, 200)
    checks.raises("socket", OSError, socket.create_connection, (url.hostname, url.port))
