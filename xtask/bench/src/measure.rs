//! What one run of a program costs: wall time, and the peak of its resident memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::tool::Tool;
use xtask::workspace::{CommandFailure, start_failure};

/// What one run cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MeasuredCost {
    /// Wall time in seconds.
    pub(crate) seconds: f64,
    /// Peak resident memory in KiB (`VmHWM`), where it was measured.
    pub(crate) peak_memory: u64,
}

/// What is measured of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// Time only. Looking at the program meanwhile would take a part of a short run's time.
    Time,
    /// Time and memory.
    Memory,
}

/// Runs the tool in its buildout, with the benchmark's home directory; gives the cost and what it printed.
pub(crate) fn run(
    tool: &Tool<'_>,
    home: &Path,
    arguments: &[&str],
    measured: Measured,
) -> Result<(MeasuredCost, String), CommandFailure> {
    let (Some(program), options) = (tool.command.first(), tool.command.get(1..).unwrap_or_default()) else {
        return Err(CommandFailure::new("A tool without a program."));
    };
    let (printed, errors) = (tool.buildout.with_extension("out"), tool.buildout.with_extension("err"));
    let create = |path: &Path| {
        fs::File::create(path).map_err(|error| CommandFailure::new(format!("{}: {error}", path.display())))
    };
    let mut command = Command::new(program);
    command.args(options).args(arguments).current_dir(&tool.buildout).env("HOME", home.join("home"));
    command.env_remove("XDG_CACHE_HOME").env_remove("BUILDOUT_HOME").env_remove("PYTHONPATH");
    command.stdin(Stdio::null()).stdout(create(&printed)?).stderr(create(&errors)?);

    // The program itself is timed in one piece; its memory is looked at from a second thread.
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| start_failure(&command, &error))?;
    let process = child.id();
    let peak = (measured == Measured::Memory).then(|| std::thread::spawn(move || peak_memory(process)));
    let status = child.wait().map_err(|error| start_failure(&command, &error))?;
    let seconds = start.elapsed().as_secs_f64();
    let peak_memory = peak.and_then(|peak| peak.join().ok()).unwrap_or_default();

    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    if !status.success() {
        let message = format!("{} failed ({status}) in {}:\n{}", tool.name, tool.buildout.display(), text(&errors));
        return Err(CommandFailure::new(message));
    }
    Ok((MeasuredCost { seconds, peak_memory }, text(&printed)))
}

/// Looks at the kernel's high-water mark until the process is gone. The mark only rises, so what is missed is what the
/// process took in its last moment.
fn peak_memory(process: u32) -> u64 {
    let status = format!("/proc/{process}/status");
    let mut peak = 0;
    while let Some(mark) = fs::read_to_string(&status).ok().and_then(|text| high_water_mark(&text)) {
        peak = peak.max(mark);
        sleep(Duration::from_micros(500));
    }
    peak
}

/// `VmHWM` in KiB; none for a process that has ended.
fn high_water_mark(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// The middle value; of an even number the lower of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.0);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn the_mark_is_read_from_the_status() {
        assert_eq!(high_water_mark("Name:\tx\nVmHWM:\t    5320 kB\nVmRSS:\t 1 kB\n"), Some(5320));
        assert_eq!(high_water_mark("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
