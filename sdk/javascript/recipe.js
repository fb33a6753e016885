/** What a recipe's author extends. */

/**
 * Describes an option.
 *
 * `type` is `text`, `path`, `boolean`, `integer`, `words` (separated by white space), `lines` (one item per line), or the
 * name of a type that this version does not know; `choices` makes it one of these. The value is always text.
 *
 * @param {string} name
 * @param {{ type?: string, required?: boolean, default?: string, choices?: string[], help?: string }} [description]
 */
export function option(name, description = {}) {
  if (description.required && description.default !== undefined) {
    throw new TypeError(`option ${JSON.stringify(name)} is required, and so has no default`);
  }
  return { name, ...description };
}

/**
 * One kind of part; an object of the class is a part.
 *
 * A part without a method `update()` is installed again in each run; it returns the paths that make up the part, or nothing if
 * they are as before. A static method `uninstall(part, recorded)` is called before the part's paths are removed: `recorded` are
 * its options when it was installed (a `Map`); its section may be gone.
 */
export class Recipe {
  /** What it makes: one line, then, after an empty line, as much as is useful. Markdown. */
  static documentation = "";

  /** The options that it reads: see `option`. @type {ReturnType<typeof option>[]} */
  static options = [];

  /** What it needs beyond its own location and reading the buildout: see `grant`. @type {object[]} */
  static grants = [];

  /** The part's own section. @type {import("./options.js").Options} */
  options;

  /**
   * Reads and completes the part's options. Must not make anything.
   *
   * The part is made again when its options differ from those of the previous run: what is read from other sections and decides
   * what the part is like should be set in its own.
   *
   * @param {import("./options.js").Options} options
   * @param {import("./options.js").Buildout} buildout
   */
  init(options, buildout) {}

  /**
   * Makes the part, and returns the paths that make it up: one, several, or none.
   *
   * @returns {string | string[] | undefined}
   */
  install() {
    throw new TypeError(`${this.constructor.name} has no method install`);
  }
}
