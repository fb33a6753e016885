//! A component's bytes: read within a limit, checked to be a component, hashed.
//!
//! Knows nothing of the component's imports and exports.

use std::fs::Metadata;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::built_in::BuiltIn;
use super::cache::CompileCache;
use super::error::ComponentError;
use super::project::encode::component_of_module;
use base::digest::Digest;
use base::files::open_regular;
use flate2::read::ZlibDecoder;
use registry::oci::Reference;

pub(crate) use registry::oci::LARGEST_COMPONENT;

/// The bytes of a component, and where they come from.
#[derive(Clone, Debug)]
pub struct Component {
    /// SHA-256 of `bytes`: decides whether parts are reinstalled.
    pub digest: Digest,
    /// The component in the binary format.
    pub(super) content: ComponentContent,
    /// The form compiled ahead of time, embedded in the host. Belongs to exactly these bytes.
    pub(crate) compiled: Option<Compiled>,
    /// Where the bytes come from.
    pub origin: ComponentOrigin,
    /// Name of the recipe package: a built-in's name, the crate's name, or the file's stem.
    pub package: String,
}

/// Where the bytes are.
#[derive(Clone, Debug)]
pub(super) enum ComponentContent {
    /// In memory.
    Here(Bytes),
    /// Embedded in the host.
    BuiltIn(&'static BuiltIn),
    /// In a file whose digest is known, although the file was not read.
    File { path: PathBuf, size: u64 },
    /// The Python runtime, compressed, in the first of these files that exists.
    Packed(Arc<[PathBuf]>),
}

/// Bytes of a component.
#[derive(Clone)]
pub struct Bytes(Arc<[u8]>);

impl<B: Into<Arc<[u8]>>> From<B> for Bytes {
    fn from(bytes: B) -> Self {
        Self(bytes.into())
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", self.len())
    }
}

/// A compiled form that was made together with the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compiled {
    /// The form as serialized by the engine.
    pub(crate) bytes: &'static [u8],
    /// The engine that can load it (see `CompileCache`).
    pub(crate) engine_key: &'static str,
}

/// Where a component's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComponentOrigin {
    /// Part of the host.
    BuiltIn {
        /// Its name among the built-in recipe packages.
        name: &'static str,
    },
    /// `path` of `recipes.toml`, absolute.
    Path(PathBuf),
    /// `oci` of `recipes.toml`.
    Registry {
        /// As written there.
        reference: Reference,
        /// Digest of the manifest that it pointed to.
        manifest: Digest,
    },
    /// The Python runtime, which is a file next to the program.
    PythonRuntime,
    /// A project that `develop` lists.
    Develop {
        /// The project's directory, or the `.wasm` file that was listed.
        project: PathBuf,
        /// The component that was built.
        component: PathBuf,
        /// Whether the project's `recipe.toml` sets the name of the package.
        is_named: bool,
    },
}

impl Component {
    /// The built-in recipe package. `build.rs` has checked that its digest is correct and that its compiled form was
    /// made from it.
    pub(super) fn embedded(built_in: &'static BuiltIn) -> Self {
        Self {
            digest: built_in.digest.parse().expect("build.rs has compared the digest with that of the component"),
            content: ComponentContent::BuiltIn(built_in),
            compiled: Some(Compiled { bytes: built_in.compiled, engine_key: built_in.engine_key }),
            origin: ComponentOrigin::BuiltIn { name: built_in.name },
            package: built_in.name.to_owned(),
        }
    }

    /// Reads a component file. A developed core module is made into a component.
    ///
    /// # Errors
    /// When the file cannot be read, is not a regular file, is larger than [`LARGEST_COMPONENT`], or is not a
    /// component.
    pub(super) fn read(path: &Path, package: &str, origin: ComponentOrigin) -> Result<Self, ComponentError> {
        Ok(Self::read_with(path, package, origin)?.0)
    }

    /// Like [`Self::read`]; but a large file that has not changed since `cache` noted its digest is not read.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn recall(
        path: &Path,
        package: &str,
        origin: ComponentOrigin,
        cache: &CompileCache,
    ) -> Result<Self, ComponentError> {
        if let Ok(metadata) = std::fs::metadata(path)
            && let Some(digest) = Some(metadata.len()).filter(is_noteworthy).and_then(|_| cache.noted(path, &metadata))
        {
            let content = ComponentContent::File { path: path.to_owned(), size: metadata.len() };
            return Ok(Self { digest, content, compiled: None, origin, package: package.to_owned() });
        }
        let (component, metadata) = Self::read_with(path, package, origin)?;
        // The result of a core module is not the contents of the file.
        if is_noteworthy(&metadata.len()) && component.size() == metadata.len() {
            cache.note(path, &metadata, &component.digest);
        }
        Ok(component)
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match &self.content {
            ComponentContent::Here(bytes) => bytes.len() as u64,
            ComponentContent::BuiltIn(built_in) => built_in.size,
            ComponentContent::File { size, .. } => *size,
            ComponentContent::Packed(places) => {
                places.iter().find_map(|path| path.metadata().ok()).map_or(0, |found| found.len())
            }
        }
    }

    /// The bytes.
    ///
    /// # Errors
    /// When they have to be read and cannot, or have changed.
    pub fn bytes(&self) -> Result<Bytes, ComponentError> {
        match &self.content {
            ComponentContent::Here(bytes) => Ok(bytes.clone()),
            ComponentContent::BuiltIn(built_in) => unpack_built_in(built_in),
            ComponentContent::Packed(places) => super::python_runtime::unpack(places, &self.digest),
            ComponentContent::File { path, .. } => {
                let (bytes, _) = read_limited(path)?;
                let is_same = Digest::of(&bytes) == self.digest;
                let changed = || ComponentError::Changed { path: path.clone() };
                is_same.then(|| bytes.into()).ok_or_else(changed)
            }
        }
    }

    /// A component file, with the file system's metadata from before it was read.
    fn read_with(path: &Path, package: &str, origin: ComponentOrigin) -> Result<(Self, Metadata), ComponentError> {
        let (bytes, metadata) = read_limited(path)?;
        let not_a_component = |found| ComponentError::NotAComponent { path: path.to_owned(), found };
        let bytes = match (kind_of(&bytes), &origin) {
            (BytesKind::Component, _) => bytes,
            // A `.wasm` file that `develop` lists.
            (BytesKind::CoreModule, ComponentOrigin::Develop { .. }) => component_of_module(path, &bytes)?,
            (BytesKind::CoreModule, _) => return Err(not_a_component("a core WebAssembly module")),
            (BytesKind::Other(found), _) => return Err(not_a_component(found)),
        };
        let digest = Digest::of(&bytes);
        let content = ComponentContent::Here(bytes.into());
        Ok((Self { digest, content, compiled: None, origin, package: package.to_owned() }, metadata))
    }
}

fn unpack_built_in(built_in: &BuiltIn) -> Result<Bytes, ComponentError> {
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(built_in.packed).read_to_end(&mut bytes);
    read.map_err(|error| ComponentError::read(Path::new(built_in.name), error))?;
    Ok(bytes.into())
}

/// Whether reading this many bytes takes longer than looking for a note.
fn is_noteworthy(size: &u64) -> bool {
    (1 << 20..=LARGEST_COMPONENT).contains(size)
}

fn read_limited(path: &Path) -> Result<(Vec<u8>, Metadata), ComponentError> {
    let unreadable = |error| ComponentError::read(path, error);
    let file = open_regular(path).map_err(|error| match error.kind() {
        ErrorKind::IsADirectory | ErrorKind::InvalidInput => ComponentError::NotAFile { path: path.to_owned() },
        _ => ComponentError::read(path, error),
    })?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(LARGEST_COMPONENT)).unwrap_or_default() + 1);
    file.take(LARGEST_COMPONENT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_COMPONENT {
        return Err(ComponentError::TooLarge { path: path.to_owned() });
    }
    Ok((bytes, metadata))
}

/// The kind of a file's bytes.
pub(super) enum BytesKind {
    Component,
    CoreModule,
    Other(&'static str),
}

/// The kind of the bytes, judged by the preamble (component model, binary format: `magic`, `version` 0x0d, `layer` 1; a
/// core module has version 1, layer 0).
pub(super) fn kind_of(bytes: &[u8]) -> BytesKind {
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => BytesKind::Component,
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => BytesKind::CoreModule,
        [b'\0', b'a', b's', b'm', ..] => BytesKind::Other("a WebAssembly file of an unknown kind"),
        [] => BytesKind::Other("an empty file"),
        _ => BytesKind::Other("not a WebAssembly file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Component, ComponentError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.wasm");
        std::fs::write(&path, bytes).unwrap();
        Component::read(&path, "a", ComponentOrigin::Path(path.clone()))
    }

    #[test]
    fn what_is_not_a_component_is_named() {
        for (bytes, found) in [
            (&b""[..], "an empty file"),
            (b"hello", "not a WebAssembly file"),
            (b"\0asm\x01\0\0\0", "a core WebAssembly module"),
            (b"\0as", "not a WebAssembly file"),
            (b"\0asm\x07", "a WebAssembly file of an unknown kind"),
        ] {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.ends_with(&format!("is not a component: it is {found}")), "{error}");
        }
        assert_eq!(read(b"\0asm\x0d\0\x01\0").unwrap().digest, Digest::of(b"\0asm\x0d\0\x01\0"));
    }

    #[test]
    fn built_in_components_are_those_of_their_digests() {
        for built_in in super::super::built_in::built_ins() {
            let component = Component::embedded(built_in);
            let bytes = component.bytes().unwrap();
            assert_eq!((Digest::of(&bytes), bytes.len() as u64), (component.digest, component.size()));
        }
    }

    #[test]
    fn a_directory_a_missing_file_and_a_huge_file_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let try_read = |path: &Path| Component::read(path, "a", ComponentOrigin::Path(path.to_owned()));
        assert!(matches!(try_read(directory.path()), Err(ComponentError::NotAFile { .. })));
        assert!(matches!(try_read(&directory.path().join("absent")), Err(ComponentError::Read { .. })));
        let huge = directory.path().join("huge.wasm");
        std::fs::File::create(&huge).unwrap().set_len(LARGEST_COMPONENT + 1).unwrap();
        assert!(matches!(try_read(&huge), Err(ComponentError::TooLarge { .. })));
    }
}
