/** Messages to the user. The host prefixes each with the part's name. */

import { activity as report, message } from "buildout:recipe/log@0.2.0";

/** Logs a message for the recipe's author. @param {string} text */
export function debug(text) {
  message("debug", String(text));
}

/** Logs what the recipe is doing. @param {string} text */
export function info(text) {
  message("info", String(text));
}

/** Logs something to check, although the part can be made. @param {string} text */
export function warning(text) {
  message("warning", String(text));
}

/** Logs why the part cannot be made. @param {string} text */
export function error(text) {
  message("error", String(text));
}

/** Logs an error that affects more than this part. @param {string} text */
export function critical(text) {
  message("critical", String(text));
}

/** Reports in a few words what the recipe is doing now, for the live lines on a terminal. @param {string} text */
export function activity(text) {
  report(String(text));
}
