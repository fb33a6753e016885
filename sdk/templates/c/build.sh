#!/bin/sh
# Compiles recipe.c to build/{{name}}.wasm with zig's C compiler, in the version of requirements.txt. If the PATH does not have
# it, installs it in .tools/ once. The host converts the result to a component.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

setting() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" recipe.toml; }

required=$(sed -n 's/^ziglang==//p' requirements.txt)
available() {
    for zig in zig python-zig .tools/bin/python-zig; do
        [ "$($zig version 2>/dev/null)" != "$required" ] || return 0
    done
    return 1
}

if ! available; then
    [ -z "${BUILDOUT_OFFLINE:-}" ] || fail "zig $required is not installed, and downloads are not allowed: build once without -o."
    command -v python3 >/dev/null || fail 'python3 is not installed. Install it (on Debian: apt install python3 python3-venv).'
    echo "Installing zig $required in .tools (once)"
    python3 -m venv .tools || fail 'python3 cannot create virtual environments. Install its module venv (on Debian: apt install python3-venv).'
    .tools/bin/python3 -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    available || fail "the packages in requirements.txt do not provide zig $required"
fi

mkdir -p build
exec $zig cc -target wasm32-wasi -mexec-model=reactor -std=gnu17 -g -O1 -Wall -Wextra -Wno-missing-field-initializers \
    -fsanitize=undefined -fsanitize-trap=undefined \
    -DRECIPE_PACKAGE="\"$(setting name)\"" -DRECIPE_VERSION="\"$(setting version)\"" \
    -I sdk/c *.c sdk/c/*.c sdk/c/bindings/wit.c -o build/{{name}}.wasm
