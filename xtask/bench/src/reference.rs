//! zc.buildout 6.0.1 in a virtual environment under the target directory, with the recipe `mkdir` of the 1.0 document as
//! an installed distribution: both tools run the very same configuration.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::workspace::{CommandFailure, Workspace, output, run};

const VERSION: &str = "6.0.1";

const RECIPE: &str = "\
import logging, os, zc.buildout

class Mkdir:

    def __init__(self, buildout, name, options):
        self.name, self.options = name, options
        options['path'] = os.path.join(buildout['buildout']['directory'], options['path'])
        if not os.path.isdir(os.path.dirname(options['path'])):
            raise zc.buildout.UserError('Invalid Path')

    def install(self):
        path = self.options['path']
        if not os.path.isdir(path):
            logging.getLogger(self.name).info('Creating directory %s', os.path.basename(path))
            os.mkdir(path)
        return path
";

const METADATA: &str = "Metadata-Version: 2.1\nName: mkdir\nVersion: 1.0\n";

const ENTRY_POINTS: &str = "[zc.buildout]\ndefault = bench_mkdir:Mkdir\n";

/// Installs what is not installed yet; gives the program `buildout`.
pub(crate) fn install_reference(workspace: &Workspace, directory: &Path) -> Result<PathBuf, CommandFailure> {
    let environment = directory.join("environment");
    let (python, buildout) = (environment.join("bin/python"), environment.join("bin/buildout"));
    write(&directory.join("home/.keep"), "")?;
    if !is_installed(workspace, &python) {
        let _ = fs::remove_dir_all(&environment);
        let create = ["-m", "venv", &environment.to_string_lossy()].map(str::to_owned);
        run(&mut workspace.program("python3", create)).map_err(|failure| {
            CommandFailure::new(format!(
                "{}\nThe benchmark needs Python 3 with venv (Debian: python3-venv).",
                failure.message
            ))
        })?;
        let wanted = format!("zc.buildout=={VERSION}");
        run(&mut workspace.program(&python.to_string_lossy(), ["-m", "pip", "install", "--quiet", &wanted]))?;
    }
    let packages = output(&mut workspace.program(
        &python.to_string_lossy(),
        ["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'], end='')"],
    ))?;
    let packages = PathBuf::from(String::from_utf8_lossy(&packages.stdout).into_owned());
    let information = packages.join("mkdir-1.0.dist-info");
    write(&packages.join("bench_mkdir.py"), RECIPE)?;
    write(&information.join("METADATA"), METADATA)?;
    write(&information.join("entry_points.txt"), ENTRY_POINTS)?;
    write(&information.join("INSTALLER"), "bench\n")?;
    write(&information.join("RECORD"), "")?;
    Ok(buildout)
}

fn is_installed(workspace: &Workspace, python: &Path) -> bool {
    let script = "from importlib.metadata import version; print(version('zc.buildout'), end='')";
    let found = output(&mut workspace.program(&python.to_string_lossy(), ["-c", script]));
    found.is_ok_and(|found| found.stdout == VERSION.as_bytes())
}

fn write(path: &Path, text: &str) -> Result<(), CommandFailure> {
    let directory = path.parent().map_or(Ok(()), fs::create_dir_all);
    directory
        .and_then(|()| fs::write(path, text))
        .map_err(|error| CommandFailure::new(format!("{}: {error}", path.display())))
}
