/**
 * Fetching files, and unpacking them.
 *
 * ```js
 * const downloader = Downloader.open("https://example.com/");
 * const archive = downloader.fetch("https://example.com/a-1.0.tar.gz", { sha256: "…" });
 * archive.unpack(this.options.location, "strip");
 * ```
 *
 * A recipe needs the grant `fetch` for each address (`grant.fetch`). A downloader is lent while a part is installed or updated.
 */

import { open } from "buildout:recipe/download@0.1.0";
import { RecipeError, ask, named } from "./errors.js";

/**
 * A file that could not be fetched or used. `reason` is `not-granted`, `mismatch`, `unavailable`, `bad-archive`, `invalid`,
 * `limit` or another word.
 */
export class DownloadError extends RecipeError {
  constructor(message, reason, user) {
    super(message);
    this.reason = reason;
    this.user = user;
  }
}

function downloadError(reported) {
  const { message, reason } = named(reported);
  // Addresses, digests and archives are what the configuration names.
  return new DownloadError(message, reason, reported.tag !== "other");
}

/** A file that was fetched; it lies in the host's cache. */
export class Fetched {
  #lent;

  constructor(lent) {
    this.#lent = lent;
  }

  /** Its SHA-256 digest, in hexadecimal digits. @returns {string} */
  get sha256() {
    return this.#lent.sha256();
  }

  /** Its size in bytes. @returns {number} */
  get size() {
    return Number(this.#lent.size());
  }

  /** Copies it to `path`, absolute. What is there is replaced. @param {string} path */
  copy(path) {
    ask(() => this.#lent.copy(path), downloadError);
  }

  /**
   * Unpacks it (tar, also compressed with gzip, bzip2, xz or zstd; zip) to `directory`, absolute, which must not exist, or be
   * empty. `strip` leaves out the one directory that holds everything else; `strip-if-single` does so if there is just one.
   *
   * @param {string} directory @param {"keep" | "strip" | "strip-if-single"} [topLevel]
   * @returns {string[]} the names in it
   */
  unpack(directory, topLevel = "keep") {
    return ask(() => this.#lent.unpack(directory, topLevel), downloadError);
  }
}

/** Fetches files. */
export class Downloader {
  #lent;

  constructor(lent) {
    this.#lent = lent;
  }

  /** A downloader for addresses that begin so; `*` for all. @param {...string} addresses */
  static open(...addresses) {
    return new Downloader(ask(() => open(addresses), downloadError));
  }

  /**
   * Fetches a file, or takes it from the cache. It must have the digests that are given.
   *
   * @param {string} url `http:`, `https:`, `file:`, or a path (a relative one is relative to the buildout directory)
   * @param {{ md5?: string, sha256?: string, sha512?: string }} [digests]
   */
  fetch(url, digests = {}) {
    const wanted = Object.entries(digests).filter(([, value]) => value !== undefined);
    const request = { url, digests: wanted.map(([algorithm, value]) => ({ algorithm, value })) };
    return new Fetched(ask(() => this.#lent.fetch(request), downloadError));
  }
}
