/**
 * Unpacks archives that the recipe may read. For downloads, use `download.js`.
 *
 * ```js
 * unpack("/srv/buildout/sources/a-1.0.tar.gz", this.options.location, "strip");
 * ```
 *
 * Paths are absolute, or relative to the buildout directory.
 */

import { decompress as expand, unpack as extract } from "buildout:recipe/archives@0.2.0";
import { RecipeError, ask, named } from "./errors.js";

/**
 * An archive could not be unpacked. `reason` is `not-readable`, `unknown-format`, `bad-archive`, `invalid`, `limit` or another
 * word.
 */
export class ArchiveError extends RecipeError {
  constructor(message, reason, user) {
    super(message);
    this.reason = reason;
    this.user = user;
  }
}

function archiveError(reported) {
  const { message, reason } = named(reported);
  // Archives and directories come from the configuration.
  return new ArchiveError(message, reason, reported.tag !== "other");
}

/**
 * Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip, which includes wheels and eggs) to `directory`,
 * which must not exist or be empty, completely or not at all. `strip` unpacks it without its top-level directory, which must be
 * the only entry; `strip-if-single` does so if it is.
 *
 * @param {string} archive @param {string} directory @param {"keep" | "strip" | "strip-if-single"} [topLevel]
 * @returns {string[]} the names in it
 */
export function unpack(archive, directory, topLevel = "keep") {
  return ask(() => extract(archive, directory, topLevel), archiveError);
}

/**
 * Decompresses a file (gzip, bzip2, xz or zstd) to `file`, which is replaced. Returns the number of bytes.
 *
 * @param {string} compressed @param {string} file @returns {number}
 */
export function decompress(compressed, file) {
  return Number(ask(() => expand(compressed, file), archiveError));
}
