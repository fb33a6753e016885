//! Messages to the user. The host prefixes each with the part's name.
//!
//! ```
//! let name = "mydata";
//! buildout_recipe::info!("Creating directory {name}");
//! ```

use std::cell::RefCell;

/// The level of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the recipe's author.
    Debug,
    /// What the recipe is doing.
    Info,
    /// Something to check, although the part can be made.
    Warning,
    /// Why the part cannot be made.
    Error,
}

thread_local! {
    static RECORDED: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    static ACTIVITIES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Logs a message. The macros [`debug!`](crate::debug), [`info!`](crate::info), [`warning!`](crate::warning) and
/// [`error!`](crate::error) format one.
///
/// Outside WebAssembly, the text is stored for [`testing::logged`](crate::testing::logged).
pub fn message(level: Level, text: &str) {
    if cfg!(target_arch = "wasm32") {
        crate::bindings::buildout::recipe::log::message(level.into(), text);
    } else {
        RECORDED.with_borrow_mut(|recorded| recorded.push((level, text.to_owned())));
    }
}

/// Reports in a few words what the recipe is doing now, for the live lines on a terminal. Example: `configure`.
///
/// Outside WebAssembly, the text is stored for [`testing::activities`](crate::testing::activities).
pub fn activity(text: &str) {
    if cfg!(target_arch = "wasm32") {
        crate::bindings::buildout::recipe::log::activity(text);
    } else {
        ACTIVITIES.with_borrow_mut(|activities| activities.push(text.to_owned()));
    }
}

/// As [`message`], but with this prefix instead of the part's name.
///
/// Outside WebAssembly, the text is stored for [`testing::logged`](crate::testing::logged), after the prefix.
pub fn message_from(name: &str, level: Level, text: &str) {
    if cfg!(target_arch = "wasm32") {
        crate::bindings::buildout::recipe::log::message_from(name, level.into(), text);
    } else {
        message(level, &format!("{name}: {text}"));
    }
}

/// The lowest level that is shown, as a number of Python's `logging`: 10 is debug, 20 info, 30 warning, 40 error.
///
/// Outside WebAssembly, everything is shown.
pub fn threshold() -> u32 {
    if cfg!(target_arch = "wasm32") { crate::bindings::buildout::recipe::log::threshold() } else { 10 }
}

impl From<Level> for crate::bindings::buildout::recipe::log::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

pub(crate) fn take_recorded() -> Vec<(Level, String)> {
    RECORDED.take()
}

pub(crate) fn take_activities() -> Vec<String> {
    ACTIVITIES.take()
}

/// Logs a message for the recipe's author. Accepts the arguments of `format!`.
#[macro_export]
macro_rules! debug {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Debug, &::std::format!($($argument)*)) };
}

/// Logs what the recipe is doing. Accepts the arguments of `format!`.
#[macro_export]
macro_rules! info {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Info, &::std::format!($($argument)*)) };
}

/// Logs a warning. Accepts the arguments of `format!`.
#[macro_export]
macro_rules! warning {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Warning, &::std::format!($($argument)*)) };
}

/// Logs why the part cannot be made. Accepts the arguments of `format!`.
#[macro_export]
macro_rules! error {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Error, &::std::format!($($argument)*)) };
}
