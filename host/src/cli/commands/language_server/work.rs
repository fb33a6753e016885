//! The thread that answers. Each piece of work has a snapshot of the open texts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{PublishDiagnosticsParams, Uri};

use super::answer;
use base::collections::Set;
use language::{Documents, Project};

/// What is to be done.
pub(super) enum EditorWork {
    /// Answer a request.
    Answer(Request),
    /// Publish what is wrong in a file, unless a text has changed again by then.
    Check(Uri),
    /// Nothing is wrong in a file that was closed.
    Forget(Uri),
}

/// The thread, as the main loop sees it.
pub(super) struct Worker {
    sender: Sender<(EditorWork, u64, Documents)>,
    canceled: Arc<Mutex<Set<RequestId>>>,
    /// Raised by each change of a text.
    version: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread works with.
struct Desk {
    project: Arc<Project>,
    editor: crossbeam_channel::Sender<Message>,
    canceled: Arc<Mutex<Set<RequestId>>>,
    version: Arc<AtomicU64>,
}

impl Worker {
    pub(super) fn start(project: Arc<Project>, editor: crossbeam_channel::Sender<Message>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let (canceled, version) = (Arc::default(), Arc::default());
        let desk = Desk { project, editor, canceled: Arc::clone(&canceled), version: Arc::clone(&version) };
        // References nest as deep as they do in a run.
        let thread = std::thread::Builder::new().name("language".into()).stack_size(config::options::STACK_SIZE);
        let thread = thread.spawn(move || {
            for (work, version, documents) in receiver {
                desk.done(work, version, &documents);
            }
        });
        Self { sender, canceled, version, thread: thread.ok() }
    }

    pub(super) fn add(&self, work: EditorWork, documents: &Documents) {
        // The thread ends only with this value.
        let _ = self.sender.send((work, self.version.load(Ordering::Acquire), documents.clone()));
    }

    /// A text has changed: earlier checks are out of date.
    pub(super) fn supersede(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// The editor does not want this answer any more.
    pub(super) fn cancel(&self, id: RequestId) {
        self.canceled.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Waits until everything is answered.
    pub(super) fn end(self) {
        drop(self.sender);
        // It catches panics.
        self.thread.map(JoinHandle::join);
    }
}

impl Desk {
    fn done(&self, work: EditorWork, version: u64, documents: &Documents) {
        match work {
            EditorWork::Answer(request) => {
                let id = request.id.clone();
                let response = if self.canceled.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
                    Response::new_err(id, ErrorCode::RequestCanceled as i32, "canceled".into())
                } else {
                    let answer = || answer::answer(&self.project, documents, request);
                    catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| failed(id))
                };
                self.send(Message::Response(response));
            }
            EditorWork::Check(uri) => {
                let is_stale = || self.version.load(Ordering::Acquire) != version;
                if is_stale() {
                    return;
                }
                let check = || answer::check(&self.project, documents, &uri, &is_stale);
                if let Ok(Some(diagnostics)) = catch_unwind(AssertUnwindSafe(check)) {
                    self.publish(uri, diagnostics);
                }
            }
            EditorWork::Forget(uri) => self.publish(uri, Vec::new()),
        }
    }

    fn publish(&self, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>) {
        let parameters = PublishDiagnosticsParams { uri, diagnostics, version: None };
        self.send(Message::Notification(Notification::new(PublishDiagnostics::METHOD.to_owned(), parameters)));
    }

    fn send(&self, message: Message) {
        // It fails only after the editor has gone.
        let _ = self.editor.send(message);
    }
}

fn failed(id: RequestId) -> Response {
    let text = "this is a bug in buildout-host: it panicked, see its standard error";
    Response::new_err(id, ErrorCode::InternalError as i32, text.into())
}
