//! The descriptions of the options that all builds have, and of what they need.

use std::time::Duration;

use buildout_recipe::{Description, OptionDescription as Option};

/// What is true of every build, for the documentation of a recipe.
pub const DOCUMENTATION: &str = "The sources are brought to a build directory, patched, and built by commands of the shell, \
one shell for each step: `pre-configure`, `configure`, `pre-build`, `make`, `pre-install`, `make install`, `post-install`. \
A step ends where one of its commands fails. When a step fails, the build directory stays, and \
`PARTS/NAME__compile__/reproduce.sh` is a script that does the build again by hand, without confinement. An installed part is not built again until one of its options changes.

In every option, `@@LOCATION@@` stands for the part's location. In commands, `%(NAME)s` stands for the option NAME of the \
part (`%(NAME)r` for the same as a Python literal), and `%%` for a percent sign. `make` needs no `-j`: the host lends it processors.";

/// Adds what a build needs: any program, any address, its sources, and the places of shared parts.
pub fn granted(description: Description) -> Description {
    description
        .grant_run("*")
        .grant_fetch("*")
        .grant_read("${:path}")
        .grant_write("${buildout:shared-part-list}")
        .grant_timeout(Duration::from_secs(24 * 60 * 60))
}

/// The sources, and what becomes of the build directory.
pub fn sources() -> [Option; 13] {
    [
        Option::text("url", "The address of the archive of the sources: http, https, file, or a path."),
        Option::text("alternate-url", "Another address, for when the first cannot be had."),
        Option::path(
            "path",
            "A directory with the sources, in place of `url`. It is copied to the build directory, without the directory \
             in it that holds that.",
        ),
        Option::text("sha256sum", "The SHA-256 digest of the archive, in hexadecimal digits."),
        Option::text(
            "md5sum",
            "The MD5 digest of the archive, in hexadecimal digits. It protects against damage, not against intent.",
        ),
        Option::boolean(
            "strip-top-level-dir",
            "Whether the archive must have one directory that holds everything else, which is left out. Otherwise the \
             commands run in that directory, if there is one.",
        )
        .default("false"),
        Option::words(
            "patches",
            "Addresses of patches, applied in this order; each may end with `#` and its digest (MD5, SHA-256 or SHA-512).",
        ),
        Option::text("patch-options", "Options of the program that applies patches.").default("-p0"),
        Option::text("patch-binary", "The program that applies patches.").default("patch"),
        Option::path(
            "compile-directory",
            "Set by the recipe, with one exception: where it is the same as `path`, the sources are built where they are. \
             That directory must then be granted for writing.",
        ),
        Option::boolean(
            "keep-compile-dir",
            "Whether the build directory stays when all went well. It is removed with the part. `[buildout] \
             keep-compile-dir` says so for all parts.",
        )
        .default("false"),
        Option::text("depends", "Read, and nothing else: what it refers to is made before this part."),
        Option::lines("promises", "Files that must be there afterwards. One that is not is warned of."),
    ]
}

/// The person's own commands, and `make`.
pub fn steps() -> [Option; 6] {
    [
        Option::text("pre-configure", "Commands before `configure`."),
        Option::text("pre-build", "Commands before `make`."),
        Option::text("make-binary", "The program `make`.").default("make"),
        Option::words("make-options", "What `make` is given, both to build and to install."),
        Option::text("pre-install", "Commands before `make install`."),
        Option::text("post-install", "Commands after `make install`."),
    ]
}

/// Where the part lies, and what its commands have around them.
pub fn surroundings() -> [Option; 4] {
    [
        Option::path("location", "Set by the recipe. A section may say `@@LOCATION@@`, to have it known early."),
        Option::lines(
            "environment",
            "Variables for the commands, `NAME = VALUE`; or the name of a section whose options they are. `%(NAME)s` \
             stands for a variable as it is without these: `PATH = ${tool:location}/bin:%(PATH)s`.",
        ),
        Option::text("environment-section", "A section whose options are variables beside those of `environment`."),
        Option::boolean(
            "shared",
            "Whether many buildouts share the part: it then lies in one of the directories of `[buildout] \
             shared-part-list` (one per line), in `NAME/DIGEST` by the digest of its options. It is made by whoever needs \
             it first, and no buildout removes it.",
        )
        .default("false"),
    ]
}
