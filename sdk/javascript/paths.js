/** Paths that a recipe creates, permissions, links, and a temporary directory. */

import {
  access as allowed,
  created as announce,
  look as inspect,
  makeLink as link,
  readLink as follow,
  setMode as change,
  temporaryDirectory as temporary,
} from "buildout:recipe/paths@0.2.0";
import { Fault, ask } from "./errors.js";

const MESSAGES = {
  outside: (path) => `${path} is outside the directories that the part may own`,
  invalid: (path) => `${JSON.stringify(path)} is not a valid path`,
  "not-installing": (path) => `${path} cannot be used in this call`,
  missing: (path) => `${path} does not exist`,
  exists: (path) => `${path} exists`,
  limit: () => "the number of paths exceeds buildout-host's limit",
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

/**
 * The status of a file or directory, as in `paths.wit`. A symbolic link is followed if `follows` is true.
 *
 * @param {string} path @param {boolean} [follows]
 */
export function look(path, follows = true) {
  return ask(() => inspect(path, follows), fault(path));
}

/**
 * What the recipe and its commands may do with a path. Nothing if it does not exist.
 *
 * @param {string} path @returns {{ read?: boolean, write?: boolean, execute?: boolean }}
 */
export function access(path) {
  return allowed(path);
}

/** Creates a symbolic link with any target, also an absolute one. @param {string} target @param {string} path */
export function makeLink(target, path) {
  ask(() => link(target, path), fault(path));
}

/** The target of a symbolic link, also an absolute one. @param {string} path @returns {string} */
export function readLink(path) {
  return ask(() => follow(path), fault(path));
}

/** The part's temporary directory. Its commands see it under the same path, and as `TMPDIR`. It is removed after the run. */
export function temporaryDirectory() {
  return ask(() => temporary(), fault("the temporary directory"));
}
