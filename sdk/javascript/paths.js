/** Paths that a recipe creates, and permissions. */

import { created as announce, setMode as change } from "buildout:recipe/paths@0.2.0";
import { Fault, ask } from "./errors.js";

const MESSAGES = {
  outside: (path) => `${path} is outside the directories that the part may own`,
  invalid: (path) => `${JSON.stringify(path)} is not a valid path`,
  "not-installing": (path) => `${path} was used outside install and update`,
  limit: () => "the number of paths exceeds the host's limit",
};

/** Converts the host's error for `path`. @param {string} path */
export function fault(path) {
  return (reported) => new Fault(MESSAGES[reported.tag]?.(path) ?? `${path}: ${reported.val.message}`);
}

/**
 * Announces that the recipe is about to create `path`. The host removes it if the call then fails. Only in `install` and
 * `update`, which must still return the paths that belong to the part.
 *
 * @param {string} path
 */
export function created(path) {
  ask(() => announce(path), fault(path));
}

/** Sets the permissions (such as `0o755`), which WASI does not support. @param {string} path @param {number} mode */
export function setMode(path, mode) {
  ask(() => change(path, mode), fault(path));
}
