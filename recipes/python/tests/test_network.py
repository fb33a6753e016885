"""`urllib.request` over the host's downloads."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from unittest import mock

from buildout_runtime import network
from buildout_runtime.unavailable import Unavailable
from componentize_py_types import Err
from wit_world.imports import download as wit

from .support import HostTest, replace


class Fetched:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def size(self) -> int:
        return len(self.content)

    def headers(self) -> list[tuple[str, str]]:
        return [("content-type", "text/plain; charset=utf-8")]

    def address(self) -> str:
        return "https://mirror.example/file"

    def read(self, offset: int, length: int) -> bytes:
        return self.content[offset : offset + length]


class Downloader:
    requests: list[wit.Request] = []

    def fetch(self, request: wit.Request) -> Fetched:
        self.requests.append(request)
        if request.url.endswith("/missing"):
            raise Err(wit.DownloadError_Status(wit.ServerStatus(404, "Not Found")))
        if request.url.endswith("/refused"):
            raise Err(wit.DownloadError_NotGranted('add fetch = ["https://a/"]'))
        return Fetched(b"content " * 1000)


class NetworkTest(HostTest):
    def setUp(self) -> None:
        super().setUp()
        Downloader.requests = []
        replace(self, wit, open=lambda addresses: Downloader())
        for module, name, value in (
            (http.client, "HTTPConnection", network.Connection),
            (http.client, "HTTPSConnection", network.SecureConnection),
            (urllib.request, "HTTPSHandler", network.SecureHandler),
            (urllib.request, "_opener", None),
        ):
            patch = mock.patch.object(module, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_file_is_read(self) -> None:
        with urllib.request.urlopen("https://example.org/file") as answer:
            self.assertEqual(answer.read(7), b"content")
            self.assertEqual(len(answer.read()), 7993)
            self.assertEqual((answer.getcode(), answer.geturl()), (200, "https://mirror.example/file"))
            self.assertEqual(answer.headers.get_content_charset(), "utf-8")
        self.assertEqual(Downloader.requests[0].url, "https://example.org/file")

    def test_a_file_is_retrieved(self) -> None:
        path, headers = urllib.request.urlretrieve("http://example.org:8080/file?x=1", self.directory + "/file")
        with open(path, "rb") as file:
            self.assertEqual(len(file.read()), 8000)
        self.assertEqual(headers["content-length"], "8000")
        self.assertEqual(Downloader.requests[0].url, "http://example.org:8080/file?x=1")

    def test_a_status_is_an_error_of_http(self) -> None:
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen("http://example.org/missing")
        self.assertEqual(raised.exception.code, 404)

    def test_what_is_not_granted(self) -> None:
        with self.assertRaises(urllib.error.URLError) as raised:
            urllib.request.urlopen("http://example.org/refused")
        self.assertIn("add fetch", str(raised.exception))

    def test_nothing_is_sent(self) -> None:
        with self.assertRaises(Unavailable):
            urllib.request.urlopen("http://example.org/", b"data")
