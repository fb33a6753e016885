#!/bin/sh
# Makes build/{{name}}.wasm of recipe.js, with componentize-js of the version that package.json says. It is taken from the PATH,
# or else set up in .tools/, once.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

wanted=$(sed -n 's/.*"@bytecodealliance\/componentize-js": "\(.*\)".*/\1/p' package.json)
there() { [ "$(componentize-js --version 2>/dev/null)" = "$wanted" ]; }

node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null ||
    fail 'node is not there, or older than version 20. Install it, with npm.'
there || PATH=$PWD/.tools/node_modules/.bin:$PATH
if ! there; then
    [ -z "${BUILDOUT_OFFLINE:-}" ] || fail "componentize-js $wanted is not there, and nothing may be downloaded: build once without -o."
    command -v npm >/dev/null || fail 'npm is not there. Install it.'
    echo "Setting up componentize-js $wanted in .tools (once)"
    mkdir -p .tools
    cp package.json package-lock.json .tools/
    (cd .tools && npm install --no-save --loglevel=error --no-audit --no-fund)
    there || fail "package-lock.json gives no componentize-js $wanted"
fi

mkdir -p build
exec node sdk/javascript/build.mjs recipe.js build/{{name}}.wasm
