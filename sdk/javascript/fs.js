/**
 * Files, by the absolute paths of the machine. All functions are synchronous.
 *
 * A recipe can access the part's location (read and write), the buildout (read) and what `recipes.toml` grants.
 */

import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
import { ask, dispose } from "./errors.js";

const CHUNK = 1 << 20;
const FOLLOW = { symlinkFollow: true };
const NO_FOLLOW = { symlinkFollow: false };

/** A failed access to a file. `code` is that of WASI (`no-entry`, `exist`, `not-permitted`, `is-directory`, …), or `relative`. */
export class FileError extends Error {
  name = "FileError";

  /** @param {string} path @param {string} code */
  constructor(path, code) {
    super(WORDS[code] ? `${path} ${WORDS[code]}` : `${path}: ${code.replaceAll("-", " ")}`);
    this.code = code;
  }
}

const WORDS = { "no-entry": "does not exist", exist: "already exists", relative: "is not an absolute path" };

let directories;

/** Calls `use` with the host's directory that contains `path`, and the path relative to it. */
function at(path, use) {
  directories ??= getDirectories().map(([directory, name]) => ({ directory, name: name.endsWith("/") ? name : `${name}/` }));
  const fitting = directories.filter(({ name }) => `${path}/`.startsWith(name));
  fitting.sort((one, other) => other.name.length - one.name.length);
  if (fitting.length === 0) throw new FileError(path, path.startsWith("/") ? "not-permitted" : "relative");
  const [{ directory, name }] = fitting;
  return ask(
    () => use(directory, path.slice(name.length) || "."),
    (code) => new FileError(path, code),
  );
}

function opened(path, openFlags, flags, use) {
  const file = at(path, (directory, name) => directory.openAt(FOLLOW, name, openFlags, flags));
  try {
    return ask(
      () => use(file),
      (code) => new FileError(path, code),
    );
  } finally {
    dispose(file);
  }
}

/** The content of a file. @param {string} path @returns {Uint8Array} */
export function readBytes(path) {
  return opened(path, {}, { read: true }, (file) => {
    const chunks = [];
    let size = 0;
    for (let end = false; !end; ) {
      const [chunk, last] = file.read(BigInt(CHUNK), BigInt(size));
      chunks.push(chunk);
      size += chunk.length;
      end = last || chunk.length === 0;
    }
    const content = new Uint8Array(size);
    let offset = 0;
    for (const chunk of chunks) {
      content.set(chunk, offset);
      offset += chunk.length;
    }
    return content;
  });
}

/** The content of a file, as text. @param {string} path @returns {string} */
export function readFile(path) {
  return new TextDecoder().decode(readBytes(path));
}

/** Writes a file, and replaces an existing one. @param {string} path @param {string | Uint8Array} content */
export function writeFile(path, content) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  opened(path, { create: true, truncate: true }, { write: true }, (file) => {
    for (let offset = 0; offset < bytes.length; ) {
      offset += Number(file.write(bytes.subarray(offset, offset + CHUNK), BigInt(offset)));
    }
  });
}

function stat(path, flags) {
  try {
    return at(path, (directory, name) => directory.statAt(flags, name));
  } catch (error) {
    if (error instanceof FileError && ["no-entry", "not-directory"].includes(error.code)) return undefined;
    throw error;
  }
}

/** Whether the path exists. @param {string} path */
export function exists(path) {
  return stat(path, FOLLOW) !== undefined;
}

/** Whether the path is a directory, or a symbolic link to one. @param {string} path */
export function isDirectory(path) {
  return stat(path, FOLLOW)?.type === "directory";
}

/** Whether the path is a file, or a symbolic link to one. @param {string} path */
export function isFile(path) {
  return stat(path, FOLLOW)?.type === "regular-file";
}

/** Makes a directory. With `recursive`, also makes its parents, and accepts an existing directory. @param {string} path */
export function mkdir(path, { recursive = false } = {}) {
  if (recursive) {
    if (isDirectory(path)) return;
    const parent = path.replace(/\/+[^/]*\/*$/, "");
    if (parent !== "" && parent !== path) mkdir(parent, { recursive });
  }
  at(path, (directory, name) => directory.createDirectoryAt(name));
}

/** The names in a directory, sorted. @param {string} path @returns {string[]} */
export function readdir(path) {
  return opened(path, { directory: true }, { read: true }, (directory) => {
    const names = [];
    const entries = directory.readDirectory();
    for (let entry; (entry = entries.readDirectoryEntry()) !== undefined; ) names.push(entry.name);
    dispose(entries);
    return names.sort();
  });
}

/** Removes a file or symbolic link. With `recursive`, also a directory and its content; with `force`, accepts a missing path. @param {string} path */
export function rm(path, { recursive = false, force = false } = {}) {
  const there = stat(path, NO_FOLLOW);
  if (there === undefined) {
    if (force) return;
    throw new FileError(path, "no-entry");
  }
  if (there.type === "directory" && recursive) {
    readdir(path).forEach((name) => rm(`${path}/${name}`, { recursive }));
    at(path, (directory, name) => directory.removeDirectoryAt(name));
  } else {
    at(path, (directory, name) => directory.unlinkFileAt(name));
  }
}

/** Renames a file or directory, and replaces an existing file. @param {string} from @param {string} to */
export function rename(from, to) {
  at(from, (old, oldName) => at(to, (directory, name) => old.renameAt(oldName, directory, name)));
}

/** Makes a symbolic link `path` to `target`, which is relative to the link. @param {string} target @param {string} path */
export function symlink(target, path) {
  at(path, (directory, name) => directory.symlinkAt(target, name));
}

/** The target of a symbolic link. @param {string} path @returns {string} */
export function readlink(path) {
  return at(path, (directory, name) => directory.readlinkAt(name));
}
