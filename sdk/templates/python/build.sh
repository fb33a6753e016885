#!/bin/sh
# Makes build/{{name}}.wasm of app.py, with componentize-py of the version that requirements.txt says. It is taken from the PATH,
# or else set up in .tools/, once.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

wanted=$(sed -n 's/^componentize-py==/componentize-py /p' requirements.txt)
there() { [ "$(componentize-py --version 2>/dev/null)" = "$wanted" ]; }

command -v python3 >/dev/null || fail 'python3 is not there. Install it (on Debian: apt install python3 python3-venv).'
there || PATH=$PWD/.tools/bin:$PATH
if ! there; then
    [ -z "${BUILDOUT_OFFLINE:-}" ] || fail "$wanted is not there, and nothing may be downloaded: build once without -o."
    echo "Setting up $wanted in .tools (once)"
    python3 -m venv .tools || fail 'python3 makes no virtual environments. Install what it lacks (on Debian: apt install python3-venv).'
    .tools/bin/python3 -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    there || fail "requirements.txt gives no $wanted"
fi

mkdir -p build
exec python3 sdk/python/build.py app build/{{name}}.wasm
