//! A virtual environment in the buildout directory, made by the user: the Python that it is of may be anywhere.

use super::{FIVE_LINES, IndexedBuildout};

/// Installs a Python in the home directory as pyenv and uv do, and makes an environment of it in the buildout. The way to it
/// leads through a link, as uv's names without the last number of the version do.
const INSTALL: &str = r#"set -e
/usr/bin/python3 - "$HOME/pythons" <<'PYTHON'
import os, shutil, sys, sysconfig
root = sys.argv[1]
library = os.path.basename(sysconfig.get_path('stdlib'))
ignored = shutil.ignore_patterns('dist-packages', 'site-packages', 'test', '__pycache__', 'config-*')
shutil.copytree(sysconfig.get_path('stdlib'), os.path.join(root, 'full', 'lib', library), ignore=ignored)
os.mkdir(os.path.join(root, 'full', 'bin'))
shutil.copy(os.path.realpath(sys.executable), os.path.join(root, 'full', 'bin', 'python3'))
os.symlink('full', os.path.join(root, 'short'))
PYTHON
"$HOME/pythons/short/bin/python3" -m venv --without-pip .venv
"#;

#[test]
fn an_environment_may_be_of_a_python_in_the_home_directory() {
    let named = FIVE_LINES.replacen("[buildout]\n", "[buildout]\nexecutable = ${:directory}/.venv/bin/python\n", 1);
    let buildout = IndexedBuildout::new(&named);
    buildout.shell(INSTALL);
    let printed = buildout.run(&[]);
    assert!(printed.contains("Got requests 2.0."), "{printed}");
    assert_eq!(buildout.shell("head -1 bin/ask"), "#!/tmp/sample-buildout/.venv/bin/python\n");
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
}
