/** The arguments of a recipe's `init`: its options and the buildout. */

import { open } from "buildout:recipe/buildout@0.2.0";
import { OptionError, ask } from "./errors.js";

const SET_ERRORS = {
  "after-init": "cannot be changed in this call",
  "invalid-name": "does not have a valid name",
  exists: "exists",
  limit: "is longer than buildout-host allows",
};

/** Converts the host's error for what is changed. @param {string} object */
function setError(object) {
  return (reported) => {
    const { code, message } = reported.val ?? {};
    const reason = code ?? reported.tag;
    return new OptionError(`${object} ${message ? `cannot be changed: ${message}` : SET_ERRORS[reason]}`, reason);
  };
}

function lookupError(lookup) {
  const reason = lookup.reason.tag === "other" ? lookup.reason.val.code : lookup.reason.tag;
  return new OptionError(lookup.message, reason, lookup);
}

/** The part's own section. All values are strings. You can keep it: reading works for the lifetime of the part. */
export class Options {
  #lent;

  constructor(lent) {
    this.#lent = lent;
  }

  /** The name of the part. @returns {string} */
  get part() {
    return this.#lent.part();
  }

  /** The absolute path of the part's own directory. The recipe may create, write to and remove it. @returns {string} */
  get location() {
    return this.#lent.location();
  }

  /**
   * The option's value with all references replaced, or `otherwise` if it is missing.
   *
   * @param {string} name @param {string} [otherwise] @returns {string | undefined}
   */
  get(name, otherwise = undefined) {
    return ask(() => this.#lent.get(name), lookupError) ?? otherwise;
  }

  /** The option's value. For a missing option, the error suggests a similar name. @param {string} name @returns {string} */
  require(name) {
    return ask(() => this.#lent.require(name), lookupError);
  }

  /**
   * Sets the option, for this part and all sections that reference it. Outside `init`, it is not recorded.
   *
   * @param {string} name @param {string} value
   */
  set(name, value) {
    ask(() => this.#lent.set(name, String(value)), setError(`option ${JSON.stringify(name)}`));
  }

  /** Removes the option. A missing option is not an error. @param {string} name */
  remove(name) {
    ask(() => this.#lent.remove(name), setError(`option ${JSON.stringify(name)}`));
  }

  /** The names of the options, in the order in which they were written. @returns {string[]} */
  keys() {
    return ask(() => this.#lent.keys(), lookupError);
  }
}

/**
 * The sections of the buildout.
 *
 * In `init`, reading one makes the part depend on it, and initializes it first if it has a recipe. In other calls, its current
 * options are returned (`Buildout.open`).
 */
export class Buildout {
  #lent;

  constructor(lent) {
    this.#lent = lent;
  }

  /** The absolute path of the buildout directory. @returns {string} */
  get directory() {
    return this.require("buildout", "directory");
  }

  /**
   * The option's value, or `otherwise` if it is missing. Does not mark an option of the part itself as used.
   *
   * @param {string} section @param {string} name @param {string} [otherwise] @returns {string | undefined}
   */
  get(section, name, otherwise = undefined) {
    return ask(() => this.#lent.get(section, name), lookupError) ?? otherwise;
  }

  /** The option's value. @param {string} section @param {string} name @returns {string} */
  require(section, name) {
    return ask(() => this.#lent.require(section, name), lookupError);
  }

  /** The names of the section's options, in the order in which they were written. @param {string} section @returns {string[]} */
  keys(section) {
    return ask(() => this.#lent.keys(section), lookupError);
  }

  /** The names of all sections, in the order in which they were first written. This creates no dependency. @returns {string[]} */
  sections() {
    return ask(() => this.#lent.sections(), lookupError);
  }

  /** The buildout. It can be kept between calls. */
  static open() {
    return new Buildout(open());
  }

  /** Reads a section without reading an option. In `init`, this initializes it if it has a recipe. @param {string} section */
  initialize(section) {
    ask(() => this.#lent.initialize(section), lookupError);
  }

  /**
   * The option's value with its references not replaced. This creates no dependency.
   *
   * @param {string} section @param {string} name @returns {string | undefined}
   */
  raw(section, name) {
    return ask(() => this.#lent.raw(section, name), lookupError);
  }

  /**
   * Adds a section. If it has a recipe, it becomes a part when it is read. Only in `init`.
   *
   * @param {string} section @param {Record<string, string>} options
   */
  add(section, options) {
    ask(() => this.#lent.add(section, Object.entries(options)), setError(`section ${JSON.stringify(section)}`));
  }

  /** Sets an option of a section that the part has added. Only in `init`. @param {string} section @param {string} name @param {string} value */
  set(section, name, value) {
    ask(() => this.#lent.set(section, name, String(value)), setError(`option ${section}:${name}`));
  }

  /** Removes an option of a section that the part has added. Only in `init`. @param {string} section @param {string} name */
  remove(section, name) {
    ask(() => this.#lent.remove(section, name), setError(`option ${section}:${name}`));
  }
}
