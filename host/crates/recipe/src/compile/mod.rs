//! From a component's bytes to something that can be instantiated: checked, compiled or loaded from a cache, linked.

pub(crate) mod check_imports;

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmtime::component::{Component as Compiled, Linker};
use wasmtime::{Engine, Precompiled};

use crate::component::{CompileCache, CompiledForm, Component};
use crate::error::{RecipeError, RecipeProblem, Subject};
use crate::instance::guest::GuestPre;
use crate::instance::store::StoreState;
use crate::limits;
use base::event::{Event, Level, Report};
use base::source::size;
use check_imports::{check_exports, check_imports};

/// From this size on, in bytes, compiling takes seconds.
const SLOW: u64 = 4 << 20;

/// What is needed to prepare components.
pub(crate) struct ComponentWorkshop<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) engine_key: &'a str,
    pub(crate) linker: &'a Linker<StoreState>,
    pub(crate) cache: &'a CompileCache,
    pub(crate) report: &'a dyn Report,
}

impl ComponentWorkshop<'_> {
    /// The component, ready to be instantiated.
    pub(crate) fn prepare(&self, component: &Component, subject: &Subject) -> Result<GuestPre, RecipeError> {
        let fail = |problem| RecipeError::new(problem, subject.clone());
        let recipe = || subject.recipe.clone();
        let compiled = self.compiled(component, subject)?;
        check_imports(self.engine, &compiled, &subject.recipe).map_err(fail)?;
        check_exports(self.engine, &compiled, &subject.recipe).map_err(fail)?;
        let wrong_world =
            |error: wasmtime::Error| fail(RecipeProblem::WrongWorld { recipe: recipe(), cause: first_line(&error) });
        let linked = self.linker.instantiate_pre(&compiled).map_err(wrong_world)?;
        GuestPre::new(linked).map_err(wrong_world)
    }

    fn compiled(&self, component: &Component, subject: &Subject) -> Result<Compiled, RecipeError> {
        if let Some(embedded) = component.compiled.as_ref().filter(|embedded| embedded.engine_key == self.engine_key)
            && let Some(compiled) = self.deserialize(embedded.bytes)
        {
            return Ok(compiled);
        }
        if let Some(why) = self.cache.distrust(&component.digest, self.engine_key) {
            let message =
                format!("Recipe {} is compiled again, because its compiled form cannot be used: {why}", subject.recipe);
            self.report.report(Event::Log { logger: "buildout", level: Level::Warning, message: &message });
        }
        let cached = match self.cache.load(&component.digest, self.engine_key) {
            Some(CompiledForm::Read(bytes)) => self.deserialize(&bytes),
            Some(CompiledForm::Known(file)) => self.map(&file),
            None => None,
        };
        if let Some(compiled) = cached {
            return Ok(compiled);
        }
        let fail = |problem| RecipeError::new(problem, subject.clone());
        let recipe = subject.recipe.clone();
        let bytes = component.bytes().map_err(|error| fail(RecipeProblem::Unreadable(error)))?;
        check_header(&bytes, &recipe).map_err(fail)?;
        let size = size(component.size());
        if self.cache.directory().is_none() && component.size() > SLOW {
            let message = format!(
                "Recipe {recipe} ({size}) is compiled again in each run: compiled recipes are kept in XDG_CACHE_HOME, or \
                 in HOME, and neither is set"
            );
            self.report.report(Event::Log { logger: "buildout", level: Level::Warning, message: &message });
        }
        self.report.report(Event::Progress { activity: &format!("Compiling recipe {} ({size})", subject.recipe) });
        let compiled = compile(self.engine, &bytes, &subject.recipe, limits::COMPILE_TIME);
        self.report.report(Event::ProgressEnd);
        let compiled = compiled.map_err(|problem| RecipeError::new(problem, subject.clone()))?;
        if let Ok(bytes) = compiled.serialize() {
            let failed = self.cache.store(&component.digest, self.engine_key, &bytes);
            if let Some(error) = failed {
                let message = format!("Compiled recipes are not kept, and are compiled again by each run: {error}");
                self.report.report(Event::Log { logger: "buildout", level: Level::Warning, message: &message });
            }
        }
        Ok(compiled)
    }

    /// Loads a compiled form; `None` if it belongs to another engine.
    #[allow(unsafe_code, reason = "a compiled form is machine code, and wasmtime cannot check it")]
    fn deserialize(&self, bytes: &[u8]) -> Option<Compiled> {
        if Engine::detect_precompiled(bytes) != Some(Precompiled::Component) {
            return None;
        }
        // SAFETY: the bytes are either embedded in this program, or were written by this user's host:
        // `CompileCache::load` has verified their authentication code.
        unsafe { Compiled::deserialize(self.engine, bytes) }.ok()
    }

    /// Loads a compiled form from its file, which is mapped into memory: unused parts are not read.
    #[allow(unsafe_code, reason = "a compiled form is machine code, and wasmtime cannot check it")]
    fn map(&self, file: &File) -> Option<Compiled> {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: as for `deserialize`; the file is the one that `CompileCache::load` knows, and no process writes into
        // it: it belongs to the user, and is only replaced as a whole.
        unsafe { Compiled::deserialize_file(self.engine, path) }.ok()
    }
}

/// Compiles in a separate thread, so that a component made to be slow cannot delay the run for longer than `time`.
fn compile(engine: &Engine, bytes: &[u8], recipe: &str, time: Duration) -> Result<Compiled, RecipeProblem> {
    let (recipe, size) = (recipe.to_owned(), bytes.len());
    if size > limits::LARGEST_COMPILED {
        return Err(RecipeProblem::TooLarge { recipe, size, limit: limits::LARGEST_COMPILED });
    }
    let (sender, receiver) = mpsc::channel();
    let (engine, bytes) = (engine.clone(), bytes.to_vec());
    let compile = move || drop(sender.send(Compiled::new(&engine, &bytes)));
    let started = thread::Builder::new().name("compile".into()).stack_size(64 << 20).spawn(compile);
    started.map_err(|error| RecipeProblem::Engine(format!("no thread can be started: {error}")))?;
    match receiver.recv_timeout(time) {
        Ok(Ok(compiled)) => Ok(compiled),
        Ok(Err(error)) => Err(RecipeProblem::Damaged { recipe, cause: first_line(&error) }),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(RecipeProblem::CompilesTooLong { recipe, time }),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(RecipeProblem::Damaged { recipe, cause: "the compiler cannot process it".into() })
        }
    }
}

/// The first eight bytes distinguish components and core modules from everything else.
fn check_header(bytes: &[u8], recipe: &str) -> Result<(), RecipeProblem> {
    let recipe = recipe.to_owned();
    match bytes.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(()),
        Some(b"\0asm\x01\0\0\0") => Err(RecipeProblem::CoreModule { recipe }),
        Some(header) if header.starts_with(b"\0asm") => {
            Err(RecipeProblem::NotWasm { recipe, what: "its format has another version" })
        }
        Some(_) => Err(RecipeProblem::NotWasm { recipe, what: "it does not begin as WebAssembly does" }),
        None => Err(RecipeProblem::NotWasm { recipe, what: "it has less than 8 bytes" }),
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

    /// A component of one core module with one function, which contains this number of additions.
    fn component_of(additions: usize) -> Vec<u8> {
        let section = |id: u8, content: &[u8]| [&[id], &length(content.len())[..], content].concat();
        // i32.const 1, i32.const 1, i32.add, drop
        let body = [&[0], &[0x41, 1, 0x41, 1, 0x6a, 0x1a].repeat(additions)[..], &[0x0b]].concat();
        let function = [&length(body.len())[..], &body].concat();
        let (types, functions, code) = ([1, 0x60, 0, 0], [1, 0], [&[1], &function[..]].concat());
        let module = [section(1, &types), section(3, &functions), section(10, &code)].concat();
        [b"\0asm\x0d\0\x01\0", &section(1, &[b"\0asm\x01\0\0\0", &module[..]].concat())[..]].concat()
    }

    /// A number in the encoding of WebAssembly, always in five bytes.
    fn length(number: usize) -> [u8; 5] {
        [0, 7, 14, 21, 28].map(|shift| (number >> shift) as u8 & 0x7f | if shift < 28 { 0x80 } else { 0 })
    }

    #[test]
    fn what_compiles_too_long_is_given_up() {
        let engine = ::engine::engine().unwrap();
        let compile = |additions, time| compile(&engine, &component_of(additions), "acme", time).map(drop);
        let error = compile(1_000_000, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.to_string(), "Compiling recipe acme took longer than 1ms");
        compile(1, limits::COMPILE_TIME).unwrap();
    }

    #[test]
    fn headers() {
        let t = |bytes: &[u8]| check_header(bytes, "x").map_err(|problem| problem.to_string());
        assert_eq!(t(b"\0asm\x0d\0\x01\0..."), Ok(()));
        assert!(t(b"\0asm\x01\0\0\0").unwrap_err().contains("core WebAssembly module"));
        assert!(t(b"hello, world").unwrap_err().contains("not WebAssembly"));
        assert!(t(b"").unwrap_err().contains("less than 8 bytes"));
    }
}
