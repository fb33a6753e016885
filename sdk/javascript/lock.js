/** Locks, for what several buildouts make at one place. */

import { tryLock } from "buildout:recipe/paths@0.1.0";
import { subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { ask, dispose } from "./errors.js";
import { fault } from "./paths.js";

// The bindings of componentize-js 0.23 lack the class of a resource that has no functions, as a lock. They lie in a global scope
// of their own, of which this is `Function`: here the class is added, and what gives a lock back.
const InBindings = tryLock.constructor;
InBindings("globalThis.import_paths_0_1_0$Lock ??= class Lock {}")();
const drop = InBindings(
  "held",
  "finalizationRegistry_import$paths_0_1_0$lock.unregister(held); $resource_import$paths_0_1_0$drop$lock(held[symbolRscHandle])",
);

/** A lock that is held: `release` frees it. */
export class Lock {
  #held;

  constructor(held) {
    this.#held = held;
  }

  /**
   * Takes the lock of a file, which must lie where the recipe may write, and is created where there is none. For what several
   * buildouts make at one place. `waiting` is called once, if somebody else holds the lock.
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

  /** Frees the lock. */
  release() {
    if (this.#held) drop(this.#held);
    this.#held = undefined;
  }
}
