/**
 * Native commands, confined by the operating system and without network.
 *
 * ```js
 * const runner = Runner.open("make");
 * runner.run("make", ["install"], { directory: runner.buildDirectory }).check();
 * ```
 *
 * A recipe needs the grant `run` for each program (`grant.run`). A runner is lent while a part is installed, updated or
 * uninstalled.
 */

import { open } from "buildout:recipe/process@0.1.0";
import { RecipeError, UserError, ask, named } from "./errors.js";

/** A command that could not be started. `reason` is `not-granted`, `not-found`, `invalid`, `limit` or another word. */
export class ProcessError extends RecipeError {
  constructor(message, reason) {
    super(message);
    this.reason = reason;
    // What is installed and what is granted is the user's to decide.
    this.user = reason === "not-granted" || reason === "not-found";
  }
}

function processError(reported) {
  const { message, reason } = named(reported);
  return new ProcessError(message, reason);
}

/** What became of a command. */
export class Outcome {
  /** @param {string} program @param {{ tag: string, val?: number }} ending @param {Uint8Array} captured */
  constructor(program, ending, captured) {
    this.program = program;
    /** Its exit status, 0 being success; nothing if it did not end by itself. */
    this.status = ending.tag === "exited" ? ending.val : undefined;
    /** The signal that ended it, if one did. */
    this.signal = ending.tag === "signalled" ? ending.val : undefined;
    /** Whether it was ended at its deadline. */
    this.timedOut = ending.tag === "timed-out";
    /** What it printed to its standard output, if that was to be captured. */
    this.captured = captured;
  }

  /** Whether it ended with status 0. */
  get success() {
    return this.status === 0;
  }

  /** What it printed (if that was to be captured), as text. */
  get text() {
    return new TextDecoder().decode(this.captured);
  }

  /** The outcome itself, if the command succeeded; otherwise throws an error that says how it ended. */
  check() {
    if (this.success) return this;
    const ending = this.timedOut
      ? "took longer than it may"
      : this.signal === undefined
        ? `ended with status ${this.status}`
        : `was ended by signal ${this.signal}`;
    throw new UserError(`${this.program} ${ending}`);
  }
}

/** Starts commands. */
export class Runner {
  #lent;

  constructor(lent) {
    this.#lent = lent;
  }

  /** A runner for these programs: names, absolute paths, or `*` for all. @param {...string} programs */
  static open(...programs) {
    return new Runner(ask(() => open(programs), processError));
  }

  /** The environment that each command has. Nothing of the person's own is in it but what was granted. @returns {Record<string, string>} */
  get environment() {
    return Object.fromEntries(this.#lent.environment());
  }

  /** A directory of the part's own to build in, absolute. The recipe creates and removes it. @returns {string} */
  get buildDirectory() {
    return this.#lent.buildDirectory();
  }

  /** How many processors the part may use. `make` needs no `-j`: the host's jobserver is in `MAKEFLAGS`. @returns {number} */
  get jobs() {
    return this.#lent.jobs();
  }

  /**
   * Runs a command and waits for its end. That it ends badly is an outcome, not an error: see `Outcome.check`.
   *
   * `environment` is set beside or in place of the runner's own; `input` is what it reads; `deadline` are milliseconds. What it
   * prints goes to the part's log; `show` shows it as it comes, `capture` gives back what it prints to its standard output.
   *
   * @param {string} program
   * @param {string[]} [commandArguments]
   * @param {{ directory?: string, environment?: Record<string, string>, input?: string | Uint8Array, deadline?: number,
   *   show?: boolean, capture?: boolean }} [settings]
   */
  run(program, commandArguments = [], settings = {}) {
    const { directory = "/", environment = {}, input = "", deadline, show = false, capture = false } = settings;
    const command = {
      program,
      arguments: commandArguments,
      directory,
      environment: Object.entries(environment),
      standardInput: typeof input === "string" ? new TextEncoder().encode(input) : input,
      deadline: deadline === undefined ? undefined : BigInt(deadline),
      output: capture ? "capture" : show ? "show" : "log",
    };
    const { ending, captured } = ask(() => this.#lent.run(command), processError);
    return new Outcome(program, ending, captured);
  }
}
