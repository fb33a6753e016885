/**
 * Installs Python distributions for the buildout's Python, and generates scripts.
 *
 * ```js
 * const found = install(["zope.interface >= 7"]);
 * ```
 *
 * A recipe needs the grant `distributions` (`grant.distributions`). Records are those of `distributions.wit`.
 */

import {
  build as make,
  develop as link,
  install as find,
  sort as order,
  writeScripts as generate,
} from "buildout:recipe/distributions@0.2.0";
import { RecipeError, ask, named } from "./errors.js";

/**
 * Distributions are not available. `reason` is `missing`, `conflict`, `pin`, `picked`, `extra`, `build`, `unavailable`,
 * `bad-file`, `not-granted`, `invalid`, `python`, `limit` or another word. `output` has the last lines of a build that failed.
 */
export class DistributionError extends RecipeError {
  constructor(message, reason, user, output = []) {
    super(message);
    this.reason = reason;
    this.user = user;
    this.output = output;
  }
}

function distributionError(reported) {
  if (reported.tag === "build") return new DistributionError(reported.val.message, "build", true, reported.val.output);
  const { message, reason } = named(reported);
  // Requirements and versions come from the configuration.
  return new DistributionError(message, reason, reported.tag !== "other");
}

/**
 * The settings of the section `buildout`; distributions are installed to `destination`, by default the eggs directory. `replaced`
 * has other settings.
 *
 * @param {string} [destination] @param {object} [replaced]
 */
export function settings(destination = undefined, replaced = {}) {
  const where = destination === undefined ? { tag: "eggs-directory" } : { tag: "directory", val: destination };
  return { destination: where, reportPicked: true, ...replaced };
}

/**
 * Finds distributions for all requirements and for their dependencies, and installs the missing ones. Available in `init` too.
 * Distributions in `begin` are preferred.
 *
 * @param {string[]} requirements @param {object[]} [begin] @param {object} [using]
 */
export function install(requirements, begin = [], using = settings()) {
  return ask(() => find(requirements, begin, using), distributionError);
}

/** The distributions in the order of `sys.path` in generated scripts. @param {object[]} distributions */
export function sort(distributions) {
  return order(distributions);
}

/**
 * Builds the distribution for a requirement from source, and installs it.
 *
 * @param {string} requirement
 * @param {{ extensions?: Record<string, string>, environment?: Record<string, string> }} [options] @param {object} [using]
 */
export function build(requirement, options = {}, using = settings()) {
  return ask(() => make(requirement, buildOptions(options), using), distributionError);
}

/**
 * Installs a project in editable mode. Returns the path of the egg link.
 *
 * @param {string} project @param {string} [destination]
 * @param {{ extensions?: Record<string, string>, environment?: Record<string, string> }} [options] @returns {string}
 */
export function develop(project, destination = undefined, options = {}) {
  return ask(() => link(project, destination, buildOptions(options)), distributionError);
}

/** Generates scripts. Returns the paths of all scripts. @param {object} request @returns {string[]} */
export function writeScripts(request) {
  return ask(() => generate(request), distributionError);
}

function buildOptions({ extensions = {}, environment = {} }) {
  return { extensions: Object.entries(extensions), environment: Object.entries(environment) };
}
