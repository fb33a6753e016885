//! `RECORD`: the list of a wheel's files with their digests, compared with the existing files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base::collections::Map;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::error::WheelFault;
use super::text::read;

const BUFFER: usize = 128 << 10;

/// A line of `RECORD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordRow {
    /// The file, relative to the top of the wheel.
    pub(super) path: String,
    /// `sha256=…`, or empty.
    digest: String,
    /// The length in bytes, or empty.
    size: String,
}

impl RecordRow {
    /// The row of a file with this content.
    pub(super) fn of(path: String, content: &[u8]) -> Self {
        let digest = format!("sha256={}", URL_SAFE_NO_PAD.encode(Sha256::digest(content)));
        Self { path, digest, size: content.len().to_string() }
    }
}

/// The text of a `RECORD` with these rows.
pub(super) fn text(rows: &[RecordRow]) -> String {
    let quoted = |path: &str| match path.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", path.replace('"', "\"\"")),
        false => path.to_owned(),
    };
    rows.iter().map(|RecordRow { path, digest, size }| format!("{},{digest},{size}\n", quoted(path))).collect()
}

/// Compares the files of `content` with the `RECORD` in its directory `info`. Returns the rows of existing files.
///
/// # Errors
/// The error; `None` if the caller requested to stop.
pub(super) fn check(
    content: &Path,
    info: &str,
    canceled: &dyn Fn() -> bool,
) -> Result<Vec<RecordRow>, Option<WheelFault>> {
    let rows = parse(&read(&content.join(info).join("RECORD"))?)?;
    let mut listed: Map<&str, &RecordRow> = Map::default();
    for row in &rows {
        if listed.insert(&row.path, row).is_some() {
            return Err(Some(WheelFault::TwoFiles(row.path.clone())));
        }
    }
    let mut there = Vec::new();
    files(content, "", &mut there)?;
    for path in &there {
        if canceled() {
            return Err(None);
        }
        match listed.remove(path.as_str()) {
            Some(row) => check_file(content, row, info)?,
            None if may_be_unlisted(path, info) => {}
            None => return Err(Some(WheelFault::Unlisted(path.clone()))),
        }
    }
    // Some tools list directories; they are ignored.
    match listed.keys().filter(|path| !path.ends_with('/')).min() {
        Some(missing) => Err(Some(WheelFault::Missing((*missing).to_owned()))),
        None => Ok(rows.into_iter().filter(|row| !row.path.ends_with('/')).collect()),
    }
}

/// The list itself and its signatures, which are written later.
fn may_be_unlisted(path: &str, info: &str) -> bool {
    let name = path.strip_prefix(info).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| matches!(name, "RECORD" | "RECORD.jws" | "RECORD.p7s"))
}

/// All files below a directory, with `/` between the parts of their paths.
fn files(directory: &Path, prefix: &str, found: &mut Vec<String>) -> Result<(), WheelFault> {
    let damaged = |error: std::io::Error| WheelFault::Damaged(error.to_string());
    for entry in std::fs::read_dir(directory).map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(WheelFault::Damaged(format!("the name {:?} is not UTF-8", entry.file_name())));
        };
        let path = format!("{prefix}{name}");
        match entry.file_type().map_err(damaged)? {
            kind if kind.is_dir() => files(&entry.path(), &format!("{path}/"), found)?,
            kind if kind.is_file() => found.push(path),
            _ => return Err(WheelFault::Link(path)),
        }
    }
    Ok(())
}

fn check_file(content: &Path, row: &RecordRow, info: &str) -> Result<(), WheelFault> {
    if row.digest.is_empty() && may_be_unlisted(&row.path, info) {
        return Ok(());
    }
    let Some((algorithm, expected)) = row.digest.split_once('=') else {
        return Err(WheelFault::UnusableDigest { path: row.path.clone(), kind: String::new() });
    };
    let path = content.join(&row.path);
    let (bits, found) = match algorithm {
        "sha256" => (256, digest::<Sha256>(&path)),
        "sha384" => (384, digest::<Sha384>(&path)),
        "sha512" => (512, digest::<Sha512>(&path)),
        other => {
            return Err(WheelFault::UnusableDigest { path: row.path.clone(), kind: other.to_owned() });
        }
    };
    let found = found.map_err(|error| WheelFault::Damaged(error.to_string()))?;
    if found == expected.trim_end_matches('=') {
        return check_size(&path, row);
    }
    Err(WheelFault::Differs { path: row.path.clone(), bits, expected: expected.to_owned(), found })
}

fn check_size(path: &Path, row: &RecordRow) -> Result<(), WheelFault> {
    let length = path.metadata().map_err(|error| WheelFault::Damaged(error.to_string()))?.len().to_string();
    match row.size.is_empty() || row.size == length {
        true => Ok(()),
        false => Err(WheelFault::WrongSize { path: row.path.clone(), expected: row.size.clone(), found: length }),
    }
}

fn digest<D: sha2::Digest>(path: &Path) -> std::io::Result<String> {
    let mut hasher = D::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(URL_SAFE_NO_PAD.encode(hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Reads the comma-separated lines.
fn parse(text: &str) -> Result<Vec<RecordRow>, WheelFault> {
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| WheelFault::Record { line: number + 1, what: what.to_owned() };
        let fields = fields(line).ok_or_else(|| wrong("a quotation mark is missing"))?;
        let [path, digest, size] = &fields[..] else { return Err(wrong("it does not have three fields")) };
        let path = path.replace('\\', "/");
        let path = path.strip_prefix("./").unwrap_or(&path);
        if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err(wrong(&format!("{path:?} is not a path within the wheel")));
        }
        rows.push(RecordRow { path: path.to_owned(), digest: digest.trim().to_owned(), size: size.trim().to_owned() });
    }
    Ok(rows)
}

/// The fields of a line of comma-separated values, quoted where necessary.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let field = fields.last_mut()?;
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_record() {
        let rows = parse("a/b.py,sha256=x,3\n\"c,\"\"d\"\".py\",,\n./e,sha256=y,\n").unwrap();
        let paths: Vec<&str> = rows.iter().map(|row| row.path.as_str()).collect();
        assert_eq!(paths, ["a/b.py", "c,\"d\".py", "e"]);
        assert_eq!(parse(&text(&rows)).unwrap(), rows);
        for wrong in ["a", "a,b", "a,b,c,d", "\"a,b,c", "/a,,", "a/../../b,,", ",,"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(path in "[a-z,\" ]{1,20}") {
            let rows = vec![RecordRow::of(path, b"x")];
            prop_assert_eq!(parse(&text(&rows)).unwrap(), rows);
        }

        #[test]
        fn no_text_is_fatal(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }
    }
}
