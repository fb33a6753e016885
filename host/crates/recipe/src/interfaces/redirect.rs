//! Files in place of a command's streams: opened by the host, with the rights of the recipe.

use std::fs::File;
use std::io;
use std::path::Path;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::OpenOptions;

use super::bindings::buildout::recipe::process::{Input, OutputFile, ProcessError};
use crate::call::Call;
use crate::grants::mounts::Access;
use crate::grants::symlinks::resolve;
use crate::native::streams::WrittenOutput;

/// The standard input of a command.
pub(super) fn input(call: &mut Call, input: Input) -> Result<confine::CommandInput, ProcessError> {
    Ok(match input {
        Input::Empty => confine::CommandInput::Empty,
        Input::Bytes(bytes) if bytes.is_empty() => confine::CommandInput::Empty,
        Input::Bytes(bytes) => confine::CommandInput::Bytes(bytes),
        Input::File(path) => {
            let mut options = OpenOptions::new();
            options.read(true);
            confine::CommandInput::File(open(call, &path, &mut options, Access::Read)?)
        }
    })
}

/// The file for a stream of a command.
pub(super) fn to_file(call: &mut Call, output: &OutputFile) -> Result<WrittenOutput, ProcessError> {
    let failed = |error: io::Error| invalid(&output.path, &error.to_string());
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    let file = open(call, &output.path, &mut options, Access::Write)?;
    if !output.append {
        file.set_len(0).map_err(failed)?;
    }
    WrittenOutput::new(file, &call.disk).map_err(failed)
}

/// Opens a regular file, without waiting.
fn open(call: &mut Call, path: &str, options: &mut OpenOptions, access: Access) -> Result<File, ProcessError> {
    if !Path::new(path).is_absolute() {
        return Err(invalid(path, "the path is not absolute"));
    }
    let rights = call.rights.clone();
    let absolute = rights.absolute(path).map_err(|_| invalid(path, "the path is empty, too long, or contains NUL"))?;
    let real = resolve(&rights.mounts, &absolute, true).map_err(|error| invalid(path, &error.to_string()))?;
    let Some(granted) = rights.granted(&real, access) else {
        call.deny(real, access);
        return Err(ProcessError::NotGranted(format!("{path} may not be used for a stream of a command")));
    };
    if access == Access::Write {
        call.will_make(&real).map_err(|error| invalid(path, &error.to_string()))?;
    }
    options.follow(FollowSymlinks::No).nonblock(true);
    let open = || {
        let (directory, rest) = granted.place()?;
        let is_new = access == Access::Write && directory.symlink_metadata(&rest).is_err();
        let file = directory.open_with(rest, options)?.into_std();
        match file.metadata()?.is_file() {
            true => Ok((file, is_new)),
            false => Err(io::Error::other("it is not a regular file")),
        }
    };
    let (file, is_new) = open().map_err(|error| invalid(path, &error.to_string()))?;
    if is_new {
        call.made.add(real);
    }
    Ok(file)
}

fn invalid(path: &str, why: &str) -> ProcessError {
    ProcessError::Invalid(format!("{path} cannot be used for a stream of a command: {why}"))
}
