//! Builds of real software: against the same commands typed by hand, and two parts at a time against one.

use std::path::{Path, PathBuf};

use crate::measure::{self, Measured, median};
use crate::table::{self, ResultRow, Unit};
use crate::tool::Tool;
use crate::work;
use xtask::sources;
use xtask::workspace::{CommandFailure, Workspace};

/// How often the build by hand and the host's take turns.
const ROUNDS: usize = 3;
/// How often both numbers of jobs take turns: minutes each.
const STACK_ROUNDS: usize = 1;

/// A part: its name, its source package, and its options.
const STACK: [(&str, &str, &str); 6] = [
    ("hello", "hello", ""),
    ("zlib", "zlib", ""),
    ("xz-utils", "xz-utils", "configure-options = --disable-static\n"),
    (
        "libpng",
        "libpng1.6",
        "configure-options = --disable-static\nenvironment =\n  PATH=${xz-utils:location}/bin:%(PATH)s\n  \
         CPPFLAGS=-I${zlib:location}/include\n  LDFLAGS=-L${zlib:location}/lib -Wl,-rpath=${zlib:location}/lib\n",
    ),
    ("m4", "m4", "environment =\n  PATH=${xz-utils:location}/bin:%(PATH)s\n"),
    (
        "libtool",
        "libtool",
        "configure-options = --disable-static\nenvironment =\n  M4=${m4:location}/bin/m4\n  \
         PATH=${xz-utils:location}/bin:%(PATH)s\n",
    ),
];

/// What the commands are, typed by hand.
const BY_HAND: &str = "set -e; mkdir source; tar -xf \"$1\" -C source --strip-components=1; cd source; \
                       ./configure --prefix=\"$2\"; make; make install";

/// The rows: what takes the place of zc.buildout's column is the build by hand, and one part at a time.
pub(crate) fn rows(workspace: &Workspace, host: &Path, directory: &Path) -> Result<Vec<ResultRow>, CommandFailure> {
    if !sources::sources(workspace)? {
        return Err(CommandFailure::new("No sources to build: put upstream archives into target/sources"));
    }
    Ok(vec![by_hand(workspace, host, directory)?, two_at_a_time(workspace, host, directory)?])
}

fn by_hand(workspace: &Workspace, host: &Path, directory: &Path) -> Result<ResultRow, CommandFailure> {
    let archive = sources::archive(workspace, "xz-utils")?;
    let buildout = directory.join("xz-by-hand");
    let prefix = buildout.join("prefix");
    let words = ["-c", BY_HAND, "sh"].map(PathBuf::from);
    let command: Vec<&Path> = std::iter::once(Path::new("/bin/sh"))
        .chain(words.iter().map(PathBuf::as_path))
        .chain([&*archive, &*prefix])
        .collect();
    let hand = Tool { name: "by hand", command, buildout };
    let ours = tool("xz-buildout-host", host, directory);
    let section = section(workspace, ("xz-utils", "xz-utils", ""))?;
    work::write(&hand.buildout, &[])?;
    work::write(&ours.buildout, &[("buildout.cfg".into(), format!("[buildout]\nparts = xz-utils\n{section}"))])?;
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        for (tool, seconds) in [&hand, &ours].into_iter().zip(&mut seconds) {
            work::clear(&tool.buildout)?;
            table::progress(tool.name, &tool.buildout, round, ROUNDS);
            seconds.push(measure::run(tool, directory, &[], Measured::Time)?.0.seconds);
        }
    }
    let [theirs, ours] = seconds.map(median);
    // At most 5 % more than by hand, aiming at 1 % (docs/benchmark.md).
    let (required, aim) = (1.0 / 1.05, 1.0 / 1.01);
    Ok(ResultRow {
        work: "xz built with cmmi, against the commands by hand",
        unit: Unit::Seconds,
        theirs,
        ours,
        required,
        aim,
    })
}

fn two_at_a_time(workspace: &Workspace, host: &Path, directory: &Path) -> Result<ResultRow, CommandFailure> {
    let tool = tool("stack-buildout-host", host, directory);
    let sections: String = STACK.into_iter().map(|part| section(workspace, part)).collect::<Result<_, _>>()?;
    let text = format!("[buildout]\nparts = libpng libtool hello\n{sections}");
    work::write(&tool.buildout, &[("buildout.cfg".into(), text)])?;
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 1..=STACK_ROUNDS {
        for (jobs, seconds) in ["1", "2"].into_iter().zip(&mut seconds) {
            work::clear(&tool.buildout)?;
            table::progress(&format!("-j {jobs}"), &tool.buildout, round, STACK_ROUNDS);
            seconds.push(measure::run(&tool, directory, &["-j", jobs], Measured::Time)?.0.seconds);
        }
    }
    let [theirs, ours] = seconds.map(median);
    let work = "hello, libpng, libtool and their needs, -j 2 against -j 1";
    Ok(ResultRow { work, unit: Unit::Seconds, theirs, ours, required: 1.4, aim: 1.8 })
}

fn tool<'a>(name: &str, host: &'a Path, directory: &Path) -> Tool<'a> {
    Tool { name: "buildout-host", command: vec![host, Path::new("run")], buildout: directory.join(name) }
}

fn section(workspace: &Workspace, (part, source, options): (&str, &str, &str)) -> Result<String, CommandFailure> {
    let archive = sources::archive(workspace, source)?;
    Ok(format!("\n[{part}]\nrecipe = slapos.recipe.cmmi\nurl = {}\n{options}", archive.display()))
}
