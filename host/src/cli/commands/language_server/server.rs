//! The main loop: reads messages, keeps the open texts, and hands everything else to the worker.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use lsp_server::{Connection, Message, Notification, Request};
use lsp_types::notification::{
    Cancel, DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _,
};
use lsp_types::{
    CancelParams, CompletionOptions, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentLinkOptions, HoverProviderCapability, NumberOrString, OneOf, RenameOptions,
    ServerCapabilities, TextDocumentContentChangeEvent, TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
};
use serde::de::DeserializeOwned;

use super::ConversationError;
use super::catalog::Catalog;
use super::convert;
use super::work::{EditorWork, Worker};
use crate::cli::program::Program;
use crate::run::{RunError, editor_reader};
use base::event::Silent;
use config::facts::MachineFacts;
use language::{Documents, Project, ProjectSettings};

/// What this server can do.
pub(super) fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["{", ":", "=", "[", "/"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: lsp_types::WorkDoneProgressOptions::default(),
        }),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp_types::WorkDoneProgressOptions::default(),
        })),
        document_formatting_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

/// Answers until the editor shuts the server down.
pub(super) fn serve(
    program: &Program,
    connection: &Connection,
    folders: Vec<PathBuf>,
) -> Result<(), ConversationError> {
    let authoring = program.authoring().map_err(|error| broken(&error))?;
    let authoring = crate::share::Authoring { report: Arc::new(Silent), ..authoring };
    let environment = program.environment.clone();
    let project = Project::new(ProjectSettings {
        reader: editor_reader(&environment),
        facts: Arc::new(MachineFacts::new("python3", &environment).remembered_in(environment.cache_directory())),
        recipes: Arc::new(Catalog { authoring, known: Mutex::default() }),
        environment,
        folders,
    });
    let worker = Worker::start(Arc::new(project), connection.sender.clone());
    let mut server = EditorConversation { documents: Documents::default(), worker };
    for message in &connection.receiver {
        match message {
            Message::Request(request) if connection.handle_shutdown(&request)? => break,
            Message::Request(request) => server.request(request),
            Message::Notification(notification) => server.notify(notification),
            Message::Response(_) => {}
        }
    }
    server.worker.end();
    Ok(())
}

fn broken(error: &RunError) -> ConversationError {
    ConversationError(error.message())
}

struct EditorConversation {
    documents: Documents,
    worker: Worker,
}

impl EditorConversation {
    fn request(&mut self, request: Request) {
        self.worker.add(EditorWork::Answer(request), &self.documents);
    }

    fn notify(&mut self, notification: Notification) {
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Some(DidOpenTextDocumentParams { text_document }) = parameters(notification) {
                    self.change(&text_document.uri, |_| text_document.text.clone());
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Some(DidChangeTextDocumentParams { text_document, content_changes }) = parameters(notification) {
                    self.change(&text_document.uri, |before| content_changes.into_iter().fold(before, changed));
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Some(DidCloseTextDocumentParams { text_document }) = parameters(notification)
                    && let Some(path) = convert::path(&text_document.uri)
                {
                    self.documents.close(&path);
                    self.worker.add(EditorWork::Forget(text_document.uri), &self.documents);
                }
            }
            Cancel::METHOD => {
                if let Some(CancelParams { id }) = parameters(notification) {
                    self.worker.cancel(match id {
                        NumberOrString::Number(number) => number.into(),
                        NumberOrString::String(text) => text.into(),
                    });
                }
            }
            _ => {}
        }
    }

    /// Replaces an open text, and has it checked, with all others that are open: they may extend it.
    fn change(&mut self, uri: &Uri, change: impl FnOnce(String) -> String) {
        let Some(path) = convert::path(uri) else { return };
        let before = self.documents.get(&path).map(|text| text.to_string()).unwrap_or_default();
        self.documents.set(path.clone(), &change(before));
        self.worker.supersede();
        let others = self.documents.paths().filter(|other| **other != path);
        let others: Vec<Uri> = others.filter_map(|other| convert::uri(other)).collect();
        for uri in std::iter::once(uri.clone()).chain(others) {
            self.worker.add(EditorWork::Check(uri), &self.documents);
        }
    }
}

fn parameters<P: DeserializeOwned>(notification: Notification) -> Option<P> {
    serde_json::from_value(notification.params).ok()
}

fn changed(text: String, change: TextDocumentContentChangeEvent) -> String {
    let Some(range) = change.range else { return change.text };
    let (start, end) = (convert::offset(&text, range.start), convert::offset(&text, range.end));
    let mut text = text;
    text.replace_range(start.min(end)..end.max(start), &change.text);
    text
}
