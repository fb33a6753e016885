/** The arguments of a recipe's `init`: its options and the buildout. */

import { OptionError, ask } from "./errors.js";

const SET_ERRORS = {
  "after-init": "was set after init",
  "invalid-name": "is not a valid option name",
  limit: "is longer than the host allows",
};

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

  /** Sets the option, for this part and all sections that reference it. Only in `init`. @param {string} name @param {string} value */
  set(name, value) {
    ask(
      () => this.#lent.set(name, String(value)),
      (reported) => {
        const { code, message } = reported.val ?? {};
        const reason = code ?? reported.tag;
        return new OptionError(`option ${JSON.stringify(name)} ${message ?? SET_ERRORS[reason]}`, reason);
      },
    );
  }

  /** The names of the options, in the order in which they were written. @returns {string[]} */
  keys() {
    return ask(() => this.#lent.keys(), lookupError);
  }
}

/** The other sections. Reading one makes the part depend on it. Only in `init`. */
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
}
