/**
 * Builds the component of a JavaScript recipe: `node build.mjs MODULE COMPONENT`, in the project's directory.
 *
 * Needs `componentize-js` on the PATH. The component imports only what the recipe's modules import.
 */

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative, resolve } from "node:path";

const SDK = import.meta.dirname;
const WIT = join(SDK, "../wit");
const WASI = { "wasi:filesystem": ["filesystem", "io", "clocks"], "wasi:clocks": ["clocks", "io"] };

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The path of `componentize-js`. */
function tool() {
  const program = process.env.PATH.split(delimiter).map((directory) => join(directory, "componentize-js")).find(existsSync);
  return program ?? fail("build.mjs: componentize-js is not on the PATH");
}

/** The interfaces that a module imports, directly or indirectly, by module. */
function imported(file, { init, parse }, seen = new Map()) {
  if (seen.has(file)) return seen;
  if (!existsSync(file)) fail(`build.mjs: the module ${relative(".", file)} does not exist`);
  let found;
  try {
    [found] = parse(readFileSync(file, "utf8"), relative(".", file));
  } catch {
    found = []; // componentize-js shows the syntax error
  }
  const names = found.map(({ n }) => n).filter((name) => name !== undefined);
  seen.set(file, names.filter((name) => name.includes(":")));
  for (const name of names.filter((name) => name.startsWith("."))) imported(resolve(dirname(file), name), { init, parse }, seen);
  return seen;
}

/** The directory of the WASI interfaces that come with componentize-js. */
function wasi(require, version) {
  const places = require.resolve.paths("@bytecodealliance/jco").map((place) => join(place, "@bytecodealliance/jco/lib/wit/builtin", version));
  return places.find(existsSync) ?? fail(`build.mjs: this componentize-js has no interfaces of WASI ${version}`);
}

function writeWorld(directory, interfaces, require) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, "deps/recipe"), { recursive: true });
  for (const file of readdirSync(WIT).filter((name) => name.endsWith(".wit"))) cpSync(join(WIT, file), join(directory, "deps/recipe", file));
  for (const name of interfaces.filter((name) => name.startsWith("wasi:"))) {
    const [, version] = name.split("@");
    for (const needed of WASI[name.split("/")[0]]) {
      cpSync(join(wasi(require, version), `wasi-${needed}`), join(directory, `deps/wasi-${needed}`), { recursive: true });
    }
  }
  const lines = interfaces.map((name) => `  import ${name};\n`).join("");
  const exported = ["description", "parts"].map((name) => `  export buildout:recipe/${name}@0.2.0;\n`).join("");
  writeFileSync(join(directory, "world.wit"), `package buildout:javascript-recipe;\n\nworld javascript-recipe {\n${lines}${exported}}\n`);
}

/** The name and version in `recipe.toml`. */
function settings() {
  const text = readFileSync("recipe.toml", "utf8").split(/^\[recipe\]$/m)[1]?.split(/^\[/m)[0] ?? "";
  const value = (key) => new RegExp(`^${key} *= *"(.*)"`, "m").exec(text)?.[1];
  return { name: value("name") ?? fail("recipe.toml has no name in [recipe]"), version: value("version") ?? "0.0.0" };
}

/** Writes the main module for componentize-js. */
function writeEntry(file, module) {
  const { name, version } = settings();
  const from = (path) => JSON.stringify(relative(dirname(file), path));
  const text = `import { component } from ${from(join(SDK, "component.js"))};
import { entryPoints } from ${from(resolve(module))};

export const { description, parts } = component(${JSON.stringify(name)}, ${JSON.stringify(version)}, entryPoints);
`;
  writeFileSync(file, text);
}

const [module, output] = process.argv.slice(2);
const program = tool();
const require = createRequire(realpathSync(program));
const lexer = await import(require.resolve("es-module-lexer"));
await lexer.init;

const directory = dirname(output);
mkdirSync(directory, { recursive: true });
const entry = join(directory, "entry.js");
writeEntry(entry, module);
const interfaces = new Set(["types", "options", "buildout"].map((name) => `buildout:recipe/${name}@0.2.0`));
for (const names of imported(resolve(entry), lexer).values()) names.forEach((name) => interfaces.add(name));
writeWorld(join(directory, "wit"), [...interfaces], require);
const disabled = ["http", "fetch-event", "random"];
const built = spawnSync(program, [entry, "--wit", join(directory, "wit"), "--world-name", "javascript-recipe", "--disable", ...disabled, "--out", output], {
  stdio: "inherit",
});
if (built.error) fail(`build.mjs: ${program}: ${built.error.message}`);
process.exit(built.status ?? 1);
