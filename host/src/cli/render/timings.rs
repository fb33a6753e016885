//! When parts were installed: an HTML page with a timeline and a table. It needs no other files; the script only
//! highlights.

use std::fmt::Write as _;
use std::time::Duration;

use super::markup::escape;
use base::event::PartOutcome;

/// Width of the timeline in pixels.
const WIDTH: f64 = 1000.0;
const LANE: usize = 26;
/// Height above the lanes, for the scale.
const TOP: usize = 24;

const STYLE: &str = "\
body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#223;background:#fff}\
svg{border:1px solid #ccd;max-width:100%;height:auto}svg text{font:12px monospace;pointer-events:none}\
table{border-collapse:collapse;margin-top:1.5em}td,th{padding:.2em .9em;text-align:left;border-bottom:1px solid #dde}\
td.n{text-align:right;font-variant-numeric:tabular-nums}\
.installed{fill:#8bbcf0}.fetched{fill:#b8a8f0}.built-there{fill:#8bd0d8}.updated{fill:#a8d8a0}.uninstalled{fill:#d8c8a0}.failed{fill:#f09a90}.unfinished{fill:#ddd}\
.phase{fill:#000;fill-opacity:.12;stroke:#fff;stroke-opacity:.6}.scale{stroke:#e4e6ee}\
g.bar.dim{opacity:.25}g.bar.needed rect:first-of-type{stroke:#c60;stroke-width:2}tr.needed{background:#fff0dc}";

/// Hovering over a part highlights the parts that it references.
const SCRIPT: &str = "\
const bars=[...document.querySelectorAll('g.bar')],rows=[...document.querySelectorAll('tr[data-bar]')];\
function show(bar){const needs=new Set((bar.dataset.needs||'').split(' ').filter(Boolean));\
bars.forEach(b=>{const n=b.dataset.bar;b.classList.toggle('needed',needs.has(n));\
b.classList.toggle('dim',b!==bar&&!needs.has(n))});\
rows.forEach(r=>r.classList.toggle('needed',needs.has(r.dataset.bar)))}\
function clear(){[...bars,...rows].forEach(e=>e.classList.remove('needed','dim'))}\
bars.forEach(b=>{b.addEventListener('mouseenter',()=>show(b));b.addEventListener('mouseleave',clear)});\
rows.forEach(r=>{r.addEventListener('mouseenter',()=>show(bars.find(b=>b.dataset.bar===r.dataset.bar)));\
r.addEventListener('mouseleave',clear)});";

/// The time in which a part was installed, updated or uninstalled. Times are relative to the start of the run.
#[derive(Debug)]
pub(in crate::cli) struct Bar {
    pub(in crate::cli) part: String,
    pub(in crate::cli) step: String,
    pub(in crate::cli) start: Duration,
    /// `None` if it is unfinished.
    pub(in crate::cli) end: Option<(Duration, PartOutcome)>,
    /// The activities that the recipe reported, with their start times.
    pub(in crate::cli) phases: Vec<(Duration, String)>,
    /// The bars of parts that it references.
    pub(in crate::cli) references: Vec<usize>,
}

/// The whole page.
pub(in crate::cli) fn html(bars: &[Bar], total: Duration, jobs: usize) -> String {
    let seconds = total.as_secs_f64();
    let parts = bars.iter().filter(|bar| bar.step != "Uninstalling").count();
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>Timings of a buildout</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Timings of a buildout</h1>\n<p>{parts} parts in {seconds:.2} s, at most {jobs} at a time.</p>\n"
    );
    time_line(&mut html, bars, total);
    table(&mut html, bars, total);
    // Writing to a String cannot fail.
    let _ = write!(html, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    html
}

fn time_line(html: &mut String, bars: &[Bar], total: Duration) {
    let lanes = lanes(bars, total);
    let count = lanes.iter().max().map_or(0, |last| last + 1);
    let height = TOP + count * LANE + 6;
    let _ = writeln!(
        html,
        "<svg width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Timeline\">"
    );
    scale(html, total, height);
    for (number, (bar, lane)) in bars.iter().zip(lanes).enumerate() {
        draw(html, number, bar, TOP + lane * LANE, total);
    }
    html.push_str("</svg>\n");
}

/// Grid lines at whole numbers of seconds, about ten.
fn scale(html: &mut String, total: Duration, height: usize) {
    let rough = (total.as_secs_f64() / 10.0).max(0.001);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    for number in 0..=20 {
        let at = f64::from(number) * step;
        if at > total.as_secs_f64() {
            break;
        }
        let x = at / total.as_secs_f64().max(f64::MIN_POSITIVE) * WIDTH;
        let label = format!("{at:.3}").trim_end_matches('0').trim_end_matches('.').to_owned();
        let _ = writeln!(
            html,
            "<line class=\"scale\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{height}\"/>\
             <text x=\"{:.1}\" y=\"14\" fill=\"#889\">{label} s</text>",
            x + 3.0
        );
    }
}

fn draw(html: &mut String, number: usize, bar: &Bar, y: usize, total: Duration) {
    let at = |time: Duration| time.as_secs_f64() / total.as_secs_f64().max(f64::MIN_POSITIVE) * WIDTH;
    let end = bar.end_in(total);
    let (x, width) = (at(bar.start), (at(end) - at(bar.start)).max(1.0));
    let (part, outcome) = (escape(&bar.part), bar.outcome());
    let needs = numbers(&bar.references);
    let seconds = (end - bar.start).as_secs_f64();
    let inner = LANE - 4;
    let _ = write!(
        html,
        "<g class=\"bar\" data-bar=\"{number}\" data-needs=\"{needs}\"><title>{part}: {outcome}, {seconds:.2} s</title>\
         <rect class=\"{outcome}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{inner}\" rx=\"3\"/>"
    );
    for (index, (since, phase)) in bar.phases.iter().enumerate() {
        let until = bar.phases.get(index + 1).map_or(end, |(next, _)| *next);
        let (x, width) = (at(*since), (at(until) - at(*since)).max(0.0));
        let top = y + inner - 7;
        let (phase, seconds) = (escape(phase), until.saturating_sub(*since).as_secs_f64());
        let _ = write!(
            html,
            "<rect class=\"phase\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"7\">\
             <title>{part}: {phase}, {seconds:.2} s</title></rect>"
        );
    }
    let _ = writeln!(html, "<text x=\"{:.1}\" y=\"{}\">{part}</text></g>", x + 4.0, y + 15);
}

fn table(html: &mut String, bars: &[Bar], total: Duration) {
    html.push_str(
        "<table>\n<thead><tr><th>part</th><th>outcome</th><th>from</th><th>took</th><th>phases</th><th>refers to</th></tr></thead>\n<tbody>\n",
    );
    for (number, bar) in bars.iter().enumerate() {
        let phases: Vec<String> = bar.phases.iter().map(|(_, phase)| escape(phase)).collect();
        let references: Vec<String> = bar.references.iter().map(|target| escape(&bars[*target].part)).collect();
        let took = (bar.end_in(total) - bar.start).as_secs_f64();
        let _ = writeln!(
            html,
            "<tr data-bar=\"{number}\"><td>{}</td><td>{}</td><td class=\"n\">{:.2} s</td><td class=\"n\">{took:.2} s</td>\
             <td>{}</td><td>{}</td></tr>",
            escape(&bar.part),
            bar.outcome(),
            bar.start.as_secs_f64(),
            phases.join(", "),
            references.join(", ")
        );
    }
    html.push_str("</tbody>\n</table>\n");
}

impl Bar {
    fn end_in(&self, total: Duration) -> Duration {
        self.end.map_or(total, |(end, _)| end).max(self.start)
    }

    fn outcome(&self) -> &'static str {
        self.end.map_or("unfinished", |(_, outcome)| outcome.name())
    }
}

fn numbers(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// For each bar, the first lane that is free when it starts. Bars are sorted by start time.
fn lanes(bars: &[Bar], total: Duration) -> Vec<usize> {
    let mut free_from: Vec<Duration> = Vec::new();
    let lane = |bar: &Bar| {
        let free = free_from.iter().position(|free| *free <= bar.start);
        let lane = free.unwrap_or_else(|| {
            free_from.push(Duration::ZERO);
            free_from.len() - 1
        });
        free_from[lane] = bar.end_in(total);
        lane
    };
    bars.iter().map(lane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(part: &str, start: u64, end: Option<u64>, references: &[usize]) -> Bar {
        let end = end.map(|end| (Duration::from_secs(end), PartOutcome::Installed));
        let phases = vec![(Duration::from_secs(start), "<b>configure</b>".to_owned())];
        let (part, step, references) = (part.to_owned(), "Installing".to_owned(), references.to_vec());
        Bar { part, step, start: Duration::from_secs(start), end, phases, references }
    }

    #[test]
    fn overlapping_bars_are_in_different_lanes() {
        let bars =
            [bar("a", 0, Some(4), &[]), bar("b", 1, Some(2), &[]), bar("c", 2, None, &[1]), bar("d", 5, Some(6), &[])];
        assert_eq!(lanes(&bars, Duration::from_secs(9)), [0, 1, 1, 0]);
    }

    #[test]
    fn the_page_needs_nothing_else_and_names_are_text() {
        let bars = [bar("</svg><script>alert(1)</script>", 0, Some(4), &[]), bar("\"'&\x1b", 1, None, &[0])];
        let page = html(&bars, Duration::from_secs(9), 2);
        assert_eq!(page.matches("<script").count(), 1, "the page's own: {page}");
        assert_eq!(page.matches("</svg>").count(), 1);
        assert!(!page.contains("<b>") && !page.contains('\x1b') && !page.contains("http://") && !page.contains("src="));
        assert!(page.contains("data-bar=\"1\" data-needs=\"0\""));
        assert!(page.contains("<title>&quot;&#39;&amp;\\u{1b}: unfinished, 8.00 s</title>"), "{page}");
        let empty = html(&[], Duration::ZERO, 1);
        assert!(empty.contains("0 parts in 0.00 s") && !empty.contains("NaN") && !empty.contains("inf"));
    }
}
