/**
 * Grants that a recipe requests in addition to its location (read and write) and the buildout directory (read).
 *
 * It gets only what `recipes.toml` grants. In `read`, `write` and `env`, references such as `${buildout:directory}` are replaced.
 */

/** Reading the directory and everything below it. @param {string} directory */
export const read = (directory) => ({ tag: "read", val: directory });

/** Reading and writing the directory and everything below it. @param {string} directory */
export const write = (directory) => ({ tag: "write", val: directory });

/** Reading the environment variable. @param {string} variable */
export const env = (variable) => ({ tag: "env", val: variable });

/** Starting the native command: a name, an absolute path, or `*` for all. @param {string} program */
export const run = (program) => ({ tag: "run", val: program });

/** Downloading from URLs with this prefix, or `*` for all. @param {string} address */
export const fetch = (address) => ({ tag: "fetch", val: address });

/** Installing Python distributions with the settings of the buildout, and generating scripts. */
export const distributions = () => ({ tag: "distributions" });

/** Network access for the native command: a name or an absolute path. @param {string} program */
export const network = (program) => ({ tag: "network", val: program });

/** Using up to this many bytes of memory. @param {number} size */
export const memory = (size) => ({ tag: "memory", val: BigInt(size) });

/** Running for up to this many milliseconds per call. @param {number} milliseconds */
export const timeout = (milliseconds) => ({ tag: "timeout", val: BigInt(milliseconds) });

/** A grant that has no function in this version. @param {string} name @param {string} value */
export const other = (name, value) => ({ tag: "other", val: { name, value } });
