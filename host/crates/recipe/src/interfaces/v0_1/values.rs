//! Conversions between the types of 0.1 and the current ones.

use std::error::Error;

use wasmtime_wasi::TrappableError;

use super::bindings::buildout::recipe as old;
use super::bindings::exports::buildout::recipe as old_exports;
use crate::interfaces::bindings::buildout::recipe as new;
use crate::interfaces::bindings::exports::buildout::recipe as new_exports;

/// The failure of a current function, for a recipe of 0.1.
pub(super) fn failure<New, Old>(failure: TrappableError<New>) -> TrappableError<Old>
where
    New: Error + Send + Sync + 'static,
    Old: Error + Send + Sync + 'static + From<New>,
{
    match failure.downcast() {
        Ok(error) => TrappableError::from(Old::from(error)),
        Err(trap) => TrappableError::trap(trap),
    }
}

/// Implements `From` for a record, or for a variant with the same cases.
macro_rules! convert {
    ($from:path => $to:path { $($field:ident),* $(,)? }) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                Self { $($field: value.$field.into()),* }
            }
        }
    };
    ($from:path => $to:path [$($case:ident $(($content:ident))?),* $(,)?]) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                use $from as From;
                match value {
                    $(From::$case $(($content))? => Self::$case $(($content.into()))?),*
                }
            }
        }
    };
}

convert!(new::types::UnnamedError => old::types::UnnamedError { code, message });
convert!(old::types::UnnamedError => new::types::UnnamedError { code, message });
convert!(new::types::LookupError => old::types::LookupError { reason, message, reference });
convert!(old::types::LookupError => new::types::LookupError { reason, message, reference });
convert!(new::types::LookupReason => old::types::LookupReason
    [UnknownSection, UnknownOption, Cycle, Failed, Limit, Other(error)]);
convert!(old::types::LookupReason => new::types::LookupReason
    [UnknownSection, UnknownOption, Cycle, Failed, Limit, Other(error)]);
convert!(old::types::Failure => new::types::Failure [UserError(message), Lookup(error), Fault(message), Other(error)]);
convert!(new::options::SetError => old::options::SetError [AfterInit, InvalidName, Limit, Other(error)]);
convert!(old::log::Level => new::log::Level [Debug, Info, Warning, Error, Critical]);
convert!(new::paths::PathError => old::paths::PathError [Outside, Invalid, NotInstalling, Limit, Other(error)]);
convert!(old::process::OutputUse => new::process::OutputUse [Log, Show, Capture]);
convert!(old::process::Command => new::process::Command
    { program, arguments, directory, environment, standard_input, deadline, output });
convert!(new::process::Ending => old::process::Ending [Exited(status), Signalled(signal), TimedOut]);
convert!(new::process::Outcome => old::process::Outcome { ending, captured });
convert!(new::process::ProcessError => old::process::ProcessError
    [NotGranted(message), NotFound(message), Invalid(message), Limit(message), Other(error)]);
convert!(old::download::Algorithm => new::download::Algorithm [Md5, Sha256, Sha512]);
convert!(old::download::Digest => new::download::Digest { algorithm, value });
convert!(old::download::TopLevel => new::download::TopLevel [Keep, Strip, StripIfSingle]);
convert!(new::download::DownloadError => old::download::DownloadError
    [NotGranted(message), Mismatch(message), Unavailable(message), BadArchive(message), Invalid(message), Limit(message),
     Other(error)]);
convert!(old_exports::description::OptionType => new_exports::description::OptionType
    [Text, Path, Boolean, Integer, Words, Lines, Choice(choices), Other(name)]);
convert!(old_exports::description::Presence => new_exports::description::Presence
    [Required, Optional, Default(value)]);
convert!(old_exports::description::OptionDescription => new_exports::description::OptionDescription
    { name, value_type, presence, documentation });
convert!(old_exports::description::OtherGrant => new_exports::description::OtherGrant { name, value });
convert!(old_exports::description::Grant => new_exports::description::Grant
    [Read(path), Write(path), Env(name), Run(program), Fetch(address), Memory(bytes), Timeout(time), Other(other)]);
convert!(new_exports::parts::RecordedOption => old_exports::parts::RecordedOption { name, value });

impl From<old::download::Request> for new::download::Request {
    fn from(request: old::download::Request) -> Self {
        Self { url: request.url, digests: all(request.digests) }
    }
}

impl From<old_exports::description::EntryPoint> for new_exports::description::EntryPoint {
    fn from(entry_point: old_exports::description::EntryPoint) -> Self {
        Self {
            name: entry_point.name,
            documentation: entry_point.documentation,
            options: all(entry_point.options),
            grants: all(entry_point.grants),
            has_update: entry_point.has_update,
            has_uninstall: entry_point.has_uninstall,
        }
    }
}

impl From<old_exports::description::PackageDescription> for new_exports::description::PackageDescription {
    fn from(package: old_exports::description::PackageDescription) -> Self {
        Self { name: package.name, version: package.version, entry_points: all(package.entry_points) }
    }
}

/// All items of a list, converted.
pub(super) fn all<From, To: std::convert::From<From>>(items: Vec<From>) -> Vec<To> {
    items.into_iter().map(To::from).collect()
}
