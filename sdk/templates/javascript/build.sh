#!/bin/sh
# Builds build/{{name}}.wasm from recipe.js with componentize-js, in the version of package.json. If the PATH does not have it,
# installs it in .tools/ once.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

required=$(sed -n 's/.*"@bytecodealliance\/componentize-js": "\(.*\)".*/\1/p' package.json)
available() { [ "$(componentize-js --version 2>/dev/null)" = "$required" ]; }

node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null ||
    fail 'node is not installed, or is older than version 20. Install node and npm.'
available || PATH=$PWD/.tools/node_modules/.bin:$PATH
if ! available; then
    [ -z "${BUILDOUT_OFFLINE:-}" ] || fail "componentize-js $required is not installed, and downloads are not allowed: build once without -o."
    command -v npm >/dev/null || fail 'npm is not installed. Install it.'
    echo "Installing componentize-js $required in .tools (once)"
    mkdir -p .tools
    cp package.json package-lock.json .tools/
    (cd .tools && npm install --no-save --loglevel=error --no-audit --no-fund)
    available || fail "the packages in package-lock.json do not provide componentize-js $required"
fi

mkdir -p build
exec node sdk/javascript/build.mjs recipe.js build/{{name}}.wasm
