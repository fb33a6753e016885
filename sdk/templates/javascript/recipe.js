/** Recipes of the package {{name}}. */

import { Recipe, UserError, log, option } from "./sdk/javascript/index.js";
import * as fs from "./sdk/javascript/fs.js";

class Directory extends Recipe {
  static documentation = "Makes a directory in the part's own location.";
  static options = [
    option("path", { type: "path", required: true, help: "The directory, relative to the part's location." }),
  ];

  init(options, buildout) {
    const path = options.require("path");
    if (path.startsWith("/") || path.split("/").includes("..")) {
      log.error(`${path} is not below ${options.location}.`);
      throw new UserError("Invalid Path");
    }
    this.path = `${options.location}/${path}`;
    options.set("path", this.path);
  }

  install() {
    if (!fs.isDirectory(this.path)) {
      log.info(`Creating directory ${this.path.split("/").at(-1)}`);
      fs.mkdir(this.path, { recursive: true });
    }
    return this.options.location;
  }

  update() {
    return this.install();
  }
}

export const entryPoints = { default: Directory };
