#!/bin/sh
# Makes build/{{name}}.wasm of recipe.c, with zig's C compiler of the version that requirements.txt says. It is taken from the
# PATH, or else set up in .tools/, once. The host makes a component of what it leaves.
set -eu
cd "$(dirname "$0")"

fail() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

told() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" recipe.toml; }

wanted=$(sed -n 's/^ziglang==//p' requirements.txt)
there() {
    for zig in zig python-zig .tools/bin/python-zig; do
        [ "$($zig version 2>/dev/null)" != "$wanted" ] || return 0
    done
    return 1
}

if ! there; then
    [ -z "${BUILDOUT_OFFLINE:-}" ] || fail "zig $wanted is not there, and nothing may be downloaded: build once without -o."
    command -v python3 >/dev/null || fail 'python3 is not there. Install it (on Debian: apt install python3 python3-venv).'
    echo "Setting up zig $wanted in .tools (once)"
    python3 -m venv .tools || fail 'python3 makes no virtual environments. Install what it lacks (on Debian: apt install python3-venv).'
    .tools/bin/python3 -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    there || fail "requirements.txt gives no zig $wanted"
fi

mkdir -p build
exec $zig cc -target wasm32-wasi -mexec-model=reactor -std=gnu17 -g -O1 -Wall -Wextra -Wno-missing-field-initializers \
    -fsanitize=undefined -fsanitize-trap=undefined \
    -DRECIPE_PACKAGE="\"$(told name)\"" -DRECIPE_VERSION="\"$(told version)\"" \
    -I sdk/c *.c sdk/c/*.c sdk/c/bindings/wit.c -o build/{{name}}.wasm
