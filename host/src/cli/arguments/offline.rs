//! `--offline` for commands that do not read a configuration.

use clap::Args;

use fetch::NetworkUse;

/// Whether the command may use the network.
#[derive(Debug, Args)]
pub(in crate::cli) struct OfflineArguments {
    /// Open no network connection
    #[arg(short, long)]
    pub(in crate::cli) offline: bool,
}

impl OfflineArguments {
    pub(in crate::cli) fn network(&self) -> NetworkUse {
        if self.offline { NetworkUse::Offline } else { NetworkUse::Allowed }
    }
}
