//! What the recipe says about itself: the options that are its own, beside those of every build.

use buildout_recipe::{Description, OptionDescription as Option};
use native_builds::options::{self, granted};

/// The entry point's description.
pub(crate) fn description() -> Description {
    let documentation = format!(
        "Builds and installs software with `configure` and `make`.\n\n{}\n\nThe options `location`, `prefix` and \
         `compile-directory` (the build directory) are there for other parts to read.",
        options::DOCUMENTATION
    );
    let all = options::sources().into_iter().chain(options::steps()).chain(own()).chain(options::surroundings());
    granted(all.chain(hooks()).fold(Description::new(documentation), Description::option)).grant_write("${:prefix}")
}

fn own() -> [Option; 4] {
    [
        Option::text("configure-command", "The command that configures.").default("./configure"),
        Option::words(
            "configure-options",
            "What follows it. The default command gets `--prefix` too, unless it is among these.",
        ),
        Option::words(
            "make-targets",
            "What `make` is given to install. With a `configure-command`, and neither this nor `make-binary`, \
             `prefix=\"PREFIX\"` is added.",
        )
        .default("install"),
        Option::path(
            "prefix",
            "Where the software is installed; the location, where nothing is said. Another directory, or the one that is \
             to hold it, must be there; what is installed into it stays when the part is removed.",
        ),
    ]
}

fn hooks() -> [Option; 3] {
    [
        Option::text(
            "pre-configure-hook",
            "Python, which no recipe here runs. Write it as commands in `pre-configure`.",
        ),
        Option::text("pre-make-hook", "Python, which no recipe here runs. Write it as commands in `pre-build`."),
        Option::text("post-make-hook", "Python, which no recipe here runs. Write it as commands in `post-install`."),
    ]
}
