/** Locks, for places that several buildouts write to. */

import { tryLock } from "buildout:recipe/paths@0.2.0";
import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { ask, dispose } from "./errors.js";
import { fault } from "./paths.js";

// The bindings of componentize-js 0.23 lack the class of a resource without functions, such as a lock. They are in a separate
// global scope. This is its `Function`, which adds the class, and a function that drops a lock.
const InBindings = tryLock.constructor;
InBindings("globalThis.import_paths_0_2_0$Lock ??= class Lock {}")();
const drop = InBindings(
  "held",
  "finalizationRegistry_import$paths_0_2_0$lock.unregister(held); $resource_import$paths_0_2_0$drop$lock(held[symbolRscHandle])",
);

/** A lock. Call `release` to release it. */
export class Lock {
  #held;

  constructor(held) {
    this.#held = held;
  }

  /**
   * Locks a file. The recipe must be allowed to write to it. It is created if it does not exist. `waiting` is called once if the
   * lock is held elsewhere.
   *
   * @param {string} path @param {() => void} [waiting]
   */
  static acquire(path, waiting = () => {}) {
    let held = ask(() => tryLock(path), fault(path));
    if (held === undefined) waiting();
    while (held === undefined) {
      const pause = subscribeDuration(100_000_000n);
      pause.block();
      dispose(pause);
      held = ask(() => tryLock(path), fault(path));
    }
    return new Lock(held);
  }

  /** Releases the lock. */
  release() {
    if (this.#held) drop(this.#held);
    this.#held = undefined;
  }
}
