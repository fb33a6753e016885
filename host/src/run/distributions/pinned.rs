//! Where the pins are that an error is about.

use base::source::Explain;
use config::options::Buildout;
use distributions::name::canonical;

/// A line for each pin that takes part in an error: what it is, and where.
pub(super) fn places(error: &dyn Explain, buildout: &Buildout) -> Vec<String> {
    let mut lines = error.details();
    lines.push(error.to_string());
    let section = buildout.get("buildout", "versions").ok().flatten();
    let section = section.map(|section| section.trim().to_owned()).filter(|section| !section.is_empty());
    let section = section.unwrap_or_else(|| "versions".to_owned());
    if !buildout.sections().contains(&section) {
        return Vec::new();
    }
    let mut places = Vec::new();
    for name in buildout.keys(&section).unwrap_or_default() {
        let pin = buildout.get(&section, &name).ok().flatten().unwrap_or_default();
        if !lines.iter().any(|line| is_about(line, &canonical(&name), pin.trim())) {
            continue;
        }
        if let Some(place) = buildout.place_of(&section, Some(&name)) {
            places.push(format!("The pin {name} = {} is at {}.", pin.trim(), place.line_name()));
        }
    }
    places
}

/// Whether a line names a distribution together with its pinned version, or with its pin if that is no version.
fn is_about(line: &str, key: &str, pin: &str) -> bool {
    let version = pin.strip_prefix("==").unwrap_or(pin).trim();
    let is_of_word = |letter: char| letter.is_alphanumeric() || ['.', '_', '-', '+', '!'].contains(&letter);
    let words = || line.split(|letter: char| !is_of_word(letter)).map(|word| word.trim_end_matches('.'));
    let has_version =
        if version.chars().all(is_of_word) { words().any(|word| word == version) } else { line.contains(pin) };
    !version.is_empty() && has_version && words().any(|word| canonical(word) == key)
}

#[cfg(test)]
mod tests {
    use super::is_about;

    #[test]
    fn lines_about_a_pin() {
        for (line, pin) in [
            ("click==7.0 is required, because [versions] has 7.0", "7.0"),
            ("click==7.0 is required, because [versions] has 7.0", "== 7.0"),
            ("The requirement ('Click>=8') is not allowed by your [versions] constraint (7.0)", "7.0"),
            ("click 7.0 cannot be built: its command ended with exit code 1", "7.0"),
            ("click<8,>=7 is required, because [versions] has <8,>=7", "<8,>=7"),
        ] {
            assert!(is_about(line, "click", pin), "{line}");
        }
        for (line, pin) in [
            ("click==17.0 is required", "7.0"),
            ("click-plugins 7.0 is required", "7.0"),
            ("flask 7.0 requires click", "8.0"),
            ("click is required", ""),
        ] {
            assert!(!is_about(line, "click", pin), "{line}");
        }
    }
}
