//! The requests in a recipe's description, as a grant.

use std::time::Duration;

use registry::Grant;

use crate::interfaces::bindings::exports::buildout::recipe::description as wit;

/// The grants that an entry point describes.
pub(crate) fn grant_of(described: &[wit::Grant]) -> Grant {
    let mut grant = Grant::default();
    for item in described.iter().cloned() {
        match item {
            wit::Grant::Read(path) => grant.read.push(path),
            wit::Grant::Write(path) => grant.write.push(path),
            wit::Grant::Env(name) => grant.env.push(name),
            wit::Grant::Run(program) => grant.run.push(program),
            wit::Grant::Fetch(address) => grant.fetch.push(address),
            wit::Grant::Distributions => grant.distributions = true,
            wit::Grant::Network(program) => grant.network.push(program),
            wit::Grant::Memory(bytes) => grant.memory = grant.memory.max(Some(bytes)),
            wit::Grant::Timeout(time) => grant.timeout = grant.timeout.max(Some(Duration::from_millis(time))),
            wit::Grant::Other(other) => grant.other.push((other.name, other.value)),
        }
    }
    grant
}
