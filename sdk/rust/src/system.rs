//! The machine and the user account, as the part's commands see them.
//!
//! In tests without a host, they are those of an imaginary machine.

use crate::bindings::buildout::recipe::system as wit;

pub use wit::{Account, Machine};

/// The properties of the machine.
pub fn machine() -> Machine {
    #[cfg(target_arch = "wasm32")]
    return wit::describe_machine();
    #[cfg(not(target_arch = "wasm32"))]
    Machine {
        system: "Linux".to_owned(),
        node: "localhost".to_owned(),
        release: "6.1.0".to_owned(),
        version: "#1 SMP".to_owned(),
        processor: "x86_64".to_owned(),
        processors: 1,
        c_library: Some(("glibc".to_owned(), "2.36".to_owned())),
        distribution: vec![("ID".to_owned(), "linux".to_owned())],
    }
}

/// The account under which commands run.
pub fn account() -> Account {
    #[cfg(target_arch = "wasm32")]
    return wit::describe_account();
    #[cfg(not(target_arch = "wasm32"))]
    Account {
        user_id: 1000,
        user_name: "user".to_owned(),
        group_id: 1000,
        group_name: "user".to_owned(),
        home: "/".to_owned(),
        shell: "/bin/sh".to_owned(),
        umask: 0o022,
    }
}
