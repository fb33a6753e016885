/** Messages to the person who runs the buildout; the part's name goes before each. */

import { activity as tell, message } from "buildout:recipe/log@0.1.0";

/** Logs for the recipe's author. @param {string} text */
export function debug(text) {
  message("debug", String(text));
}

/** Logs what is being done. @param {string} text */
export function info(text) {
  message("info", String(text));
}

/** Logs something that should be looked at, though the part is made. @param {string} text */
export function warning(text) {
  message("warning", String(text));
}

/** Logs why the part cannot be made. @param {string} text */
export function error(text) {
  message("error", String(text));
}

/** Logs what concerns more than this part. @param {string} text */
export function critical(text) {
  message("critical", String(text));
}

/** Says in a few words what the recipe is doing now, for the live display of a terminal. @param {string} text */
export function activity(text) {
  tell(String(text));
}
