//! From a component's bytes to something that can be instantiated: checked, compiled or taken from a cache, linked.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmtime::component::{Component as Compiled, Linker};
use wasmtime::{Engine, Precompiled};

use super::bindings::{self, RecipePre};
use super::error::{Problem, RecipeError, Subject};
use super::limits;
use super::state::{State, Whole};
use crate::component::{CompileCache, Component, Form};
use base::event::{Event, Report};
use base::source::size;

/// Interfaces of package `buildout:recipe` that this host offers.
const OFFERED: [&str; 7] = ["buildout", "download", "log", "options", "paths", "process", "types"];
/// Those whose functions return only when a command has ended, or a file was fetched.
pub(super) const WAITING: [&str; 2] = ["buildout:recipe/download@", PROCESS];
/// The one that starts native commands.
pub(super) const PROCESS: &str = "buildout:recipe/process@";
/// The version of that package.
const VERSION: &str = "0.1";
/// Packages of WASI 0.2 that this host offers.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// A linker that offers `buildout:recipe` and WASI to recipes.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, sync};
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    // What follows takes the place of WASI's own: files are routed to what is granted, output to the part, and no sleep
    // outlasts a call.
    linker.allow_shadowing(true);
    sync::filesystem::types::add_to_linker::<State, Whole>(&mut linker, |state| state)?;
    filesystem::preopens::add_to_linker::<State, Whole>(&mut linker, |state| state)?;
    cli::stdout::add_to_linker::<State, Whole>(&mut linker, |state| state)?;
    cli::stderr::add_to_linker::<State, Whole>(&mut linker, |state| state)?;
    clocks::monotonic_clock::add_to_linker::<State, Whole>(&mut linker, |state| state)?;
    bindings::Recipe::add_to_linker::<State, Whole>(&mut linker, |state| state)?;
    Ok(linker)
}

/// What is needed to prepare components.
pub(super) struct Workshop<'a> {
    pub(super) engine: &'a Engine,
    pub(super) engine_key: &'a str,
    pub(super) linker: &'a Linker<State>,
    pub(super) cache: &'a CompileCache,
    pub(super) report: &'a dyn Report,
}

impl Workshop<'_> {
    /// The component, ready to be instantiated.
    pub(super) fn prepare(&self, component: &Component, subject: &Subject) -> Result<RecipePre<State>, RecipeError> {
        let fail = |problem| RecipeError::new(problem, subject.clone());
        let recipe = || subject.recipe.clone();
        let compiled = self.compiled(component, subject)?;
        self.check_imports(&compiled).map_err(fail)?;
        self.check_exports(&compiled, &subject.recipe).map_err(fail)?;
        let wrong_world =
            |error: wasmtime::Error| fail(Problem::WrongWorld { recipe: recipe(), cause: first_line(&error) });
        let linked = self.linker.instantiate_pre(&compiled).map_err(wrong_world)?;
        RecipePre::new(linked).map_err(wrong_world)
    }

    fn compiled(&self, component: &Component, subject: &Subject) -> Result<Compiled, RecipeError> {
        if let Some(embedded) = component.compiled.as_ref().filter(|embedded| embedded.engine_key == self.engine_key)
            && let Some(compiled) = self.deserialize(embedded.bytes)
        {
            return Ok(compiled);
        }
        let cached = match self.cache.load(&component.digest, self.engine_key) {
            Some(Form::Read(bytes)) => self.deserialize(&bytes),
            Some(Form::Known(file)) => self.map(&file),
            None => None,
        };
        if let Some(compiled) = cached {
            return Ok(compiled);
        }
        let fail = |problem| RecipeError::new(problem, subject.clone());
        let recipe = subject.recipe.clone();
        let bytes = component.bytes().map_err(|error| fail(Problem::Unreadable(error)))?;
        check_header(&bytes, &recipe).map_err(fail)?;
        self.report.report(Event::Progress {
            activity: &format!("Compiling recipe {} ({})", subject.recipe, size(component.size())),
        });
        let compiled = compile(self.engine, &bytes, &subject.recipe, limits::COMPILE_TIME);
        self.report.report(Event::ProgressEnd);
        let compiled = compiled.map_err(|problem| RecipeError::new(problem, subject.clone()))?;
        if let Ok(bytes) = compiled.serialize() {
            self.cache.store(&component.digest, self.engine_key, &bytes);
        }
        Ok(compiled)
    }

    /// Takes a compiled form; `None` if it is of another engine.
    #[allow(unsafe_code, reason = "a compiled form is machine code, and wasmtime cannot check it")]
    fn deserialize(&self, bytes: &[u8]) -> Option<Compiled> {
        if Engine::detect_precompiled(bytes) != Some(Precompiled::Component) {
            return None;
        }
        // SAFETY: the bytes are either embedded in this program, or were written by this user's own host, which
        // `CompileCache::load` has verified by their authentication code.
        unsafe { Compiled::deserialize(self.engine, bytes) }.ok()
    }

    /// Takes a compiled form from its file, which is mapped into memory: what is not used is not read.
    #[allow(unsafe_code, reason = "a compiled form is machine code, and wasmtime cannot check it")]
    fn map(&self, file: &File) -> Option<Compiled> {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: as for `deserialize`; the file is the one that `CompileCache::load` knows, and nobody writes into it: it is
        // the user's own, and replaced only as a whole.
        unsafe { Compiled::deserialize_file(self.engine, path) }.ok()
    }

    /// Compares what the component imports with what this host offers, before anything of it runs.
    fn check_imports(&self, compiled: &Compiled) -> Result<(), Problem> {
        for (name, _) in compiled.component_type().imports(self.engine) {
            if let Some(offered) = not_offered(name) {
                let is_older = other_version(name).is_some_and(is_older);
                return Err(Problem::Import { import: name.to_owned(), offered, is_older });
            }
        }
        Ok(())
    }

    /// Compares the version of what the component exports with that of this host's world.
    fn check_exports(&self, compiled: &Compiled, recipe: &str) -> Result<(), Problem> {
        let component = compiled.component_type();
        let mut exports = component.exports(self.engine);
        match exports.find_map(|(name, _)| other_version(name).map(str::to_owned)) {
            Some(version) => Err(Problem::World { recipe: recipe.to_owned(), is_older: is_older(&version), version }),
            None => Ok(()),
        }
    }
}

/// Whether a recipe of that version of the world is of an older one than this host's.
fn is_older(version: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    numbers(version) < numbers(VERSION)
}

/// The version of package `buildout:recipe` that a name of an interface has, if it is another one than this host's.
fn other_version(interface: &str) -> Option<&str> {
    let (_, version) = interface.strip_prefix("buildout:recipe/")?.split_once('@')?;
    let rest = version.strip_prefix(VERSION);
    (!rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))).then_some(version)
}

/// Compiles in a thread of its own, so that a component made to be slow cannot hold up the run for longer than `time`.
fn compile(engine: &Engine, bytes: &[u8], recipe: &str, time: Duration) -> Result<Compiled, Problem> {
    let (recipe, size) = (recipe.to_owned(), bytes.len());
    if size > limits::LARGEST_COMPILED {
        return Err(Problem::TooLarge { recipe, size, limit: limits::LARGEST_COMPILED });
    }
    let (sender, receiver) = mpsc::channel();
    let (engine, bytes) = (engine.clone(), bytes.to_vec());
    let compile = move || drop(sender.send(Compiled::new(&engine, &bytes)));
    let started = thread::Builder::new().name("compile".into()).stack_size(64 << 20).spawn(compile);
    started.map_err(|error| Problem::Engine(format!("no thread can be started: {error}")))?;
    match receiver.recv_timeout(time) {
        Ok(Ok(compiled)) => Ok(compiled),
        Ok(Err(error)) => Err(Problem::Damaged { recipe, cause: first_line(&error) }),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Problem::CompilesTooLong { recipe, time }),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Problem::Damaged { recipe, cause: "the compiler cannot cope with it".into() })
        }
    }
}

/// What the component imports, as it names it.
pub(super) fn import_names(pre: &RecipePre<State>) -> Vec<String> {
    let names = pre.instance_pre().component().component_type();
    names.imports(pre.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// What the component exports, as it names it.
pub(super) fn export_names(pre: &RecipePre<State>) -> Vec<String> {
    let names = pre.instance_pre().component().component_type();
    names.exports(pre.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// Whether the recipe imports one of these interfaces.
pub(super) fn imports(pre: &RecipePre<State>, interfaces: &[&str]) -> bool {
    let component = pre.instance_pre().component();
    let names = component.component_type();
    let mut imports = names.imports(pre.engine());
    imports.any(|(name, _)| interfaces.iter().any(|interface| name.starts_with(interface)))
}

/// Why an import is not offered; `None` if it is.
fn not_offered(import: &str) -> Option<String> {
    let (path, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    let is_version =
        |known: &str| version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match package.split_once(':') {
        Some(("buildout", "recipe")) if !is_version(VERSION) => Some(format!("this host has {VERSION}")),
        Some(("buildout", "recipe")) if !OFFERED.contains(&interface) => {
            Some(format!("this host has {VERSION} with {}", OFFERED.join(", ")))
        }
        Some(("buildout", "recipe")) => None,
        Some(("wasi", name)) if WASI.contains(&name) && !is_version("0.2") => Some("this host has WASI 0.2".into()),
        Some(("wasi", name)) if WASI.contains(&name) => None,
        _ => Some(format!("this host offers buildout:recipe {VERSION} and of WASI 0.2 {}", WASI.join(", "))),
    }
}

/// The first eight bytes tell components and core modules from everything else.
fn check_header(bytes: &[u8], recipe: &str) -> Result<(), Problem> {
    let recipe = recipe.to_owned();
    match bytes.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(()),
        Some(b"\0asm\x01\0\0\0") => Err(Problem::CoreModule { recipe }),
        Some(header) if header.starts_with(b"\0asm") => {
            Err(Problem::NotWasm { recipe, what: "its format has another version" })
        }
        Some(_) => Err(Problem::NotWasm { recipe, what: "it does not begin as WebAssembly does" }),
        None => Err(Problem::NotWasm { recipe, what: "it has less than 8 bytes" }),
    }
}

/// The cause, without its trace.
fn first_line(error: &wasmtime::Error) -> String {
    let message = format!("{error:#}");
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_compared_with_the_offer() {
        let t = |import: &str, expected: Option<&str>| assert_eq!(not_offered(import).as_deref(), expected, "{import}");
        t("buildout:recipe/options@0.1.0", None);
        t("buildout:recipe/log@0.1.7", None);
        t("wasi:filesystem/types@0.2.6", None);
        t("buildout:recipe/process@0.3.0", Some("this host has 0.1"));
        t("buildout:recipe/options@0.10.0", Some("this host has 0.1"));
        t("wasi:cli/run@0.3.0", Some("this host has WASI 0.2"));
        assert!(not_offered("buildout:recipe/oracle@0.1.0").is_some());
        assert!(not_offered("wasi:http/types@0.2.0").is_some());
        assert!(not_offered("environment").is_some());
    }

    /// A component of one core module with one function, made of so many additions.
    fn component_of(additions: usize) -> Vec<u8> {
        let section = |id: u8, content: &[u8]| [&[id], &length(content.len())[..], content].concat();
        // i32.const 1, i32.const 1, i32.add, drop
        let body = [&[0], &[0x41, 1, 0x41, 1, 0x6a, 0x1a].repeat(additions)[..], &[0x0b]].concat();
        let function = [&length(body.len())[..], &body].concat();
        let (types, functions, code) = ([1, 0x60, 0, 0], [1, 0], [&[1], &function[..]].concat());
        let module = [section(1, &types), section(3, &functions), section(10, &code)].concat();
        [b"\0asm\x0d\0\x01\0", &section(1, &[b"\0asm\x01\0\0\0", &module[..]].concat())[..]].concat()
    }

    /// A number as WebAssembly writes it, always in five bytes.
    fn length(number: usize) -> [u8; 5] {
        [0, 7, 14, 21, 28].map(|shift| (number >> shift) as u8 & 0x7f | if shift < 28 { 0x80 } else { 0 })
    }

    #[test]
    fn what_compiles_too_long_is_given_up() {
        let engine = super::super::engine::engine().unwrap();
        let compile = |additions, time| compile(&engine, &component_of(additions), "acme", time).map(drop);
        let error = compile(1_000_000, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.to_string(), "Compiling recipe acme takes longer than 1ms");
        compile(1, limits::COMPILE_TIME).unwrap();
    }

    #[test]
    fn versions_of_the_world_are_compared() {
        let t = |name: &str, expected: Option<(&str, bool)>| {
            assert_eq!(other_version(name).map(|version| (version, is_older(version))), expected, "{name}");
        };
        t("buildout:recipe/parts@0.1.0", None);
        t("buildout:recipe/parts@0.1.9", None);
        t("buildout:recipe/parts@0.2.0", Some(("0.2.0", false)));
        t("buildout:recipe/parts@0.10.0", Some(("0.10.0", false)));
        t("buildout:recipe/parts@9.0.0", Some(("9.0.0", false)));
        t("buildout:recipe/parts@0.0.4", Some(("0.0.4", true)));
        t("wasi:cli/run@0.3.0", None);
    }

    #[test]
    fn headers() {
        let t = |bytes: &[u8]| check_header(bytes, "x").map_err(|problem| problem.to_string());
        assert_eq!(t(b"\0asm\x0d\0\x01\0..."), Ok(()));
        assert!(t(b"\0asm\x01\0\0\0").unwrap_err().contains("core WebAssembly module"));
        assert!(t(b"hello, world").unwrap_err().contains("no WebAssembly"));
        assert!(t(b"").unwrap_err().contains("less than 8 bytes"));
    }
}
