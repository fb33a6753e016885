"""Threads that run at once."""

from __future__ import annotations

import threading
import unittest

from buildout_runtime import threads
from buildout_runtime.unavailable import ThreadUnavailable


class ThreadsTest(unittest.TestCase):
    def test_a_thread_runs_to_its_end_when_it_starts(self) -> None:
        done: list[int] = []
        thread = threading.Thread(target=done.append, args=(1,))
        threads._start(thread)
        self.assertEqual(done, [1])
        self.assertFalse(threads._is_alive(thread))
        threads._join(thread)
        with self.assertRaises(RuntimeError):
            threads._start(thread)

    def test_waiting_for_another_thread_is_an_error(self) -> None:
        lock = threads.Lock()
        with lock:
            self.assertFalse(lock.acquire(False))
            self.assertFalse(lock.acquire(timeout=0.001))
            with self.assertRaises(ThreadUnavailable):
                lock.acquire()
        self.assertTrue(lock.acquire())

    def test_an_executor_gives_results_and_errors(self) -> None:
        with threads.Executor(4) as executor:
            self.assertEqual(list(executor.map(abs, [-1, 2])), [1, 2])
            self.assertIsInstance(executor.submit(int, "x").exception(), ValueError)
