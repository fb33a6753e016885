//! `language-server`: the Language Server Protocol over standard input and output.
//!
//! Thin: what an editor asks is answered by the crate `language`. The main thread only reads messages and keeps the open
//! texts; one other thread answers, with a snapshot of the texts for each question. What is superseded is not answered.

mod answer;
mod catalog;
mod convert;
mod server;
mod work;

use std::path::PathBuf;

use clap::Args;
use lsp_server::{Connection, ProtocolError};
use lsp_types::InitializeParams;

use crate::cli::program::Program;
use crate::run::RunError;
use base::source::Explain;

const EXAMPLES: &str = "\
Editors start it: docs/editors.md has the settings for Neovim, Emacs, Helix and VS Code.

It speaks the Language Server Protocol on standard input and output.";

/// `buildout-host language-server`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct LanguageServerArguments {
    /// Accepted for editors that specify the channel, which is always standard input and output
    #[arg(long)]
    stdio: bool,
}

/// The connection to the editor failed, or the editor violated the protocol.
#[derive(Debug, thiserror::Error)]
#[error("The connection to the editor failed: {0}")]
struct ConversationError(String);

impl Explain for ConversationError {}

impl From<ProtocolError> for ConversationError {
    fn from(error: ProtocolError) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for ConversationError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

pub(super) fn execute(program: &Program, _arguments: &LanguageServerArguments) -> Result<(), RunError> {
    Ok(converse(program)?)
}

fn converse(program: &Program) -> Result<(), ConversationError> {
    let (connection, threads) = Connection::stdio();
    let capabilities = serde_json::to_value(server::capabilities())?;
    let parameters: InitializeParams = serde_json::from_value(connection.initialize(capabilities)?)?;
    server::serve(program, &connection, folders(program, &parameters))?;
    drop(connection);
    threads.join().map_err(|error| ConversationError(error.to_string()))
}

/// The directories that the editor has open.
#[allow(deprecated, reason = "editors still send only rootUri")]
fn folders(program: &Program, parameters: &InitializeParams) -> Vec<PathBuf> {
    let listed = parameters.workspace_folders.iter().flatten().map(|folder| &folder.uri);
    let mut folders: Vec<PathBuf> = listed.filter_map(convert::path).collect();
    if folders.is_empty() {
        folders.extend(parameters.root_uri.as_ref().and_then(convert::path));
    }
    folders.retain(|folder| Some(folder) != program.environment.home.as_ref() && folder.parent().is_some());
    folders
}
