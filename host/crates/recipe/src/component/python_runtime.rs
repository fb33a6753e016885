//! The Python runtime: the component that runs Python recipes. It is a file next to the program, compressed;
//! the program carries its digest, and uses no other.

use std::path::{Path, PathBuf};

use base::digest::Digest;
use fetch::unpack::decompressed;

use super::bytes::{Bytes, Component, ComponentContent, ComponentOrigin, LARGEST_COMPONENT};
use super::error::ComponentError;

include!(concat!(env!("OUT_DIR"), "/python_runtime.rs"));

/// The name of the file.
const FILE: &str = "python-runtime.wasm.zst";

impl Component {
    /// The Python runtime of this program, which is started from `program`. The file is not read before its compiled form
    /// is missing.
    ///
    /// # Errors
    /// When the program was built without it.
    pub fn python_runtime(program: &Path) -> Result<Self, ComponentError> {
        let digest = DIGEST.and_then(|digest| digest.parse().ok());
        let digest = digest.ok_or_else(|| ComponentError::NoPythonRuntime { looked: Vec::new() })?;
        let content = ComponentContent::Packed(places(program).into());
        let package = "python-runtime".to_owned();
        Ok(Self { digest, content, compiled: None, origin: ComponentOrigin::PythonRuntime, package })
    }

    /// The file of the Python runtime, next to this program.
    ///
    /// # Errors
    /// When the program was built without it, or the file is missing.
    pub fn python_runtime_file(program: &Path) -> Result<PathBuf, ComponentError> {
        let looked = if DIGEST.is_some() { places(program) } else { Vec::new() };
        let found = looked.iter().find(|path| path.is_file()).cloned();
        found.ok_or(ComponentError::NoPythonRuntime { looked })
    }
}

/// Where the file may be: in the same prefix as an installed program, or in the target directory of a development tree.
fn places(program: &Path) -> Vec<PathBuf> {
    let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let Some(prefix) = program.parent().and_then(Path::parent) else { return Vec::new() };
    ["share/buildout-host", "python-runtime"].map(|directory| prefix.join(directory).join(FILE)).to_vec()
}

/// The component in the first of these files that exists.
pub(super) fn unpack(places: &[PathBuf], digest: &Digest) -> Result<Bytes, ComponentError> {
    let looked = || places.to_vec();
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        return Err(ComponentError::NoPythonRuntime { looked: looked() });
    };
    let bytes = decompressed(path, LARGEST_COMPONENT).map_err(|error| ComponentError::read(path, error))?;
    match Digest::of(&bytes) == *digest {
        true => Ok(bytes.into()),
        false => Err(ComponentError::OtherPythonRuntime { path: path.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_looked_for_in_the_prefix_of_the_program() {
        let found = places(Path::new("/opt/tool/bin/buildout-host"));
        assert_eq!(found[0], Path::new("/opt/tool/share/buildout-host/python-runtime.wasm.zst"));
    }

    #[test]
    fn a_missing_or_a_different_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let digest = Digest::of(b"the component");
        let missing = unpack(std::slice::from_ref(&path), &digest).unwrap_err();
        assert!(matches!(&missing, ComponentError::NoPythonRuntime { looked } if *looked == [path.clone()]));
        // A frame of zstd with one raw block of one byte.
        std::fs::write(&path, b"\x28\xb5\x2f\xfd\x20\x01\x09\x00\x00x").unwrap();
        let other = unpack(std::slice::from_ref(&path), &digest).unwrap_err();
        assert!(matches!(other, ComponentError::OtherPythonRuntime { .. }), "{other}");
        assert_eq!(&*unpack(std::slice::from_ref(&path), &Digest::of(b"x")).unwrap(), b"x");
        std::fs::write(&path, b"no archive").unwrap();
        assert!(matches!(unpack(&[path], &digest), Err(ComponentError::Read { .. })));
    }
}
