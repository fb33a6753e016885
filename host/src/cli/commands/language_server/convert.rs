//! Between the types of the protocol and those of the crate `language`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use language::{Position, Spot, offset_of, position_of};
use lsp_types::{Location, Uri};
use url::Url;

/// The path of a file URI.
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    Url::parse(uri.as_str()).ok()?.to_file_path().ok()
}

/// The URI of a path.
pub(super) fn uri(path: &Path) -> Option<Uri> {
    Url::from_file_path(path).ok()?.as_str().parse().ok()
}

pub(super) fn position(text: &str, offset: usize) -> lsp_types::Position {
    let Position { line, character } = position_of(text, offset);
    lsp_types::Position { line, character }
}

pub(super) fn range(text: &str, span: &Range<usize>) -> lsp_types::Range {
    lsp_types::Range { start: position(text, span.start), end: position(text, span.end) }
}

pub(super) fn offset(text: &str, position: lsp_types::Position) -> usize {
    offset_of(text, Position { line: position.line, character: position.character })
}

pub(super) fn location(spot: &Spot) -> Option<Location> {
    let place = &spot.place;
    Some(Location {
        uri: uri(&spot.path)?,
        range: range(&place.source.text, &(place.start as usize..place.end as usize)),
    })
}
