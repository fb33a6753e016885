/**
 * Downloads files and unpacks archives.
 *
 * ```js
 * const downloader = Downloader.open("https://example.com/");
 * const archive = downloader.fetch("https://example.com/a-1.0.tar.gz", { sha256: "…" });
 * archive.unpack(this.options.location, "strip");
 * ```
 *
 * A recipe needs the grant `fetch` for each URL (`grant.fetch`). A downloader can be used in the call that
 * made it.
 */

import { open } from "buildout:recipe/download@0.2.0";
import { RecipeError, ask, named } from "./errors.js";

/**
 * A file could not be downloaded or used. `reason` is `not-granted`, `mismatch`, `status` (with `status`, the HTTP status code),
 * `unavailable`, `bad-archive`, `invalid`, `limit` or another word.
 */
export class DownloadError extends RecipeError {
  constructor(message, reason, user, status = undefined) {
    super(message);
    this.reason = reason;
    this.user = user;
    this.status = status;
  }
}

function downloadError(reported) {
  if (reported.tag === "status") return new DownloadError(reported.val.message, "status", true, reported.val.code);
  const { message, reason } = named(reported);
  // URLs, digests and archives come from the configuration.
  return new DownloadError(message, reason, reported.tag !== "other");
}

/** A downloaded file in the host's cache. */
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

  /** Its URL after redirects, without credentials. @returns {string} */
  get address() {
    return this.#lent.address();
  }

  /** The response headers, with names in lower case. Empty if the file came from the cache. @returns {Record<string, string>} */
  get headers() {
    return Object.fromEntries(this.#lent.headers());
  }

  /** Up to `length` bytes of it from `offset`. @param {number} offset @param {number} length @returns {Uint8Array} */
  read(offset, length) {
    return ask(() => this.#lent.read(BigInt(offset), length), downloadError);
  }

  /** Copies it to the absolute path `path`. An existing file is replaced. @param {string} path */
  copy(path) {
    ask(() => this.#lent.copy(path), downloadError);
  }

  /**
   * Unpacks an archive (tar, plain or compressed with gzip, bzip2, xz or zstd; zip) to the absolute path `directory`, which must
   * not exist or be empty. `strip` unpacks it without its top-level directory, which must be the only entry; `strip-if-single`
   * does so if it is.
   *
   * @param {string} directory @param {"keep" | "strip" | "strip-if-single"} [topLevel]
   * @returns {string[]} the names in it
   */
  unpack(directory, topLevel = "keep") {
    return ask(() => this.#lent.unpack(directory, topLevel), downloadError);
  }
}

/** Downloads files. */
export class Downloader {
  #lent;

  constructor(lent) {
    this.#lent = lent;
  }

  /** A downloader for URLs with these prefixes, or `*` for all. @param {...string} addresses */
  static open(...addresses) {
    return new Downloader(ask(() => open(addresses), downloadError));
  }

  /**
   * Downloads a file, or takes it from the cache. It must have the given digests. `headers` are added to the request.
   *
   * @param {string} url a URL (`http:`, `https:`, `file:`), or a path, which may be relative to the buildout directory
   * @param {{ md5?: string, sha256?: string, sha512?: string }} [digests]
   * @param {Record<string, string>} [headers]
   */
  fetch(url, digests = {}, headers = {}) {
    const wanted = Object.entries(digests).filter(([, value]) => value !== undefined);
    const request = {
      url,
      digests: wanted.map(([algorithm, value]) => ({ algorithm, value })),
      headers: Object.entries(headers),
    };
    return new Fetched(ask(() => this.#lent.fetch(request), downloadError));
  }
}
