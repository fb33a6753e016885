//! Names of Python distributions, as they are compared.
//!
//! Knows nothing of versions and files.

/// The form for comparison (PEP 503): lower case, runs of `-`, `_` and `.` as one `-`.
pub fn canonical(name: &str) -> String {
    let mut canonical = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if canonical.ends_with('-') => {}
            '-' | '_' | '.' => canonical.push('-'),
            other if other.is_ascii() => canonical.push(other.to_ascii_lowercase()),
            other => canonical.extend(other.to_lowercase()),
        }
    }
    canonical
}
