//! `grant.network`: named commands have the network, and no other ones.

use test_support::Space;
use test_support::http::{ScriptedAnswer, Server};

use crate::index::{IndexServer, ModuleWheel};

/// Starts a command that asks the server, and writes down its answer.
const ASKING: &str = r#"
import subprocess


class Recipe:

    def __init__(self, buildout, name, options):
        self.options = options

    def install(self):
        script = (
            'exec 3<>/dev/tcp/127.0.0.1/%s && printf "GET /asked HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3 > answer'
            % self.options['port'])
        subprocess.check_call(self.options['command'].split() + [script])
        return 'answer'
"#;

struct Asking {
    space: Space,
    _index: IndexServer,
    server: Server,
}

impl Asking {
    /// A part whose recipe starts `command`, which asks a server of the machine.
    fn new(command: &str, recipes: &str) -> Self {
        let space = Space::for_python();
        let wheel = ModuleWheel::new("asking", "1.0").group("zc.buildout", "default = asking:Recipe").module(ASKING);
        let index = IndexServer::start(vec![wheel]);
        let server = Server::start(|_| ScriptedAnswer::ok("answered"));
        let configuration = format!(
            "[buildout]\nindex = {}\nparts = made\n\n[made]\nrecipe = asking\nport = {}\ncommand = {command}\n",
            index.url(),
            server.port(),
        );
        space.write("buildout.cfg", &configuration);
        space.write("recipes.toml", recipes);
        Self { space, _index: index, server }
    }

    fn fails(&self) -> String {
        self.space.shown(&self.space.fails(&["run"]))
    }
}

/// Goes on after a command that failed, whose output it reads itself.
const GOING_ON: &str = r#"
import subprocess


class Recipe:

    def __init__(self, buildout, name, options):
        self.options = options

    def install(self):
        subprocess.run(self.options['command'], shell=True, capture_output=True)
        return ()
"#;

#[test]
fn what_was_refused_to_a_recipe_that_goes_on_is_reported_at_the_end() {
    let space = Space::for_python();
    let wheel = ModuleWheel::new("going_on", "1.0").group("zc.buildout", "default = going_on:Recipe").module(GOING_ON);
    let index = IndexServer::start(vec![wheel]);
    let configuration = |command: &str| {
        let url = index.url();
        format!(
            "[buildout]\nindex = {url}\nparts = made last\n\n[made]\nrecipe = going_on\ncommand = {command}\n\n\
             [last]\nrecipe = command\ncommand = true\n"
        )
    };
    space.write("buildout.cfg", &configuration("mkdir /opt/going-on"));
    let printed = space.shown(&space.succeeds(&["run"]));
    let last = printed.trim_end().rsplit('\n').next().unwrap_or_default();
    assert_eq!(
        last,
        "buildout: Part made was made, but something that its recipe tried was refused, so the part may be incomplete. If the part needs it: \
         in recipes.toml, below [recipe.going_on], write: grant = { write = [\"/opt/going-on/\"] }"
    );
    // What fails for another reason is the recipe's own business.
    space.write("buildout.cfg", &configuration("exit 3"));
    let printed = space.shown(&space.succeeds(&["run"]));
    assert!(!printed.contains("was refused"), "{printed}");
}

const BASH: &str = "[recipe.asking]\ngrant = { network = [\"bash\"] }\n";

#[test]
fn a_named_command_has_the_network_and_the_run_and_the_plan_say_so() {
    let asking = Asking::new("bash -c", BASH);
    let planned = asking.space.shown(&asking.space.succeeds(&["plan"]));
    assert!(planned.contains("recipes.toml:2 grants: network = [\"bash\"]"), "{planned}");
    assert!(planned.contains("use the network in these commands: bash"), "{planned}");
    let printed = asking.space.shown(&asking.space.succeeds(&["run"]));
    assert!(printed.contains("asking uses the network in these commands: bash"), "{printed}");
    assert!(asking.space.read("answer").ends_with("answered"));
    let again = asking.space.shown(&asking.space.succeeds(&["run"]));
    assert!(again.contains("asking uses the network in these commands: bash"), "{again}");
}

#[test]
fn without_a_grant_there_is_no_network_and_the_line_is_shown() {
    let asking = Asking::new("bash -c", "");
    let printed = asking.fails();
    assert!(printed.contains("network = [\"bash\"]"), "{printed}");
    assert!(asking.server.requests().is_empty());
}

#[test]
fn a_command_of_another_name_or_place_has_no_network() {
    for command in ["sh ask", "/bin/sh ask", "./bash -c"] {
        let asking = Asking::new(command, BASH);
        asking.space.write("ask", "exec bash -c \"$1\"\n");
        std::fs::copy("/bin/bash", asking.space.path("bash")).unwrap();
        asking.fails();
        assert!(asking.server.requests().is_empty(), "{command}");
    }
}

#[test]
fn only_names_of_programs_can_be_granted() {
    for name in ["*", "/bin/bash", ""] {
        let asking = Asking::new("bash -c", &format!("[recipe.asking]\ngrant = {{ network = [\"{name}\"] }}\n"));
        assert!(asking.fails().contains("recipes.toml:2"), "{name}");
    }
}

const HOOK: &str = "class Recipe:\n    def __init__(self, buildout, name, options): pass\n    def install(self):\n        \
                    open('src/one/.git/hooks/post-merge', 'w').write('x')\n        return ()\n";

#[test]
fn a_recipe_changes_no_repository_whether_an_extension_updates_it_or_not() {
    let space = Space::for_python();
    let extension = "def extension(buildout):\n    pass\n";
    let index = IndexServer::start(vec![
        ModuleWheel::new("writing", "1.0").group("zc.buildout", "default = writing:Recipe").module(HOOK),
        ModuleWheel::new("mr_developer", "1.0")
            .group("zc.buildout.extension", "default = mr_developer:extension")
            .module(extension),
    ]);
    space.write("src/one/.git/hooks/sample", "");
    let configuration = |extensions: &str| {
        format!(
            "[buildout]\nindex = {}\nextensions = {extensions}\nparts = made\n\n[made]\nrecipe = writing\n",
            index.url()
        )
    };
    // The user's own commands run the hooks too, so it is the same without such an extension.
    for extensions in ["mr_developer", ""] {
        space.write("buildout.cfg", &configuration(extensions));
        let printed = space.shown(&space.fails(&["run"]));
        assert!(printed.contains("src/one/.git/hooks/post-merge"), "{extensions}: {printed}");
        assert!(!space.exists("src/one/.git/hooks/post-merge"), "{extensions}");
    }
}

#[test]
fn a_command_that_fails_with_the_network_is_said_to_have_it() {
    let asking = Asking::new("bash -c", BASH);
    let printed = asking.space.shown(&asking.space.fails(&["run", "made:port=1"]));
    assert!(printed.contains("(--sandbox=full): the network of a grant, and write access only to"), "{printed}");
}
