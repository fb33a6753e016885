#!/bin/sh
# Builds build/{{name}}.wasm from app.py with componentize-py, in the version of requirements.txt. If the PATH does not have it,
# installs it in .tools/ once.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

required=$(sed -n 's/^componentize-py==/componentize-py /p' requirements.txt)
available() { [ "$(componentize-py --version 2>/dev/null)" = "$required" ]; }

command -v python3 >/dev/null || fail 'python3 is not installed. Install it (on Debian: apt install python3 python3-venv).'
available || PATH=$PWD/.tools/bin:$PATH
if ! available; then
    [ -z "${BUILDOUT_OFFLINE:-}" ] || fail "$required is not installed, and downloads are not allowed: build once without -o."
    echo "Installing $required in .tools (once)"
    python3 -m venv .tools || fail 'python3 cannot create virtual environments. Install its module venv (on Debian: apt install python3-venv).'
    .tools/bin/python3 -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    available || fail "the packages in requirements.txt do not provide $required"
fi

mkdir -p build
exec python3 sdk/python/build.py app build/{{name}}.wasm
