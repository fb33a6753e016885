//! A recipe package in human-readable form, as JSON, and as a reference page.

mod json;
mod markdown;
mod terms;
mod text;
mod view;

pub(in crate::cli) use json::of as json;
pub(in crate::cli) use markdown::of as markdown;
pub(in crate::cli) use terms::imports;
pub(in crate::cli) use text::of as text;
pub(in crate::cli) use view::PackageView;
