"""Threads. There is one only: a thread that is started runs to its end at once.

That is enough for what recipes do with threads: several of the same work at a time, and waiting for all. A thread that waits for
what only another one can give would wait forever: it gets an error instead. Knows nothing of recipes.
"""

from __future__ import annotations

import _thread
import concurrent.futures
import concurrent.futures.thread
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .unavailable import ThreadUnavailable

_WAITS = "This waits for another thread, and the sandbox has only one"
_WAY_OUT = "Look for an option by which the recipe uses one thread, or for another recipe that does the same."


class Lock:
    """A lock. Waiting without end for one that is held is an error: there is no one to free it."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking:
            return self._lock.acquire(False)
        if timeout < 0 and self._lock.locked():
            raise ThreadUnavailable(_WAITS, _WAY_OUT)
        return self._lock.acquire(True, timeout)

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._lock = _thread.allocate_lock()


def _start(thread: threading.Thread) -> None:
    if not thread._initialized:
        raise RuntimeError("thread.__init__() not called")
    if thread._started.is_set():
        raise RuntimeError("threads can only be started once")
    thread._started.set()
    try:
        thread.run()
    except (ThreadUnavailable, SystemExit) as error:
        if isinstance(error, ThreadUnavailable):
            raise
    except BaseException:
        thread._invoke_excepthook(thread)
    finally:
        thread._has_ended = True


def _join(thread: threading.Thread, timeout: float | None = None) -> None:
    if not thread._started.is_set():
        raise RuntimeError("cannot join thread before it is started")
    if not getattr(thread, "_has_ended", False):
        raise RuntimeError("cannot join current thread")


def _is_alive(thread: threading.Thread) -> bool:
    return thread._started.is_set() and not getattr(thread, "_has_ended", False)


def _start_new_thread(function: Callable[..., Any], arguments: Iterable[Any], keywords: Mapping[str, Any] = {}) -> int:
    try:
        function(*arguments, **keywords)
    except SystemExit:
        pass
    return _thread.get_ident()


class Executor(concurrent.futures.Executor):
    """Runs what is submitted at once."""

    def __init__(
        self, *arguments: Any, initializer: Callable[..., Any] | None = None, initargs: Any = (), **_: Any
    ) -> None:
        if initializer is not None:
            initializer(*initargs)

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any
    ) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*arguments, **keywords))
        except BaseException as error:
            future.set_exception(error)
        return future


def install() -> None:
    """Puts all this in the place of Python's own."""
    threading.Lock = Lock
    threading._allocate_lock = Lock
    threading.Thread.start = _start
    threading.Thread.join = _join
    threading.Thread.is_alive = _is_alive
    _thread.start_new_thread = _thread.start_new = _start_new_thread
    threading._start_new_thread = _start_new_thread
    queue.SimpleQueue = queue._PySimpleQueue
    concurrent.futures.thread.ThreadPoolExecutor = Executor
    concurrent.futures.ThreadPoolExecutor = Executor
