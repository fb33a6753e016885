//! A part of 3,000 files and 50 MB from a server of the remote cache on the loopback interface, against the same part from the
//! local cache.

use std::path::Path;

use test_support::casd::{Casd, INSTANCE};

use crate::compare::ROUNDS;
use crate::measure::{self, Measured, median};
use crate::table::{self, ResultRow, Unit};
use crate::tool::Tool;
use crate::work;
use xtask::toolchains::remote_server;
use xtask::workspace::{CommandFailure, Workspace};

/// Makes the files.
const SOURCES: &str = "all:\n\ninstall:\n\tmkdir -p $(prefix)/files\n\
                       \thead -c 50000000 /dev/urandom | split -b 16667 -a 3 - $(prefix)/files/f\n";

/// The row: what takes the place of zc.buildout's column is the local cache.
pub(crate) fn row(workspace: &Workspace, host: &Path, directory: &Path) -> Result<ResultRow, CommandFailure> {
    remote_server(workspace)?;
    let server = Casd::start();
    let buildout = directory.join("cached");
    let store = directory.join("cached-store");
    let text = format!(
        "[buildout]\nparts = files\nremote-cache = {}/{INSTANCE}\nremote-cache-upload = true\nremote-cache-directory = {}\n\n\
         [files]\nrecipe = cmmi\npath = ../cached-source\nconfigure-command = true\n",
        server.address(),
        store.display()
    );
    work::write(&directory.join("cached-source"), &[("Makefile".into(), SOURCES.into())])?;
    work::write(&buildout, &[("buildout.cfg".into(), text)])?;
    work::write(&store, &[])?;
    let tool = Tool { name: "buildout-host", command: vec![host, Path::new("run")], buildout };
    measure::run(&tool, directory, &[], Measured::Time)?;
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        table::progress("local cache and server", &tool.buildout, round, ROUNDS);
        for (is_remote, seconds) in [false, true].into_iter().zip(&mut seconds) {
            work::clear(&tool.buildout)?;
            if is_remote {
                work::write(&store, &[])?;
            }
            seconds.push(measure::run(&tool, directory, &["--require-cached"], Measured::Time)?.0.seconds);
        }
    }
    let [theirs, ours] = seconds.map(median);
    let work = "3,000 files and 50 MB from a remote cache, against the local cache";
    Ok(ResultRow { work, unit: Unit::Seconds, theirs, ours, required: 1.0 / 1.5, aim: 1.0 / 1.1 })
}
