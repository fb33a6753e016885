//! The crate as a whole: from an index on the loopback interface to eggs, with real builds, confined.

#[allow(dead_code, reason = "each user of the support uses a part of it")]
#[path = "support/index.rs"]
mod index;
#[path = "installation/builds.rs"]
mod builds;
#[path = "installation/faults.rs"]
mod faults;
#[path = "installation/hostile.rs"]
mod hostile;
#[path = "installation/installs.rs"]
mod installs;
#[allow(dead_code, reason = "each user of the support uses a part of it")]
#[path = "support/space.rs"]
mod space;
#[allow(dead_code, reason = "each user of the support uses a part of it")]
#[path = "support/wheels.rs"]
mod wheels;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test with its name.
type NamedTest = (&'static str, fn());

fn main() -> ExitCode {
    // Builds run confined: this program is their shim, like the host.
    confine::shim::main().unwrap_or_else(own_main)
}

fn own_main() -> ExitCode {
    if let Some(root) = std::env::var_os("DISTRIBUTIONS_TEST_INSTALL") {
        return faults::install_in(root.as_ref());
    }
    let arguments = Arguments::from_args();
    let tests = [installs::TESTS, builds::TESTS, faults::TESTS, hostile::TESTS].concat();
    let trial = |(name, test): NamedTest| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    libtest_mimic::run(&arguments, tests.into_iter().map(trial).collect()).exit_code()
}
