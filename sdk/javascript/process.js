/**
 * Native commands. The operating system confines them. Without the grant `network`, they have no network.
 *
 * ```js
 * const runner = Runner.open("make");
 * runner.run("make", ["install"], { directory: runner.buildDirectory }).check();
 * ```
 *
 * A recipe needs the grant `run` for each program (`grant.run`). A runner can be used in the call that made it. In `init`,
 * commands may write only to the part's temporary directory.
 */

import { environment as everywhere, find as search, open } from "buildout:recipe/process@0.2.0";
import { RecipeError, UserError, ask, named } from "./errors.js";

/** A command could not be started. `reason` is `not-granted`, `not-found`, `not-executable`, `invalid`, `limit` or another word. */
export class ProcessError extends RecipeError {
  constructor(message, reason) {
    super(message);
    this.reason = reason;
    // The user decides what is installed and what is granted.
    this.user = ["not-granted", "not-found", "not-executable"].includes(reason);
  }
}

function processError(reported) {
  const { message, reason } = named(reported);
  return new ProcessError(message, reason);
}

/** The outcome of a command. */
export class Outcome {
  /**
   * @param {string} program @param {{ tag: string, val?: number }} ending
   * @param {Uint8Array} captured @param {Uint8Array} capturedError
   */
  constructor(program, ending, captured, capturedError) {
    this.program = program;
    /** Its exit status (0 is success), or undefined if it was killed. */
    this.status = ending.tag === "exited" ? ending.val : undefined;
    /** The signal that killed it, or undefined. */
    this.signal = ending.tag === "signalled" ? ending.val : undefined;
    /** Whether it was killed at its deadline. */
    this.timedOut = ending.tag === "timed-out";
    /** Its standard output, if captured. */
    this.captured = captured;
    /** Its standard error, if captured. */
    this.capturedError = capturedError;
  }

  /** Whether it exited with status 0. */
  get success() {
    return this.status === 0;
  }

  /** The captured output as a string. */
  get text() {
    return new TextDecoder().decode(this.captured);
  }

  /** Returns the outcome of a successful command; throws an error for a failed one. */
  check() {
    if (this.success) return this;
    const ending = this.timedOut
      ? "exceeded its deadline"
      : this.signal === undefined
        ? `exited with status ${this.status}`
        : `was killed by signal ${this.signal}`;
    throw new UserError(`${this.program} ${ending}`);
  }
}

/** As `Runner.environment`, without a runner. @returns {Record<string, string>} */
export function environment() {
  return Object.fromEntries(everywhere());
}

/**
 * The path of the program in `directories`, or in the `PATH` of `environment`; undefined if commands and the recipe do not see one.
 *
 * @param {string} program @param {string[]} [directories] @returns {string | undefined}
 */
export function find(program, directories) {
  return search(program, directories);
}

/** What to do with the two streams of a command. */
function streams({ show, capture, captureError, mergeError, outputFile, append }) {
  const logged = { tag: show ? "show" : "log" };
  const file = outputFile === undefined ? logged : { tag: "file", val: { path: outputFile, append } };
  return {
    standardOutput: capture ? { tag: "capture" } : file,
    standardError: captureError ? { tag: "capture" } : mergeError ? { tag: "as-output" } : logged,
  };
}

function inputOf(input, inputFile) {
  if (inputFile !== undefined) return { tag: "file", val: inputFile };
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  return bytes.length ? { tag: "bytes", val: bytes } : { tag: "empty" };
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

  /** The environment of each command. It contains only the granted variables of the user's environment. @returns {Record<string, string>} */
  get environment() {
    return Object.fromEntries(this.#lent.environment());
  }

  /** The absolute path of the part's build directory. The recipe creates and removes it. @returns {string} */
  get buildDirectory() {
    return this.#lent.buildDirectory();
  }

  /** The number of processors that the part may use. `make` needs no `-j`: it uses the host's jobserver. @returns {number} */
  get jobs() {
    return this.#lent.jobs();
  }

  /**
   * Runs a command and waits for it. A failure of the command is an outcome, not an error: see `Outcome.check`.
   *
   * `environment` is added to the runner's environment, or replaces it (`onlyEnvironment`). `input` is the standard input, or
   * `inputFile` has it. `deadline` is in milliseconds. The output of the command goes to the part's log; `show` also shows it
   * immediately. `capture` and `captureError` return the standard output and the standard error, `outputFile` writes the
   * standard output to a file, and `mergeError` merges the two. Paths are absolute.
   *
   * @param {string} program
   * @param {string[]} [commandArguments]
   * @param {{ directory?: string, environment?: Record<string, string>, onlyEnvironment?: boolean,
   *   input?: string | Uint8Array, inputFile?: string, deadline?: number, show?: boolean, capture?: boolean,
   *   captureError?: boolean, mergeError?: boolean, outputFile?: string, append?: boolean }} [settings]
   */
  run(program, commandArguments = [], settings = {}) {
    const { directory = "/", environment = {}, onlyEnvironment = false, input = "", inputFile, deadline } = settings;
    const command = {
      program,
      arguments: commandArguments,
      directory,
      environment: Object.entries(environment),
      onlyEnvironment,
      standardInput: inputOf(input, inputFile),
      deadline: deadline === undefined ? undefined : BigInt(deadline),
      ...streams({ append: false, ...settings }),
    };
    const { ending, captured, capturedError } = ask(() => this.#lent.run(command), processError);
    return new Outcome(program, ending, captured, capturedError);
  }
}
