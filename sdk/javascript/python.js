/** The buildout's Python: the interpreter in `${buildout:executable}`. */

import { compatibleTags as tags, describeInterpreter } from "buildout:recipe/python@0.2.0";
import { RecipeError, ask, named } from "./errors.js";

/** The buildout's Python is not available. `reason` is `missing`, `broken` or another word. */
export class PythonError extends RecipeError {
  constructor(message, reason) {
    super(message);
    this.reason = reason;
    this.user = reason === "missing" || reason === "broken";
  }
}

function pythonError(reported) {
  const { message, reason } = named(reported);
  return new PythonError(message, reason);
}

/** The properties of the interpreter, as in `python.wit`. The host asks it once, and stores its answer. */
export function interpreter() {
  return ask(describeInterpreter, pythonError);
}

/** The tags of the wheels that it supports, most preferred first. @returns {string[]} */
export function compatibleTags() {
  return ask(tags, pythonError);
}
