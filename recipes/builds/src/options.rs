//! Descriptions of the options of all builds, and the grants they need.

use std::time::Duration;

use buildout_recipe::{Description, OptionDescription as Option};

use crate::environment::OF_THE_USER;

/// The part of a recipe's documentation that applies to all builds.
pub const DOCUMENTATION: &str = "The recipe unpacks or copies the sources to a build directory, applies patches, and runs shell commands, \
one shell for each step: `pre-configure`, `configure`, `pre-build`, `make`, `pre-install`, `make install`, `post-install`. \
A step stops at the first command that fails. If a step fails, the recipe keeps the build directory, and writes a script \
`PARTS/NAME__compile__/reproduce.sh` that repeats the build without confinement. An installed part is not built again until one of its options changes, or one of the user's own environment variables that decide builds: \
`CC`, `CFLAGS`, `LDFLAGS`, `PKG_CONFIG_PATH` and the others listed with the grants. Commands see these variables.

In all options, `@@LOCATION@@` is replaced by the part's location. In commands, `%(NAME)s` is replaced by the part's option NAME, \
`%(NAME)r` by the same as a Python literal, and `%%` by a percent sign. Do not pass `-j` to `make`: the host's jobserver controls the number of jobs.";

/// Adds the grants of a build: any program, any URL, its sources, and the directories of shared parts.
pub fn granted(description: Description) -> Description {
    let description = OF_THE_USER.into_iter().fold(description, Description::grant_env);
    description
        .grant_run("*")
        .grant_fetch("*")
        .grant_fetch("file:///")
        .grant_read("${:path}")
        .grant_write("${buildout:shared-part-list}")
        .grant_timeout(Duration::from_secs(24 * 60 * 60))
}

/// Options for the sources and the build directory.
pub fn sources() -> [Option; 13] {
    [
        Option::text("url", "The source archive: a URL (http, https, file) or a path."),
        Option::text("alternate-url", "An alternate URL or path, used if the first one is not available."),
        Option::path(
            "path",
            "A directory with the sources, instead of `url`. It is copied to the build directory. If it contains the build \
             directory, that is not copied.",
        ),
        Option::text("sha256sum", "The SHA-256 digest of the archive, in hexadecimal digits."),
        Option::text(
            "md5sum",
            "The MD5 digest of the archive, in hexadecimal digits. It protects against damage, but not against manipulation.",
        ),
        Option::boolean(
            "strip-top-level-dir",
            "Whether to require that the archive has a single top-level directory, and to unpack the archive without it. \
             Otherwise the commands run in the top-level directory if it is the only one.",
        )
        .default("false"),
        Option::words(
            "patches",
            "URLs or paths of patches, applied in this order. Each may end with `#` and its digest (MD5, SHA-256 or SHA-512).",
        ),
        Option::text("patch-options", "The options of the patch program.").default("-p0"),
        Option::text("patch-binary", "The patch program.").default("patch"),
        Option::path(
            "compile-directory",
            "The build directory, set by the recipe. The only other value is that of `path`: the sources are then built in \
             place, which needs a grant to write to that directory.",
        ),
        Option::boolean(
            "keep-compile-dir",
            "Whether to keep the build directory after a successful build. It is removed with the part. `[buildout] \
             keep-compile-dir` applies to all parts.",
        )
        .default("false"),
        Option::text("depends", "References to parts that must be made before this part. The value is not used otherwise."),
        Option::lines("promises", "Files that must exist after the installation. A missing file causes a warning."),
    ]
}

/// Options for the user's commands and for `make`.
pub fn steps() -> [Option; 6] {
    [
        Option::text("pre-configure", "Commands to run before `configure`."),
        Option::text("pre-build", "Commands to run before `make`."),
        Option::text("make-binary", "The `make` program.").default("make"),
        Option::words("make-options", "Arguments of `make`, for both build and installation."),
        Option::text("pre-install", "Commands to run before `make install`."),
        Option::text("post-install", "Commands to run after `make install`."),
    ]
}

/// Options for the location and the environment of the commands.
pub fn environment() -> [Option; 4] {
    [
        Option::path("location", "The part's location, set by the recipe. A section can set `@@LOCATION@@` to make it available early."),
        Option::lines(
            "environment",
            "Environment variables for the commands, as lines `NAME = VALUE`, or the name of a section whose options are the \
             variables. `%(NAME)s` is replaced by the previous value of a variable: \
             `PATH = ${tool:location}/bin:%(PATH)s`.",
        ),
        Option::text("environment-section", "A section whose options are additional environment variables."),
        Option::boolean(
            "shared",
            "Whether several buildouts share the part. Its location is then `NAME/DIGEST` in one of the directories in \
             `[buildout] shared-part-list` (one per line), where DIGEST is the digest of its options. The first buildout \
             that needs it makes it, and no buildout removes it.",
        )
        .default("false"),
    ]
}
