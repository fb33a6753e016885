//! mr.developer, unedited, from the index that the machine's pip uses: checkouts of repositories on the loopback interface.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{RunningProcess, Space, wait_until};

const SETUP: &str = "from setuptools import setup\nsetup(name='NAME', version='1.0', py_modules=['NAME'])\n";

/// Repositories of three kinds, and the programs that serve them.
struct Repositories {
    directory: PathBuf,
    ports: [u16; 3],
    _servers: Vec<RunningProcess>,
}

fn shell(directory: &Path, script: &str) {
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(directory)
        .env("HOME", directory)
        .envs([("HGUSER", "a"), ("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b")])
        .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@b")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A port that no one listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a project whose module has the text `word`.
fn write_project(directory: &Path, name: &str, word: &str) {
    std::fs::create_dir_all(directory).unwrap();
    std::fs::write(directory.join("setup.py"), SETUP.replace("NAME", name)).unwrap();
    std::fs::write(directory.join(format!("{name}.py")), format!("word = '{word}'\n")).unwrap();
}

impl Repositories {
    fn serve(space: &Space) -> Self {
        let directory = space.root().join("upstream");
        for name in ["ingit", "inhg", "insvn"] {
            write_project(&directory.join(name), name, "first");
        }
        shell(&directory.join("ingit"), "git init -q -b master . && git add . && git commit -qm first");
        shell(&directory.join("inhg"), "hg init . && hg add -q . && hg commit -m first");
        shell(&directory, "svnadmin create svn && svn import -q insvn file://$PWD/svn/insvn -m first");
        let ports = [free_port(), free_port(), free_port()];
        let mut git = Command::new("git");
        git.args(["daemon", "--export-all", "--listen=127.0.0.1", "--reuseaddr", &format!("--port={}", ports[0])]);
        git.arg(format!("--base-path={}", directory.display())).arg(&directory);
        let mut hg = Command::new("hg");
        hg.args(["serve", "-a", "127.0.0.1", "-p", &ports[1].to_string(), "-R"]).arg(directory.join("inhg"));
        let mut svn = Command::new("svnserve");
        svn.args(["-d", "--foreground", "--listen-host=127.0.0.1", &format!("--listen-port={}", ports[2]), "-r"]);
        svn.arg(&directory);
        let start = |mut server: Command| RunningProcess::start(server.env("HOME", &directory));
        let servers = [git, hg, svn].map(start).into();
        for port in ports {
            wait_until("a server listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        }
        Self { directory, ports, _servers: servers }
    }

    /// Changes the module in the repository of git.
    fn change(&self) {
        let project = self.directory.join("ingit");
        write_project(&project, "ingit", "second");
        shell(&project, "git commit -qam second");
    }

    fn sources(&self) -> String {
        let [git, hg, svn] = self.ports;
        format!(
            "[sources]\ningit = git git://127.0.0.1:{git}/ingit\ninhg = hg http://127.0.0.1:{hg}/\n\
             insvn = svn svn://127.0.0.1:{svn}/svn/insvn\nlocal = fs local\n"
        )
    }
}

const CONFIGURATION: &str = "[buildout]\nextensions = mr.developer\nsources = sources\nsources-dir = checkouts\n\
                             auto-checkout = ingit inhg insvn local\nparts = python\n\n[python]\nrecipe = zc.recipe.egg\n\
                             interpreter = py\neggs =\n    ingit\n    inhg\n    insvn\n    local\n\n";

fn words(space: &Space) -> String {
    space.shell("bin/py -c 'import ingit, inhg, insvn, local; print(ingit.word, inhg.word, insvn.word, local.word)'").0
}

#[test]
fn sources_of_each_kind_are_checked_out_and_developed() {
    let space = Space::for_python();
    let repositories = Repositories::serve(&space);
    write_project(&space.path("src/local"), "local", "own");
    // As most projects: the project itself is developed, and the working copies are next to it.
    write_project(&space.path("."), "itself", "itself");
    let configuration = CONFIGURATION.replace("sources-dir = checkouts", "sources-dir = src\ndevelop = .");
    space.write("buildout.cfg", &(configuration + &repositories.sources()));
    let printed = space.shown(&space.succeeds(&["run"]));
    assert!(printed.contains("mr.developer uses the network in these commands: git, hg, svn, bzr"), "{printed}");
    assert_eq!(words(&space), "first first first own\n");
    assert!(space.exists("bin/develop") && space.exists(".mr.developer.cfg"));

    // Without `always-checkout`, a working copy stays as it is.
    repositories.change();
    space.succeeds(&["run"]);
    assert_eq!(words(&space), "first first first own\n");
    space.succeeds(&["run", "always-checkout=force"]);
    assert_eq!(words(&space), "second first first own\n");
}

/// Profiles pin it, and it imports a module that setuptools removed.
#[test]
fn an_old_version_runs() {
    let space = Space::for_python();
    write_project(&space.path("src/local"), "local", "own");
    let configuration =
        CONFIGURATION.replace("sources-dir = checkouts\n", "").replace("ingit inhg insvn local", "local");
    let configuration = configuration.replace("    ingit\n    inhg\n    insvn\n", "");
    space.write("buildout.cfg", &(configuration + "[sources]\nlocal = fs local\n\n[versions]\nmr.developer = 2.0.1\n"));
    space.succeeds(&["run"]);
    assert_eq!(space.shell("bin/py -c 'import local; print(local.word)'").0, "own\n");
}

/// `recipes.toml` speaks of a recipe however the configuration spells its name, with or without a version.
#[test]
fn another_spelling_has_the_same_rights() {
    let space = Space::for_python();
    let narrow = "[recipe.\"collective.recipe.cmd\"]\ngrant = { defaults = [\"read\", \"write\"] }\n";
    space.write("recipes.toml", narrow);
    for name in
        ["collective.recipe.cmd", "Collective_Recipe.Cmd", "collective.recipe.cmd >=0.1", "collective-recipe-cmd"]
    {
        let part = format!("[a]\nrecipe = {name}\non_install = true\ncmds = touch ran\n");
        space.write("buildout.cfg", &("[buildout]\nparts = a\n\n".to_owned() + &part));
        let printed = space.shown(&space.fails(&["run"]));
        assert!(printed.contains("may not be run") && !space.exists("ran"), "{name}: {printed}");
    }
}

#[test]
fn the_hosts_own_checkout_of_git_is_made_and_updated() {
    let space = Space::for_python();
    let repositories = Repositories::serve(&space);
    let configuration = format!(
        "[buildout]\nparts = made\n\n[made]\nrecipe = zerokspot.recipe.git\nrepository = git://127.0.0.1:{}/ingit\n",
        repositories.ports[0]
    );
    space.write("buildout.cfg", &configuration);
    space.succeeds(&["run"]);
    assert_eq!(space.read("parts/made/ingit.py"), "word = 'first'\n");
    repositories.change();
    space.succeeds(&["run", "-N"]);
    assert_eq!(space.read("parts/made/ingit.py"), "word = 'first'\n");
    space.succeeds(&["run"]);
    assert_eq!(space.read("parts/made/ingit.py"), "word = 'second'\n");
    space.write("buildout.cfg", "[buildout]\nparts =\n");
    space.succeeds(&["run"]);
    assert!(!space.exists("parts/made"));
}

#[test]
fn without_its_right_the_line_to_write_is_shown() {
    let space = Space::for_python();
    let repositories = Repositories::serve(&space);
    let configuration = CONFIGURATION.replace("ingit inhg insvn local", "ingit");
    space.write("buildout.cfg", &(configuration + &repositories.sources()));
    let narrow = "[recipe.\"mr.developer\"]\ngrant = { defaults = [\"read\", \"write\", \"run\", \"fetch\"] }\n";
    space.write("recipes.toml", narrow);
    let printed = space.shown(&space.fails(&["run"]));
    assert!(printed.contains("network = [\"git\"]"), "{printed}");
    assert!(!space.exists("checkouts/ingit/setup.py"));
}
