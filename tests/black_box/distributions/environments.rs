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
"$HOME/pythons/short/bin/python3" -m venv --without-pip "$HOME/venv"
"#;

/// A part whose command runs a script of another part.
const COMMAND: &str = "\n[command]\nrecipe = plone.recipe.command\nstop-on-error = true\n\
                       command = ${buildout:bin-directory}/ask > ${buildout:directory}/asked && ${buildout:executable} -c 'import this'\n";

#[test]
fn an_environment_may_be_of_a_python_in_the_home_directory() {
    let named = FIVE_LINES.replacen("[buildout]\n", "[buildout]\nexecutable = ${:directory}/.venv/bin/python\n", 1);
    let buildout = IndexedBuildout::new(&named);
    buildout.shell(INSTALL);
    let printed = buildout.run(&[]);
    assert!(printed.contains("Got requests 2.0."), "{printed}");
    assert_eq!(buildout.shell("head -1 bin/ask"), "#!/tmp/sample-buildout/.venv/bin/python\n");
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");

    // Its scripts run in commands, too, and those of an environment that is in the home directory itself.
    buildout.configure(&(named.replace("parts = app", "parts = app command") + COMMAND));
    buildout.run(&[]);
    assert_eq!(buildout.shell("cat asked; rm asked"), "asked 3.1\n");
    let home = buildout.space.root().join("home").display().to_string();
    buildout.run(&[&format!("buildout:executable={home}/venv/bin/python")]);
    assert_eq!(buildout.shell("cat asked; head -1 bin/ask"), "asked 3.1\n#!/tmp/home/venv/bin/python\n");
    // Nothing else of the home directory.
    buildout.shell("echo secret > \"$HOME/secret\"");
    let (printed, succeeded) = buildout.try_run(&[&format!("command:command=cat {home}/secret")]);
    assert!(!succeeded && printed.contains("No such file or directory"), "{printed}");
}

#[test]
fn a_python_may_be_a_link_in_another_directory() {
    let buildout = IndexedBuildout::new(&(FIVE_LINES.replace("parts = app", "parts = app command") + COMMAND));
    buildout.shell(INSTALL);
    // As a user links one, and an environment made of that link.
    let link = "mkdir -p \"$HOME/.local/bin\" && ln -s ../../pythons/short/bin/python3 \"$HOME/.local/bin/python3.x\" && \
                ln -s python3.x \"$HOME/.local/bin/python3\" && \
                \"$HOME/.local/bin/python3\" -m venv --without-pip \"$HOME/linked\" && \
                ln -sf \"$HOME/.local/bin/python3\" \"$HOME/linked/bin/python3\"";
    buildout.shell(link);
    let home = buildout.space.root().join("home").display().to_string();
    for python in [".local/bin/python3", "linked/bin/python"] {
        buildout.shell("rm -rf develop-eggs eggs .installed.cfg \"$HOME/.cache/buildout-host/distributions\"");
        buildout.run(&[&format!("buildout:executable={home}/{python}")]);
        assert_eq!(
            buildout.shell("cat asked; rm asked; head -1 bin/ask"),
            format!("asked 3.1\n#!/tmp/home/{python}\n")
        );
    }
}
