/** Errors of recipes, and how they are reported to the host. */

import * as log from "./log.js";

/** The base class of all errors of the SDK. */
export class RecipeError extends Error {
  /** Whether it is a user error. */
  user = false;

  /** What the user can do, one sentence each. @type {string[]} */
  hints = [];

  /** Adds what the user can do: `throw new UserError("no compiler").hint("Install gcc.")`. @param {string} text */
  hint(text) {
    this.hints.push(text);
    return this;
  }
}

/** A user error, printed as `Error: <message>`, without a trace. Log details that help to correct it before. */
export class UserError extends RecipeError {
  user = true;
}

/** A failure of the recipe or its environment. Any other error is treated in the same way. */
export class Fault extends RecipeError {}

/**
 * An option that could not be read or set. `reason` is `unknown-section`, `unknown-option`, `cycle`, `failed`, `limit`,
 * `after-init`, `invalid-name` or another word. If it is not caught, the host prints its place in the configuration, its cause,
 * and hints.
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
 * Calls the host, and converts an error that it reports with `explain`.
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
    // The bindings throw an object with the error of the result as its payload.
    throw Object.hasOwn(Object(error), "payload") ? explain(error.payload) : error;
  }
}

/** Returns a resource to the host without waiting for the garbage collector. @param {any} lent */
export function dispose(lent) {
  lent[Symbol.dispose || Symbol.for("dispose")]();
}

/** The reason and message of a variant that ends with `other`. @param {any} reported */
export function named(reported) {
  return reported.tag === "other"
    ? { reason: reported.val.code, message: reported.val.message }
    : { reason: reported.tag, message: reported.val };
}

/** The author's frames of an error's stack, innermost first, without those of the SDK and of the bindings. */
function frames(error) {
  const lines = String(error?.stack ?? "").split("\n");
  const found = lines.map((line) => /^(.*?)@(.+):(\d+):\d+$/.exec(line));
  const own = found.filter((frame) => frame && !/(^|\/)sdk\/javascript\/|^\/|^build\//.test(frame[2]));
  return own.map(([, name, file, line]) => ({ name: name || "top level", place: `${file}:${line}` }));
}

function title(error) {
  if (error instanceof RecipeError) return error.message;
  // Errors of the bindings come from another realm, so their class `Error` is a different one.
  return typeof error?.stack === "string" ? `${error.name}: ${error.message}` : `Thrown: ${String(error)}`;
}

function trace(error) {
  const at = frames(error).map(({ name, place }) => `\n  at ${place} in ${name}`);
  const cause = error?.cause === undefined ? "" : `\nCaused by: ${trace(error.cause)}`;
  return title(error) + at.join("") + cause;
}

function userError({ message, hints }) {
  if (hints.length === 0) return { tag: "user-error", val: message };
  return { tag: "explained", val: { userError: true, message, code: undefined, trace: [], hints } };
}

/** The failure to report for an error that the recipe did not catch. @param {unknown} error */
export function failure(error) {
  if (error instanceof OptionError && error.lookup) return { tag: "lookup", val: error.lookup };
  if (error instanceof RecipeError && error.user) return userError(error);
  log.error(trace(error));
  const [innermost] = frames(error);
  return { tag: "fault", val: title(error) + (innermost ? ` (${innermost.place})` : "") };
}
