"""Threads."""

import concurrent.futures
import queue
import threading

from runtime_checks.checking import CheckingRecipe


class Recipe(CheckingRecipe):
    """Checks `threading`, `queue` and `concurrent.futures`."""

    def check(self, checks, location):
        workers(checks)
        with concurrent.futures.ThreadPoolExecutor(4) as executor:
            checks.equal("executor", list(executor.map(abs, [-1, 2])), [1, 2])
        checks.raises("waiting for an item", RuntimeError, queue.Queue().get)
        lock = threading.Lock()
        lock.acquire()
        checks.raises("waiting for a lock", RuntimeError, lock.acquire)
        checks.equal("trying a lock", lock.acquire(False), False)


def workers(checks):
    done, waiting = [], queue.Queue()

    def work():
        while True:
            try:
                done.append(waiting.get_nowait())
            except queue.Empty:
                return

    for number in range(5):
        waiting.put(number)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checks.equal("workers", done, [0, 1, 2, 3, 4])
    checks.equal("alive", any(thread.is_alive() for thread in threads), False)
