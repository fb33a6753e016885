/** The base class of recipes, and the description of options. */

/**
 * Describes an option.
 *
 * `type` is `text`, `path`, `boolean`, `integer`, `words` (separated by whitespace), `lines` (one item per line), or a type that
 * this version does not know. `choices` restricts the value to the given ones. The value is always a string.
 *
 * @param {string} name
 * @param {{ type?: string, required?: boolean, default?: string, choices?: string[], help?: string }} [description]
 */
export function option(name, description = {}) {
  if (description.required && description.default !== undefined) {
    throw new TypeError(`option ${JSON.stringify(name)} is required and cannot have a default`);
  }
  return { name, ...description };
}

/**
 * A recipe: one kind of part. An instance is a part.
 *
 * The method `update()`, if any, returns the paths that belong to the part, or nothing if they have not changed. Without it, a
 * part is installed again in each run. The static method `uninstall(part, recorded)`, if any, is called before the part's paths
 * are removed. `recorded` is a `Map` with its options at installation, because its section may no longer exist.
 */
export class Recipe {
  /** What it makes, in Markdown: one line, then an empty line, then any details. */
  static documentation = "";

  /** The options that it reads: see `option`. @type {ReturnType<typeof option>[]} */
  static options = [];

  /** The grants that it requests: see `grant`. @type {object[]} */
  static grants = [];

  /** Whether it may read options that it does not describe: the host then does not report those as misspelled. */
  static otherOptions = false;

  /** The part's own section. @type {import("./options.js").Options} */
  options;

  /**
   * Reads and completes the part's options. It must not create anything.
   *
   * The part is reinstalled when its options differ from those of the previous run. Therefore set values from other sections
   * that affect the part as options of the part.
   *
   * @param {import("./options.js").Options} options
   * @param {import("./options.js").Buildout} buildout
   */
  init(options, buildout) {}

  /**
   * Makes the part, and returns the paths that belong to it: one, several, or none.
   *
   * @returns {string | string[] | undefined}
   */
  install() {
    throw new TypeError(`${this.constructor.name} has no method install`);
  }
}
