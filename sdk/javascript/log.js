/** Messages to the user. The host prefixes each with the part's name. */

import { activity as report, message, messageFrom as messageOf, threshold as lowest } from "buildout:recipe/log@0.2.0";

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

/**
 * Logs a message with this prefix instead of the part's name.
 *
 * @param {string} name @param {"debug" | "info" | "warning" | "error" | "critical"} level @param {string} text
 */
export function messageFrom(name, level, text) {
  messageOf(name, level, String(text));
}

/** The lowest level that is shown, as a number of Python's `logging`: 10 is debug, 20 info, 30 warning, 40 error. */
export function threshold() {
  return lowest();
}

/** Reports in a few words what the recipe is doing now, for the live lines on a terminal. @param {string} text */
export function activity(text) {
  report(String(text));
}
