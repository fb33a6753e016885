/** How a recipe fails, and how the host is told. */

import * as log from "./log.js";

/** What all errors of the SDK have in common. */
export class RecipeError extends Error {
  /** Whether it is the user's mistake. */
  user = false;
}

/** A mistake of the user: printed as `Error: <message>`, without a trace. Log what helps to correct it before. */
export class UserError extends RecipeError {
  user = true;
}

/** Something did not work that should have. Any other error counts as this, too. */
export class Fault extends RecipeError {}

/**
 * An option that could not be read or set. `reason` is `unknown-section`, `unknown-option`, `cycle`, `failed`, `limit`,
 * `after-init`, `invalid-name` or another word. Uncaught, the host prints what it knows about it: the place in the
 * configuration, the cause, the advice.
 */
export class OptionError extends RecipeError {
  /** @param {string} message @param {string} reason @param {object} [lookup] */
  constructor(message, reason, lookup) {
    super(message);
    this.reason = reason;
    this.lookup = lookup;
  }
}

/**
 * Calls the host; what it reports becomes the error that `explain` makes of it.
 *
 * @template T
 * @param {() => T} call
 * @param {(reported: any) => Error} explain
 * @returns {T}
 */
export function ask(call, explain) {
  try {
    return call();
  } catch (error) {
    // A result's error is the payload of what the bindings throw.
    throw Object.hasOwn(Object(error), "payload") ? explain(error.payload) : error;
  }
}

/** Gives back what the host lent, before the garbage collector does. @param {any} lent */
export function dispose(lent) {
  lent[Symbol.dispose || Symbol.for("dispose")]();
}

/** Reason and message of a variant that ends with `other`. @param {any} reported */
export function named(reported) {
  return reported.tag === "other"
    ? { reason: reported.val.code, message: reported.val.message }
    : { reason: reported.tag, message: reported.val };
}

/** The author's lines of an error's stack, innermost first: those of the SDK and of the bindings are left out. */
function frames(error) {
  const lines = String(error?.stack ?? "").split("\n");
  const found = lines.map((line) => /^(.*?)@(.+):(\d+):\d+$/.exec(line));
  const own = found.filter((frame) => frame && !/(^|\/)sdk\/javascript\/|^\/|^build\//.test(frame[2]));
  return own.map(([, name, file, line]) => ({ name: name || "top level", place: `${file}:${line}` }));
}

function title(error) {
  if (error instanceof RecipeError) return error.message;
  // The bindings' own errors are of another realm, and so of another class `Error`.
  return typeof error?.stack === "string" ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`;
}

function trace(error) {
  const at = frames(error).map(({ name, place }) => `\n  at ${place} in ${name}`);
  const cause = error?.cause === undefined ? "" : `\nCaused by: ${trace(error.cause)}`;
  return title(error) + at.join("") + cause;
}

/** What the host is told of an error that the recipe did not catch. @param {unknown} error */
export function failure(error) {
  if (error instanceof OptionError && error.lookup) return { tag: "lookup", val: error.lookup };
  if (error instanceof RecipeError && error.user) return { tag: "user-error", val: error.message };
  log.error(trace(error));
  const [innermost] = frames(error);
  return { tag: "fault", val: title(error) + (innermost ? ` (${innermost.place})` : "") };
}
