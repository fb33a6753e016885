/** Uses all that the host lends, and fails in the way that its option `how` names. */

import { Recipe, UserError, created, grant, log, option, setMode } from "./sdk/javascript/index.js";
import { Downloader } from "./sdk/javascript/download.js";
import { Lock } from "./sdk/javascript/lock.js";
import { Runner } from "./sdk/javascript/process.js";
import * as fs from "./sdk/javascript/fs.js";

const SHA256 = "aea8a04c2f293417e499bf5de2def8ebb1ed40264d128a67180ea56fbe4600ff";

function deeper(nothing) {
  // An unexpected error.
  return nothing.length;
}

/** What a function throws. */
function thrown(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
}

class Every extends Recipe {
  static documentation = "Does everything.";
  static options = [
    option("how", { default: "no", choices: ["no", "all", "user", "fault", "lookup", "trap"], help: "How." }),
  ];
  static grants = [grant.run("echo"), grant.run("sh"), grant.fetch("*")];

  init(options, buildout) {
    this.how = options.get("how", "no");
    if (this.how === "lookup") options.require("nothing");
    if (this.how === "all") {
      console.log(options.part, options.keys().join(","), buildout.sections().join(","));
      console.log(buildout.keys("other").join(","), buildout.require("other", "value"));
      console.log(buildout.get("other", "none") === undefined, buildout.directory);
      console.log(thrown(() => buildout.require("nowhere", "value")).message);
      options.set("seen", "yes");
    }
  }

  install() {
    switch (this.how) {
      case "all":
        return this.everything();
      case "user":
        throw new UserError("Not so");
      case "fault":
        fs.readFile("/nowhere/file");
        break;
      case "trap":
        deeper(null);
    }
  }

  everything() {
    const { location } = this.options;
    log.activity("everything");
    created(location);
    fs.mkdir(location, { recursive: true });
    Lock.acquire(`${location}/lock`, () => console.log("waiting")).release();
    Lock.acquire(`${location}/lock`, () => console.log("waiting")).release();
    const text = Downloader.open("*").fetch("text", { sha256: SHA256 });
    text.copy(`${location}/copy`);
    setMode(`${location}/copy`, 0o600);
    console.log(text.size, text.sha256);
    const runner = Runner.open("echo", "sh");
    console.log(runner.run("echo", ["echoed"], { capture: true }).check().text.trimEnd());
    const outcome = runner.run("sh", ["-c", "cat; echo $WORD; pwd; exit 3"], {
      directory: location,
      environment: { WORD: "word" },
      input: "input\n",
      capture: true,
    });
    console.log(outcome.text.trimEnd());
    console.log(outcome.status === 3);
    console.log(runner.buildDirectory, "PATH" in runner.environment);
    log.warning(thrown(() => Runner.open("make")).message);
    log.error(thrown(() => Downloader.open("*").fetch("text", { sha256: "00" })) !== undefined);
    return location;
  }

  static uninstall(part, recorded) {
    console.log(`uninstalling ${part}, which was ${recorded.get("how")}`);
  }
}

export const entryPoints = { default: Every };
