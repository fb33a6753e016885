//! Parses `.installed.cfg`, written by this host or by zc.buildout 1 to 6, into the installed model.

use std::sync::Arc;

use super::damage::{Damage, DamageCause};
use super::model::{InstalledPart, InstalledState};
use super::names::{DEVELOP_EGGS, FORMAT, INSTALLED, PARTS, SIGNATURE};
use super::quote::{unquote_name, unquote_value};
use super::syntax::{RawOption, RawOptions, RawSection, RawSections, parse};
use base::source::Source;
use config::options::Values;

/// Why a state file could not be read.
#[derive(Clone, Debug)]
pub enum Unreadable {
    /// It is damaged.
    Damaged(Damage),
    /// A newer host wrote it, in this format.
    Newer(String),
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// Parses the content of a state file; `name` is its path, for messages. Never panics, even on arbitrary bytes.
///
/// # Errors
/// When the file is damaged, or has a format newer than this host.
pub fn read_state(name: &str, bytes: &[u8]) -> Result<InstalledState, Unreadable> {
    let source = Source::new(name, with_unix_line_ends(&String::from_utf8_lossy(bytes)));
    if let Some(format) = newer_format(&source.text) {
        return Err(Unreadable::Newer(format.to_owned()));
    }
    check_text(&source, bytes)?;
    Ok(installed(&source, &parse(&source)?)?)
}

/// Universal newlines, as when Python reads text files.
fn with_unix_line_ends(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

/// The format that the first section specifies, if it is not ours. Checked first, as anything else may differ in a
/// newer format.
fn newer_format(text: &str) -> Option<&str> {
    let in_section = |line: &&str| !line.starts_with('[');
    let section = text.lines().skip_while(in_section).skip(1).take_while(in_section);
    let mut options = section.filter_map(|line| line.split_once('='));
    let (_, format) = options.find(|(name, _)| name.trim_end() == FORMAT)?;
    Some(format.trim()).filter(|format| *format != "1")
}

/// Detects a file that was emptied, overwritten or cut.
fn check_text(source: &Arc<Source>, bytes: &[u8]) -> Result<(), Damage> {
    let text = &source.text;
    let binary = text.find(['\0', '\u{fffd}']).filter(|_| bytes.contains(&0) || std::str::from_utf8(bytes).is_err());
    if let Some(offset) = binary {
        return Err(Damage::at_offset(source, offset, DamageCause::Binary));
    }
    if text.trim().is_empty() {
        return Err(Damage::at_offset(source, 0, DamageCause::Empty));
    }
    // Both zc.buildout and this host end every line. A cut path may be another existing path, so the last line cannot
    // be trusted.
    if !text.ends_with('\n') {
        return Err(Damage::at_offset(source, text.len(), DamageCause::Cut));
    }
    Ok(())
}

fn installed(source: &Arc<Source>, sections: &RawSections<'_>) -> Result<InstalledState, Damage> {
    let buildout = sections.get("buildout");
    let Some(parts) = buildout.and_then(|section| section.options.get(PARTS)) else {
        let missing = |section: &RawSection<'_>| Damage::at(&section.place, DamageCause::NoParts);
        return Err(buildout.map_or_else(|| Damage::at_offset(source, 0, DamageCause::NoParts), missing));
    };
    let options = buildout.map(|section| &section.options);
    let mut installed = InstalledState {
        buildout: options.map(|options| other_options(options, &[PARTS, DEVELOP_EGGS, FORMAT])).unwrap_or_default(),
        develop_eggs: paths(options.and_then(|options| options.get(DEVELOP_EGGS))),
        ..InstalledState::default()
    };
    for written in unquote_value(&parts.text).split_whitespace() {
        let name = unquote_name(written);
        let Some(section) = sections.get(written) else {
            return Err(Damage::at(&parts.place, DamageCause::MissingPart(name)));
        };
        let record = installed_part(section, &name)?;
        installed.parts.insert(name, record);
    }
    Ok(installed)
}

fn installed_part(section: &RawSection<'_>, name: &str) -> Result<InstalledPart, Damage> {
    let options = &section.options;
    if !options.contains_key(INSTALLED) {
        return Err(Damage::at(&section.place, DamageCause::MissingInstalled(name.to_owned())));
    }
    Ok(InstalledPart {
        options: other_options(options, &[INSTALLED, SIGNATURE]),
        installed: paths(options.get(INSTALLED)),
        signature: options.get(SIGNATURE).map(|option| unquote_value(&option.text).into_owned()),
    })
}

fn other_options(options: &RawOptions<'_>, reserved: &[&str]) -> Values {
    let others = options.iter().filter(|(name, _)| !reserved.contains(name));
    others.map(|(name, option)| (unquote_name(name).into(), unquote_value(&option.text).into())).collect()
}

fn paths(option: Option<&RawOption<'_>>) -> Vec<String> {
    let text = option.map(|option| unquote_value(&option.text)).unwrap_or_default();
    text.split('\n').filter(|path| !path.is_empty()).map(unquote_name).collect()
}
