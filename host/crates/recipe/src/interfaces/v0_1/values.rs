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
convert!(old::log::Level => new::log::Level [Debug, Info, Warning, Error, Critical]);
convert!(new::process::Ending => old::process::Ending [Exited(status), Signalled(signal), TimedOut]);
convert!(new::process::Outcome => old::process::Outcome { ending, captured });
convert!(old::download::Algorithm => new::types::Algorithm [Md5, Sha256, Sha512]);
convert!(old::download::Digest => new::types::Digest { algorithm, value });
convert!(old::download::TopLevel => new::archives::TopLevel [Keep, Strip, StripIfSingle]);
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
        Self { url: request.url, digests: all(request.digests), headers: Vec::new() }
    }
}

/// A case that 0.1 does not have.
fn unnamed(code: &str, message: &str) -> old::types::UnnamedError {
    old::types::UnnamedError { code: code.to_owned(), message: message.to_owned() }
}

impl From<new::options::SetError> for old::options::SetError {
    fn from(error: new::options::SetError) -> Self {
        use new::options::SetError as From;
        match error {
            From::AfterInit => Self::AfterInit,
            From::InvalidName => Self::InvalidName,
            From::Limit => Self::Limit,
            From::Exists => Self::Other(unnamed("exists", "the section exists")),
            From::Other(error) => Self::Other(error.into()),
        }
    }
}

impl From<new::paths::PathError> for old::paths::PathError {
    fn from(error: new::paths::PathError) -> Self {
        use new::paths::PathError as From;
        match error {
            From::Outside => Self::Outside,
            From::Invalid => Self::Invalid,
            From::NotInstalling => Self::NotInstalling,
            From::Limit => Self::Limit,
            From::Missing => Self::Other(unnamed("io", "No such file or directory")),
            From::Exists => Self::Other(unnamed("io", "File exists")),
            From::Other(error) => Self::Other(error.into()),
        }
    }
}

impl From<old::process::Command> for new::process::Command {
    fn from(command: old::process::Command) -> Self {
        use new::process::{Input, Output};
        let (standard_output, standard_error) = match command.output {
            old::process::OutputUse::Log => (Output::Log, Output::Log),
            old::process::OutputUse::Show => (Output::Show, Output::Show),
            old::process::OutputUse::Capture => (Output::Capture, Output::Log),
        };
        let input = command.standard_input;
        Self {
            program: command.program,
            arguments: command.arguments,
            directory: command.directory,
            environment: command.environment,
            only_environment: false,
            standard_input: if input.is_empty() { Input::Empty } else { Input::Bytes(input) },
            deadline: command.deadline,
            standard_output,
            standard_error,
        }
    }
}

impl From<new::process::ProcessError> for old::process::ProcessError {
    fn from(error: new::process::ProcessError) -> Self {
        use new::process::ProcessError as From;
        match error {
            From::NotGranted(message) => Self::NotGranted(message),
            From::NotFound(message) => Self::NotFound(message),
            From::NotExecutable(message) | From::Invalid(message) => Self::Invalid(message),
            From::Limit(message) => Self::Limit(message),
            From::Other(error) => Self::Other(error.into()),
        }
    }
}

impl From<new::download::DownloadError> for old::download::DownloadError {
    fn from(error: new::download::DownloadError) -> Self {
        use new::download::DownloadError as From;
        match error {
            From::NotGranted(message) => Self::NotGranted(message),
            From::Mismatch(message) => Self::Mismatch(message),
            From::Status(new::download::ServerStatus { message, .. }) | From::Unavailable(message) => {
                Self::Unavailable(message)
            }
            From::BadArchive(message) => Self::BadArchive(message),
            From::Invalid(message) => Self::Invalid(message),
            From::Limit(message) => Self::Limit(message),
            From::Other(error) => Self::Other(error.into()),
        }
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
            other_options: false,
            cacheable: false,
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
