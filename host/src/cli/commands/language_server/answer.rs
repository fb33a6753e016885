//! One answer for each request.

use std::sync::Arc;

use lsp_server::{ErrorCode, ExtractError, Request, Response};
use lsp_types::request::{
    Completion as CompletionRequest, DocumentLinkRequest, DocumentSymbolRequest, Formatting, GotoDefinition,
    HoverRequest, PrepareRenameRequest, References, Rename, Request as RequestMethod,
};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionResponse, CompletionTextEdit, DiagnosticSeverity, DiagnosticTag,
    DocumentLink, DocumentSymbol, DocumentSymbolResponse, Documentation, GotoDefinitionResponse, Hover, HoverContents,
    MarkupContent, MarkupKind, PrepareRenameResponse, SymbolKind, TextDocumentPositionParams, TextEdit, Uri,
    WorkspaceEdit,
};
use serde_json::Value;

use super::convert;
use config::Location;
use language::{Analysis, Completion, CompletionKind, Documents, OutlineSymbol, Project, RenameError, Severity};

/// What can go wrong with a request.
type Failure = (ErrorCode, String);

/// Answers a request.
pub(super) fn answer(project: &Arc<Project>, documents: &Documents, request: Request) -> Response {
    let id = request.id.clone();
    let desk = EditorQuestion { project, documents };
    let answered = match request.method.as_str() {
        GotoDefinition::METHOD => desk.at::<GotoDefinition>(request, |parameters| {
            let (analysis, offset) = desk.place(&parameters.text_document_position_params)?;
            let spots = analysis.definition(offset);
            Some(GotoDefinitionResponse::Array(spots.iter().filter_map(convert::location).collect()))
        }),
        References::METHOD => desk.at::<References>(request, |parameters| {
            let (analysis, offset) = desk.place(&parameters.text_document_position)?;
            Some(analysis.references(offset).iter().filter_map(convert::location).collect())
        }),
        HoverRequest::METHOD => desk.at::<HoverRequest>(request, |parameters| {
            let (analysis, offset) = desk.place(&parameters.text_document_position_params)?;
            let (text, span) = analysis.hover(offset)?;
            let range = Some(convert::range(analysis.text(), &span));
            Some(Hover { contents: HoverContents::Markup(markdown(text)), range })
        }),
        CompletionRequest::METHOD => desk.at::<CompletionRequest>(request, |parameters| {
            let (analysis, offset) = desk.place(&parameters.text_document_position)?;
            let items = analysis.complete(offset).into_iter().map(|found| completion(analysis.text(), found));
            Some(CompletionResponse::Array(items.collect()))
        }),
        DocumentSymbolRequest::METHOD => desk.at::<DocumentSymbolRequest>(request, |parameters| {
            let analysis = desk.file(&parameters.text_document.uri)?;
            let symbols = analysis.symbols().into_iter().map(|found| symbol(analysis.text(), found, SymbolKind::CLASS));
            Some(DocumentSymbolResponse::Nested(symbols.collect()))
        }),
        DocumentLinkRequest::METHOD => desk.at::<DocumentLinkRequest>(request, |parameters| {
            let analysis = desk.file(&parameters.text_document.uri)?;
            Some(links(&analysis))
        }),
        PrepareRenameRequest::METHOD => desk.trying::<PrepareRenameRequest>(request, |parameters| {
            let Some((analysis, offset)) = desk.place(&parameters) else { return Ok(None) };
            let span = analysis.renamable(offset)?;
            Ok(Some(PrepareRenameResponse::Range(convert::range(analysis.text(), &span))))
        }),
        Rename::METHOD => desk.trying::<Rename>(request, |parameters| {
            let Some((analysis, offset)) = desk.place(&parameters.text_document_position) else { return Ok(None) };
            rename(&analysis, offset, &parameters.new_name).map(Some)
        }),
        Formatting::METHOD => desk.at::<Formatting>(request, |parameters| {
            let path = convert::path(&parameters.text_document.uri)?;
            let text = documents.get(&path)?;
            let formatted = language::format(text)?;
            Some(vec![TextEdit { range: convert::range(text, &(0..text.len())), new_text: formatted }])
        }),
        method => Err((ErrorCode::MethodNotFound, format!("{method} is not supported"))),
    };
    match answered {
        Ok(value) => Response::new_ok(id, value),
        Err((code, message)) => Response::new_err(id, code as i32, message),
    }
}

/// What is wrong in a file; `None` if that is out of date.
pub(super) fn check(
    project: &Arc<Project>,
    documents: &Documents,
    uri: &Uri,
    is_stale: &dyn Fn() -> bool,
) -> Option<Vec<lsp_types::Diagnostic>> {
    let analysis = EditorQuestion { project, documents }.file(uri)?;
    let found = analysis.diagnose(is_stale);
    if is_stale() {
        return None;
    }
    let diagnostic = |found: language::Diagnostic| lsp_types::Diagnostic {
        range: convert::range(analysis.text(), &found.span),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Unused => DiagnosticSeverity::HINT,
        }),
        tags: (found.severity == Severity::Unused).then(|| vec![DiagnosticTag::UNNECESSARY]),
        source: Some("buildout-host".into()),
        message: found.message,
        ..lsp_types::Diagnostic::default()
    };
    Some(found.into_iter().map(diagnostic).collect())
}

struct EditorQuestion<'a> {
    project: &'a Arc<Project>,
    documents: &'a Documents,
}

impl EditorQuestion<'_> {
    fn file(&self, uri: &Uri) -> Option<Analysis> {
        self.project.analyze(self.documents, &convert::path(uri)?)
    }

    fn place(&self, parameters: &TextDocumentPositionParams) -> Option<(Analysis, usize)> {
        let analysis = self.file(&parameters.text_document.uri)?;
        let offset = convert::offset(analysis.text(), parameters.position);
        Some((analysis, offset))
    }

    fn at<R: RequestMethod>(
        &self,
        request: Request,
        answer: impl FnOnce(R::Params) -> R::Result,
    ) -> Result<Value, Failure>
    where
        R::Params: serde::de::DeserializeOwned,
        R::Result: serde::Serialize,
    {
        self.trying::<R>(request, |parameters| Ok(answer(parameters)))
    }

    fn trying<R: RequestMethod>(
        &self,
        request: Request,
        answer: impl FnOnce(R::Params) -> Result<R::Result, RenameError>,
    ) -> Result<Value, Failure>
    where
        R::Params: serde::de::DeserializeOwned,
        R::Result: serde::Serialize,
    {
        let (_, parameters) = request.extract::<R::Params>(R::METHOD).map_err(|error| match error {
            ExtractError::JsonError { error, .. } => (ErrorCode::InvalidParams, error.to_string()),
            ExtractError::MethodMismatch(_) => (ErrorCode::InternalError, "another method".into()),
        })?;
        let answered = answer(parameters).map_err(|error| (ErrorCode::RequestFailed, error.to_string()))?;
        serde_json::to_value(answered).map_err(|error| (ErrorCode::InternalError, error.to_string()))
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

fn completion(text: &str, found: Completion) -> CompletionItem {
    let kind = match found.kind {
        CompletionKind::Section => CompletionItemKind::CLASS,
        CompletionKind::Option => CompletionItemKind::PROPERTY,
        CompletionKind::Recipe => CompletionItemKind::MODULE,
        CompletionKind::File => CompletionItemKind::FILE,
        CompletionKind::Value => CompletionItemKind::VALUE,
    };
    let edit = TextEdit { range: convert::range(text, &found.span), new_text: found.text.clone() };
    CompletionItem {
        label: found.text,
        kind: Some(kind),
        detail: Some(found.detail).filter(|detail| !detail.is_empty()),
        documentation: Some(Documentation::MarkupContent(markdown(found.documentation))),
        text_edit: Some(CompletionTextEdit::Edit(edit)),
        ..CompletionItem::default()
    }
}

#[allow(deprecated, reason = "the type has a field that is deprecated")]
fn symbol(text: &str, found: OutlineSymbol, kind: SymbolKind) -> DocumentSymbol {
    let options = found.options.into_iter().map(|option| symbol(text, option, SymbolKind::PROPERTY));
    DocumentSymbol {
        name: found.name,
        detail: Some(found.detail).filter(|detail| !detail.is_empty()),
        kind,
        range: convert::range(text, &found.span),
        selection_range: convert::range(text, &found.selection),
        children: Some(options.collect()),
        tags: None,
        deprecated: None,
    }
}

fn links(analysis: &Analysis) -> Vec<DocumentLink> {
    let link = |link: language::FileLink| {
        let target = match &link.target {
            Location::Path(path) => convert::uri(path)?,
            Location::Url(url) => url.parse().ok()?,
        };
        let range = convert::range(analysis.text(), &link.span);
        Some(DocumentLink { range, target: Some(target), tooltip: None, data: None })
    };
    analysis.links().into_iter().filter_map(link).collect()
}

#[allow(clippy::mutable_key_type, reason = "the protocol's map has URIs as keys")]
fn rename(analysis: &Analysis, offset: usize, name: &str) -> Result<WorkspaceEdit, RenameError> {
    let mut changes: std::collections::HashMap<Uri, Vec<TextEdit>> = std::collections::HashMap::new();
    for location in analysis.rename(offset, name)?.iter().filter_map(convert::location) {
        let edit = TextEdit { range: location.range, new_text: name.to_owned() };
        changes.entry(location.uri).or_default().push(edit);
    }
    Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}
