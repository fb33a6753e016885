/**
 * Write buildout recipes in JavaScript: WebAssembly components for buildout-host.
 *
 * A recipe is a class that extends `Recipe`. The project's `recipe.js` exports the entry points:
 *
 * ```js
 * import { Recipe, option } from "./sdk/javascript/index.js";
 * import * as fs from "./sdk/javascript/fs.js";
 *
 * class Note extends Recipe {
 *   static documentation = "Writes text to `note.txt` in the part's location.";
 *   static options = [option("text", { required: true, help: "The text to write." })];
 *
 *   init(options, buildout) {
 *     this.text = options.require("text");
 *   }
 *
 *   install() {
 *     const { location } = this.options;
 *     fs.mkdir(location, { recursive: true });
 *     fs.writeFile(`${location}/note.txt`, this.text);
 *     return location;
 *   }
 * }
 *
 * export const entryPoints = { default: Note };
 * ```
 *
 * `fs.js` provides files, `process.js` native commands, `download.js` downloads, `archives.js` local archives, `distributions.js`
 * Python distributions, `python.js` and `system.js` the properties of the buildout's Python and of the machine, and `lock.js`
 * locks. A component that does not import these modules cannot use their interfaces. The output of `console.log` is shown, line
 * by line.
 */

export { Buildout, Options } from "./options.js";
export { Fault, OptionError, RecipeError, UserError } from "./errors.js";
export { access, created, look, makeLink, readLink, setMode, temporaryDirectory } from "./paths.js";
export { Recipe, option } from "./recipe.js";
export * as grant from "./grant.js";
export * as log from "./log.js";
