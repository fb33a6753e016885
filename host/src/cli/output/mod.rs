//! Output while a command runs, and when it fails: messages, events, progress, errors.

pub(super) mod failure;
mod json_events;
mod live;
mod log_format;
mod printer;
mod summary;
mod time;
mod timings;
mod worker;

pub(super) use log_format::{InvalidFormat, LogFormat};
pub(super) use printer::{Printer, PrinterSettings, Style};
pub(super) use timings::Timings;
pub(super) use worker::{LogCopy, WorkerReport};
