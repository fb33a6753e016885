"""`http.client`, and through it `urllib.request`, over the host's downloads.

A request becomes a download: the host follows redirections, keeps what its settings say, and asks only where it may. Knows nothing
of recipes.
"""

from __future__ import annotations

import email.message
import errno
import http
import http.client
import io
import socket
import urllib.request
from typing import Any

from componentize_py_types import Err
from wit_world.imports import download as wit

from .unavailable import Unavailable

_CHUNK = 1 << 20


class _Body(io.RawIOBase):
    """The content of a file that was fetched."""

    def __init__(self, fetched: wit.Fetched) -> None:
        self._fetched, self._at = fetched, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._fetched.read(self._at, min(len(buffer), _CHUNK))
        except Err as error:
            raise _error(error, self._fetched.address()) from None
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Response(io.BufferedReader):
    """An answer, with the interface of `http.client.HTTPResponse`."""

    version = 11
    chunked = will_close = False

    def __init__(self, body: io.RawIOBase, status: int, headers: list[tuple[str, str]], address: str) -> None:
        super().__init__(body, _CHUNK)
        self.status = self.code = status
        self.reason = self.msg = _phrase(status)
        self.headers = http.client.HTTPMessage()
        for name, value in headers:
            self.headers[name] = value
        self._address = address

    @property
    def url(self) -> str:
        """Where it came from. `urllib` sets what was asked for."""
        return self._address

    @url.setter
    def url(self, asked: str) -> None: ...

    def geturl(self) -> str:
        return self._address

    def info(self) -> email.message.Message:
        return self.headers

    def getcode(self) -> int:
        return self.status

    def getheader(self, name: str, default: Any = None) -> Any:
        return self.headers.get(name, default)

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self.headers.items())

    def isclosed(self) -> bool:
        return self.closed


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def _error(error: Err[wit.DownloadError], address: str) -> OSError:
    value = error.value
    if isinstance(value, wit.DownloadError_NotGranted):
        return PermissionError(errno.EPERM, value.value, address)
    message = value.value.message if isinstance(value, wit.DownloadError_Other) else str(value.value)
    return ConnectionError(errno.ENETUNREACH, message, address)


def fetch(address: str, headers: dict[str, str], with_body: bool = True) -> Response:
    """Fetches what is at the address. A status that is no success is an answer, too."""
    request = wit.Request(address, [], list(headers.items()))
    try:
        # The handle lives as long as the answer: its content is read from it.
        fetched = wit.open([address]).fetch(request)
    except Err as error:
        if isinstance(error.value, wit.DownloadError_Status):
            refused = error.value.value
            return Response(_empty(refused.message), refused.code, [("content-type", "text/plain")], address)
        raise _error(error, address) from None
    answer = dict(fetched.headers())
    answer.setdefault("content-length", str(fetched.size()))
    body = _Body(fetched) if with_body else _empty("")
    return Response(body, 200, list(answer.items()), fetched.address())


def _empty(text: str) -> Any:
    return io.BytesIO(text.encode())


class Connection:
    """A connection, with the interface of `http.client.HTTPConnection`."""

    scheme, default_port = "http", 80
    debuglevel, sock = 0, None
    _get_content_length = staticmethod(http.client.HTTPConnection._get_content_length)

    def __init__(self, host: str, port: int | None = None, timeout: Any = None, *_: Any, **__: Any) -> None:
        self.host, self.port, self.timeout = host, port, timeout
        self._tunnel: str | None = None
        self._begun: tuple[str, str, dict[str, str]] | None = None
        self._answer: Response | None = None

    def _address(self, url: str) -> str:
        if "://" in url:
            return url
        port = "" if self.port in (None, self.default_port) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{url}"

    def request(self, method: str, url: str, body: Any = None, headers: Any = {}, **_: Any) -> None:
        if method not in ("GET", "HEAD") or body:
            raise Unavailable(f"the sandbox can fetch files, but not send anything ({method} {self._address(url)})")
        own = {name: value for name, value in dict(headers).items() if name.lower() not in ("host", "connection")}
        self._answer = fetch(self._address(url), own, method == "GET")

    def putrequest(self, method: str, url: str, *_: Any, **__: Any) -> None:
        self._begun = (method, url, {})

    def putheader(self, header: str, *values: Any) -> None:
        if self._begun is not None:
            self._begun[2][header] = ", ".join(str(value) for value in values)

    def endheaders(self, message_body: Any = None, **_: Any) -> None:
        if self._begun is None:
            raise http.client.CannotSendHeader
        method, url, headers = self._begun
        self._begun = None
        self.request(method, url, message_body, headers)

    def getresponse(self) -> Response:
        if self._answer is None:
            raise http.client.ResponseNotReady
        answer, self._answer = self._answer, None
        return answer

    def set_debuglevel(self, level: int) -> None: ...

    def set_tunnel(self, *_: Any, **__: Any) -> None: ...

    def connect(self) -> None: ...

    def close(self) -> None: ...


class SecureConnection(Connection):
    """As `Connection`, for `https:`. Certificates are the host's business."""

    scheme, default_port = "https", 443


class SecureHandler(urllib.request.AbstractHTTPHandler):
    """`urllib.request.HTTPSHandler`, which Python has only where it has OpenSSL."""

    def __init__(self, debuglevel: int | None = None, context: Any = None, check_hostname: bool | None = None) -> None:
        super().__init__(debuglevel or 0)

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(SecureConnection, request)

    https_request = urllib.request.AbstractHTTPHandler.do_request_


def _no_socket(*_: Any, **__: Any) -> Any:
    raise PermissionError(errno.EPERM, "a recipe has no sockets; fetch files with urllib.request")


def install() -> None:
    """Puts all this in the place of Python's own."""
    http.client.HTTPConnection = Connection
    http.client.HTTPSConnection = SecureConnection
    urllib.request.HTTPSHandler = SecureHandler
    urllib.request.ProxyHandler.__init__ = lambda self, proxies=None: setattr(self, "proxies", {})
    socket.create_connection = socket.create_server = socket.getaddrinfo = _no_socket
    socket.gethostbyname = _no_socket
