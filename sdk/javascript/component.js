/** Exports classes that extend `Recipe` from a component. */

import { Buildout, Options } from "./options.js";
import { failure } from "./errors.js";

const TYPES = ["text", "path", "boolean", "integer", "words", "lines"];

function describeOption({ name, type = "text", required = false, default: value, choices, help = "" }) {
  const valueType = choices ? { tag: "choice", val: choices } : TYPES.includes(type) ? { tag: type } : { tag: "other", val: type };
  const presence = required
    ? { tag: "required" }
    : value === undefined
      ? { tag: "optional" }
      : { tag: "default", val: value };
  return { name, valueType, presence, documentation: help };
}

function describeEntryPoint([name, recipe]) {
  return {
    name,
    documentation: recipe.documentation,
    options: recipe.options.map(describeOption),
    grants: recipe.grants,
    hasUpdate: typeof recipe.prototype.update === "function",
    hasUninstall: typeof recipe.uninstall === "function",
    otherOptions: recipe.otherOptions,
    cacheable: false,
  };
}

/** Calls the author's code, and converts uncaught errors to failures for the host. */
function guarded(call) {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}

function paths(returned) {
  if (returned === undefined || returned === null) return undefined;
  if (typeof returned.then === "function") throw new TypeError("a recipe must return paths, not a promise");
  return typeof returned === "string" ? [returned] : Array.from(returned, String);
}

/** An initialized part. */
class Part {
  #recipe;

  constructor(recipe) {
    this.#recipe = recipe;
  }

  install() {
    return guarded(() => paths(this.#recipe.install()) ?? []);
  }

  update() {
    return guarded(() => paths(this.#recipe.update()));
  }

  inputs() {
    return { tag: "unknown", val: "recipes written in JavaScript do not describe their inputs" };
  }
}

/** The exports of the component. */
export function component(name, version, entryPoints) {
  return {
    description: {
      describe: () => ({ name, version, entryPoints: Object.entries(entryPoints).map(describeEntryPoint) }),
    },
    parts: {
      Part,
      init: (entryPoint, options, buildout) =>
        guarded(() => {
          const recipe = new entryPoints[entryPoint]();
          recipe.options = new Options(options);
          recipe.init(recipe.options, new Buildout(buildout));
          return new Part(recipe);
        }),
      uninstall: (entryPoint, part, recorded) =>
        guarded(() => {
          entryPoints[entryPoint].uninstall(part, new Map(recorded.map(({ name, value }) => [name, value])));
        }),
    },
  };
}
