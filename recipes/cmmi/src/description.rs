//! The recipe's description: its own options, in addition to those of all builds.

use buildout_recipe::{Description, OptionDescription as Option};
use native_builds::options::{self, granted};

/// The entry point's description.
pub(crate) fn description() -> Description {
    let documentation = format!(
        "Builds and installs software with `configure` and `make`.\n\n{}\n\nOther parts can read the options `location`, \
         `prefix` and `compile-directory` (the build directory).",
        options::DOCUMENTATION
    );
    let all = options::sources().into_iter().chain(options::steps()).chain(own()).chain(options::environment());
    granted(all.chain(hooks()).fold(Description::new(documentation), Description::option)).grant_write("${:prefix}")
}

fn own() -> [Option; 4] {
    [
        Option::text("configure-command", "The configure command.").default("./configure"),
        Option::words(
            "configure-options",
            "Arguments of the configure command. The default command also gets `--prefix`, unless these contain it.",
        ),
        Option::words(
            "make-targets",
            "The targets of `make` for the installation. If `configure-command` is set, and neither this option nor \
             `make-binary`, then `prefix=\"PREFIX\"` is added.",
        )
        .default("install"),
        Option::path(
            "prefix",
            "The directory to install to. The default is the location. Any other directory, or its parent, must exist. Files \
             installed there are kept when the part is uninstalled.",
        ),
    ]
}

fn hooks() -> [Option; 3] {
    [
        Option::text(
            "pre-configure-hook",
            "Not supported, because it contains Python code. Use commands in `pre-configure` instead.",
        ),
        Option::text(
            "pre-make-hook",
            "Not supported, because it contains Python code. Use commands in `pre-build` instead.",
        ),
        Option::text(
            "post-make-hook",
            "Not supported, because it contains Python code. Use commands in `post-install` instead.",
        ),
    ]
}
