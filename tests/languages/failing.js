/** Fails in the way that its option `how` names. */

import { Recipe, UserError, option } from "./sdk/javascript/index.js";
import * as fs from "./sdk/javascript/fs.js";

function deeper(nothing) {
  // An error that nobody expects.
  return nothing.length;
}

class Failing extends Recipe {
  static documentation = "Fails.";
  static options = [option("how", { default: "no" })];

  init(options, buildout) {
    this.how = options.get("how", "no");
    if (this.how === "lookup") options.require("nothing");
  }

  install() {
    switch (this.how) {
      case "user":
        throw new UserError("Not so");
      case "fault":
        fs.readFile("/nowhere/file");
        break;
      case "trap":
        deeper(null);
    }
  }
}

export const entryPoints = { default: Failing };
