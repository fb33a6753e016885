//! A locked recipe of a registry against the same recipe built in: what verifying it costs a run with nothing to do.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::compare::ROUNDS;
use crate::measure::{self, Measured, median};
use crate::table::{self, ResultRow, Unit};
use crate::tool::Tool;
use crate::work;
use xtask::workspace::{CommandFailure, Workspace, start_failure};

/// So much longer may a run take, in seconds.
const ALLOWED: f64 = 0.005;
const AIM: f64 = 0.002;

/// Makes both buildouts; the one that has its recipe from a registry needs that only here.
const PREPARE: &str = "set -e; export COSIGN_PASSWORD=bench; rm -rf keys recipes.toml recipes.lock bench.key bench.pub
    \"$1\" key generate --output bench; \"$1\" key import bench.pub
    \"$1\" recipe push \"$2\" \"oci://$3/bench/debug:1\" --sign bench.key
    printf '\\n[recipe.debug]\\noci = \"%s/bench/debug:1\"\\nsigned-by = [\"bench\"]\\n' \"$3\" >> recipes.toml
    \"$1\" recipe lock";

const BUILDOUT: &str = "[buildout]\nparts = one\n\n[one]\nrecipe = debug\n";

/// The row: what takes the place of zc.buildout's column is the built-in recipe.
pub(crate) fn rows(workspace: &Workspace, host: &Path, directory: &Path) -> Result<Vec<ResultRow>, CommandFailure> {
    let tool = |name: &'static str| Tool {
        name,
        command: vec![host, Path::new("run")],
        buildout: directory.join(format!("debug-{}", name.replace(' ', "-"))),
    };
    let tools = [tool("built in"), tool("from a registry")];
    for tool in &tools {
        work::write(&tool.buildout, &[("buildout.cfg".into(), BUILDOUT.into())])?;
    }
    let registry = LoopbackRegistry::start(&directory.join("registry"))?;
    let component = workspace.target.join("wasm32-wasip2/guest/recipe_debug.wasm");
    let mut prepare = Command::new("sh");
    prepare.args(["-c", PREPARE, "sh"]).arg(host).arg(component).arg(&registry.host);
    prepare.current_dir(&tools[1].buildout).env("HOME", directory.join("home")).env_remove("XDG_CACHE_HOME");
    let output = prepare.output().map_err(|error| start_failure(&prepare, &error))?;
    if !output.status.success() {
        return Err(CommandFailure::new(format!(
            "No recipe can be shared:\n{}",
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    // Pulled once; from then on the registry is not asked.
    measure::run(&tools[1], directory, &[], Measured::Time)?;
    drop(registry);
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 1..=2 * ROUNDS {
        for (tool, seconds) in tools.iter().zip(&mut seconds) {
            table::progress(tool.name, &tool.buildout, round, 2 * ROUNDS);
            measure::run(tool, directory, &[], Measured::Time)?;
            seconds.push(measure::run(tool, directory, &[], Measured::Time)?.0.seconds);
        }
    }
    let [theirs, ours] = seconds.map(median);
    let ratio = |more: f64| theirs / (theirs + more);
    let work = "a locked recipe of a registry, nothing to do, against a built-in one (5 ms more allowed)";
    Ok(vec![ResultRow { work, unit: Unit::Seconds, theirs, ours, required: ratio(ALLOWED), aim: ratio(AIM) }])
}

/// Debian's `docker-registry` on the loopback interface; ends with this value.
struct LoopbackRegistry {
    process: Child,
    host: String,
}

impl LoopbackRegistry {
    fn start(directory: &Path) -> Result<Self, CommandFailure> {
        let configuration = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n",
            directory.join("data").display()
        );
        work::write(directory, &[("configuration.yml".into(), configuration)])?;
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(directory.join("configuration.yml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|error| start_failure(&command, &error))?;
        let mut lines = process.stderr.take().map(|errors| BufReader::new(errors).lines().map_while(Result::ok));
        let address = |line: String| Some(line.split_once("listening on ")?.1.split('"').next()?.to_owned());
        let host = lines.as_mut().and_then(|lines| lines.find_map(address)).unwrap_or_default();
        // Its log must be read to the end, or it stops at a full pipe.
        std::thread::spawn(move || lines.into_iter().flatten().for_each(drop));
        Ok(Self { process, host })
    }
}

impl Drop for LoopbackRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
