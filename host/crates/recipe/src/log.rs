//! `buildout:recipe/log` and `paths`: what a recipe says, and what it says that it makes.

use wasmtime::component::Resource;

use super::bindings::buildout::recipe::log::{self, Level};
use super::bindings::buildout::recipe::paths::{self, PathError};
use super::bindings::buildout::recipe::types;
use super::limits;
use super::lock::Lock;
use super::state::{Phase, State};
use super::writable;
use base::event;

impl types::Host for State {}

impl log::Host for State {
    fn message(&mut self, level: Level, mut text: String) -> wasmtime::Result<()> {
        self.calling("log.message", &[]);
        self.call.log_messages += 1;
        if self.call.log_messages > limits::LOG_MESSAGES {
            if self.call.log_messages == limits::LOG_MESSAGES + 1 {
                let text = format!("more than {} messages; the rest is left out", limits::LOG_MESSAGES);
                self.say(event::Level::Warning, &text);
            }
            return Ok(());
        }
        if text.len() > limits::LOG_MESSAGE {
            let end = (0..=limits::LOG_MESSAGE).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
            text.push_str(" […]");
        }
        let level = match level {
            Level::Debug => event::Level::Debug,
            Level::Info => event::Level::Info,
            Level::Warning => event::Level::Warning,
            Level::Error => event::Level::Error,
            Level::Critical => event::Level::Critical,
        };
        self.say(level, &text);
        Ok(())
    }

    fn activity(&mut self, text: String) -> wasmtime::Result<()> {
        self.calling("log.activity", &[]);
        let text: String = text.chars().take(limits::ACTIVITY).collect();
        self.output().activity(&self.call.part, &text);
        Ok(())
    }
}

impl State {
    /// Logs in the part's name. What the recipe has printed so far comes before.
    pub(super) fn say(&mut self, level: event::Level, text: &str) {
        self.output().log(&self.call.part, level, text);
    }
}

impl paths::Host for State {
    fn created(&mut self, path: String) -> wasmtime::Result<Result<(), PathError>> {
        self.calling("paths.created", &[&path]);
        if !matches!(self.call.phase, Phase::Install | Phase::Update) {
            return Ok(Err(PathError::NotInstalling));
        }
        if self.call.created.len() >= limits::PATHS || path.len() > limits::PATH {
            return Ok(Err(PathError::Limit));
        }
        if path.is_empty() || path.contains('\0') || path.split('/').any(|component| component == "..") {
            return Ok(Err(PathError::Invalid));
        }
        if self.call.granted.check_path(&path).is_err() {
            return Ok(Err(PathError::Outside));
        }
        if !self.call.granted.was_there(&path) {
            self.call.created.push(path);
        }
        Ok(Ok(()))
    }

    fn try_lock(&mut self, path: String) -> wasmtime::Result<Result<Option<Resource<Lock>>, PathError>> {
        self.calling("paths.try-lock", &[&path]);
        if !matches!(self.call.phase, Phase::Install | Phase::Update) {
            return Ok(Err(PathError::NotInstalling));
        }
        // Recipes ask again and again while somebody else holds it.
        self.go_on()?;
        match Lock::attempt(&self.call.granted, &path) {
            Ok(Some(lock)) => Ok(Ok(Some(self.table.push(lock)?))),
            Ok(None) => Ok(Ok(None)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn set_mode(&mut self, path: String, mode: u32) -> wasmtime::Result<Result<(), PathError>> {
        self.calling("paths.set-mode", &[&path]);
        if !matches!(self.call.phase, Phase::Install | Phase::Update) {
            return Ok(Err(PathError::NotInstalling));
        }
        Ok(writable::set_mode(&self.call.granted, &path, mode))
    }
}

impl paths::HostLock for State {
    fn drop(&mut self, lock: Resource<Lock>) -> wasmtime::Result<()> {
        self.table.delete(lock)?;
        Ok(())
    }
}
