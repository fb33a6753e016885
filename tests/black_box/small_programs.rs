//! Sources of small C programs, so that a test can build many parts: `app` is built with `lib`.

use test_support::Space;

/// Accepts `--prefix` and `--with-lib`.
pub(crate) const CONFIGURE: &str = "#!/bin/sh\nfor o in \"$@\"; do case $o in --prefix=*) echo \"P = ${o#*=}\" > config.mk;; \
                         --with-lib=*) echo \"LIB = ${o#*=}\" >> config.mk;; esac; done\n";
const LIB: &str = "include config.mk\nall:\n\t$(CC) -c lib.c\ninstall: all\n\tmkdir -p $(P)/lib/empty\n\tcp lib.o $(P)/lib\n\
                   \tln -s lib.o $(P)/lib/link.o\n";
const APP: &str = "include config.mk\nall:\n\t$(CC) app.c $(LIB)/lib/lib.o -o app\ninstall: all\n\tmkdir -p $(P)/bin\n\
                   \tcp app $(P)/bin\n\techo \"#!$(P)/bin/app\" > $(P)/bin/start\n";

/// Writes the sources to `lib` and `app` in a directory below the buildout directory: empty, or ending with a slash.
pub(crate) fn write_sources(space: &Space, directory: &str) {
    let write = |path: &str, text: &str| space.write(&format!("{directory}{path}"), text);
    for (name, makefile) in [("lib", LIB), ("app", APP)] {
        write(&format!("{name}/configure"), CONFIGURE);
        write(&format!("{name}/Makefile"), makefile);
    }
    write("lib/lib.c", "int answer(void) { return 42; }\n");
    write("app/app.c", "int answer(void);\nint main(void) { return answer() - 42; }\n");
    space.shell(&format!("chmod +x {directory}lib/configure {directory}app/configure"));
}
