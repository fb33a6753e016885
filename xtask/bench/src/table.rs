//! The table of the benchmark, for people and for programs.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what prints the table")]

use std::path::Path;

/// One line: what was done, what it cost both tools, and what is wanted.
pub(crate) struct ResultRow {
    /// The work.
    pub(crate) work: &'static str,
    /// What the costs are counted in.
    pub(crate) unit: Unit,
    /// What it cost zc.buildout.
    pub(crate) theirs: f64,
    /// What it cost the host.
    pub(crate) ours: f64,
    /// How many times less it must cost.
    pub(crate) required: f64,
    /// How many times less it should cost.
    pub(crate) aim: f64,
}

/// What a cost is counted in.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Wall time.
    Seconds,
    /// Peak resident memory, in MiB.
    Megabytes,
}

impl Unit {
    fn show(self, cost: f64) -> String {
        match self {
            Self::Seconds if cost < 1.0 => format!("{:.1} ms", cost * 1000.0),
            Self::Seconds => format!("{cost:.2} s"),
            Self::Megabytes => format!("{cost:.1} MB"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Megabytes => "MiB",
        }
    }
}

impl ResultRow {
    fn ratio(&self) -> f64 {
        self.theirs / self.ours.max(f64::MIN_POSITIVE)
    }

    fn verdict(&self) -> &'static str {
        match self.ratio() {
            ratio if ratio >= self.aim => "aim met",
            ratio if ratio >= self.required => "required met",
            _ => "MISSED",
        }
    }

    fn cells(&self) -> [String; 7] {
        [
            self.work.to_owned(),
            self.unit.show(self.theirs),
            self.unit.show(self.ours),
            shown_ratio(self.ratio()),
            shown_ratio(self.required),
            shown_ratio(self.aim),
            self.verdict().to_owned(),
        ]
    }
}

/// Small ratios need their decimals.
fn shown_ratio(ratio: f64) -> String {
    if ratio < 5.0 { format!("{ratio:.3}×") } else { format!("{ratio:.1}×") }
}

/// Prints the table in Markdown.
pub(crate) fn print_table(theirs: &str, rows: &[ResultRow]) {
    let head = ["work", theirs, "buildout-host", "ratio", "required", "aim", "verdict"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(ResultRow::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line.iter().enumerate().map(|(column, cell)| pad(cell, width(column))).collect();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            let rules: Vec<String> = (0..line.len()).map(|column| "-".repeat(width(column))).collect();
            println!("| {} |", rules.join(" | "));
        }
    }
}

fn pad(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count())))
}

/// Prints one JSON list of objects.
pub(crate) fn print_json(tables: &[(&str, Vec<ResultRow>)]) {
    let objects: Vec<String> =
        tables.iter().flat_map(|(theirs, rows)| rows.iter().map(|row| json(theirs, row))).collect();
    println!("[\n  {}\n]", objects.join(",\n  "));
}

fn json(theirs: &str, row: &ResultRow) -> String {
    format!(
        "{{\"work\": \"{}\", \"unit\": \"{}\", \"{theirs}\": {}, \"buildout-host\": {}, \"ratio\": {:.2}, \"required\": {}, \
         \"aim\": {}, \"verdict\": \"{}\"}}",
        row.work,
        row.unit.name(),
        row.theirs,
        row.ours,
        row.ratio(),
        row.required,
        row.aim,
        row.verdict()
    )
}

/// Says what is being measured.
pub(crate) fn progress(tool: &str, buildout: &Path, round: usize, rounds: usize) {
    let work = buildout.file_name().unwrap_or_default().to_string_lossy();
    eprintln!("bench: {work}: {tool}, {round} of {rounds}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(theirs: f64, ours: f64) -> ResultRow {
        ResultRow { work: "w", unit: Unit::Seconds, theirs, ours, required: 50.0, aim: 200.0 }
    }

    #[test]
    fn the_verdict_follows_the_ratio() {
        assert_eq!(row(1.0, 0.1).verdict(), "MISSED");
        assert_eq!(row(1.0, 0.02).verdict(), "required met");
        assert_eq!(row(1.0, 0.001).verdict(), "aim met");
    }

    #[test]
    fn a_row_prints_for_people_and_programs() {
        assert_eq!(row(2.0, 0.02).cells(), ["w", "2.00 s", "20.0 ms", "100.0×", "50.0×", "200.0×", "required met"]);
        let json = json("zc.buildout", &row(2.0, 0.5));
        assert!(json.starts_with(
            "{\"work\": \"w\", \"unit\": \"s\", \"zc.buildout\": 2, \"buildout-host\": 0.5, \"ratio\": 4.00"
        ));
    }
}
