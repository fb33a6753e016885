/** The paths that a recipe makes. */

import { created as tell, setMode as change } from "buildout:recipe/paths@0.1.0";
import { Fault, ask } from "./errors.js";

const MESSAGES = {
  outside: (path) => `${path} is outside of what the part may own`,
  invalid: (path) => `${JSON.stringify(path)} is not a path that can be used so`,
  "not-installing": (path) => `${path} was used so outside of install and update`,
  limit: () => "more paths were named than the host allows",
};

/** Makes an error of what the host says of `path`. @param {string} path */
export function fault(path) {
  return (reported) => new Fault(MESSAGES[reported.tag]?.(path) ?? `${path}: ${reported.val.message}`);
}

/**
 * Tells the host that the recipe is about to create `path`, so that it is removed if the call fails later on. Only for `install`
 * and `update`; paths that are to stay are returned all the same.
 *
 * @param {string} path
 */
export function created(path) {
  ask(() => tell(path), fault(path));
}

/** Sets the permissions (such as `0o755`): WASI has none. @param {string} path @param {number} mode */
export function setMode(path, mode) {
  ask(() => change(path, mode), fault(path));
}
