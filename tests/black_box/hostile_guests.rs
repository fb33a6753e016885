//! Recipes that misbehave, in the real host (`docs/testing.md`, bad input 13 to 16, 18 to 20, 22, 23, 25): each ends with a
//! message about it and exit code 1, nothing is touched, and a good run afterwards works.

use std::path::PathBuf;

use test_support::{Space, component, host, wait_until};

/// The component of `tests/guests/hostile`.
fn guest() -> PathBuf {
    component("guest_hostile")
}

/// A buildout with one part `bad`, made by the hostile recipe.
fn space(options: &str, grant: &str) -> Space {
    let space = Space::new();
    space.write("buildout.cfg", &format!("[buildout]\nparts = bad\n\n[bad]\nrecipe = hostile\n{options}\n"));
    let path = guest();
    space.write(
        "recipes.toml",
        &format!("[recipe.hostile]\npath = {path:?}\ngrant = {{ timeout = \"1s\", memory = \"32MiB\"{grant} }}\n"),
    );
    space
}

/// Runs; the run must fail with a message that contains all of `expected`, and touch nothing.
fn refused(space: &Space, expected: &[&str]) -> String {
    let output = space.host(&["run"]);
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    for text in expected {
        assert!(printed.contains(text), "no {text:?} in:\n{printed}");
    }
    assert!(!space.exists(".installed.cfg"), "nothing was installed, but the state says so:\n{printed}");
    for escaped in ["escaped", "../escaped", "intruder", "bin/buildout"] {
        assert!(!space.exists(escaped), "{escaped} was written");
    }
    assert!(space.read("recipes.toml").starts_with("[recipe.hostile]"));
    printed
}

/// A good recipe works, whatever happened before.
fn converges(space: &Space) {
    let output = space.host(&["run", "bad:recipe=hostile:good", "bad:init=", "bad:install="]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(space.exists("parts/bad/greeting"));
}

fn case(options: &str, expected: &[&str]) {
    let space = space(options, "");
    refused(&space, expected);
    converges(&space);
}

fn not_a_recipe(bytes: &[u8], expected: &str) {
    not_a_recipe_but(bytes, &[expected]);
}

fn not_a_recipe_but(bytes: &[u8], expected: &[&str]) {
    let space = space("", "");
    std::fs::write(space.buildout().join("other.wasm"), bytes).unwrap();
    space.write("recipes.toml", "[recipe.hostile]\npath = \"other.wasm\"\n");
    refused(&space, expected);
}

/// A component that imports an empty instance of this name (component model binary format: type section, import section).
fn component_importing(name: &str) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend([7, 3, 1, 0x42, 0]);
    let length = u8::try_from(name.len()).unwrap();
    bytes.extend([10, length + 5, 1, 0, length]);
    bytes.extend(name.as_bytes());
    bytes.extend([5, 0]);
    bytes
}

#[test]
fn random_bytes_are_no_component() {
    not_a_recipe(b"random bytes that are nothing at all", "is not a component");
}

#[test]
fn a_truncated_component_is_damaged() {
    let whole = std::fs::read(guest()).unwrap();
    not_a_recipe(&whole[..whole.len() / 2], "Recipe hostile is damaged");
}

#[test]
fn a_core_module_is_no_component() {
    not_a_recipe(b"\0asm\x01\0\0\0", "core");
}

#[test]
fn a_component_of_another_world_is_no_recipe() {
    not_a_recipe(b"\0asm\x0d\0\x01\0", "but not a recipe");
}

#[test]
fn an_import_that_is_not_offered_is_named() {
    let import = component_importing("buildout:recipe/process@0.3.0");
    not_a_recipe(&import, "needs buildout:recipe/process@0.3.0; this version of buildout-host has 0.2");
    not_a_recipe(&component_importing("wasi:http/types@0.2.0"), "needs wasi:http/types@0.2.0");
}

/// A component that is made for another version of the world, as `wit-component` makes it: it exports `description`, and
/// imports `types` if it is asked to.
fn component_of_world(version: &str, imports: bool) -> Vec<u8> {
    let import = if imports { "import types;" } else { "" };
    let wit = format!(
        "package buildout:recipe@{version};\ninterface types {{ ask: func(); }}\ninterface description {{ answer: func(); }}\n\
         world recipe {{ {import} export description; }}"
    );
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("future.wit", &wit).unwrap();
    let world = resolve.select_world(&[package], Some("recipe")).unwrap();
    let mut module = module(version, imports);
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

/// A core module with one function that does nothing (WebAssembly binary format: type, import, function, export, code).
fn module(version: &str, imports: bool) -> Vec<u8> {
    let name = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let section = |id: u8, body: Vec<u8>| [vec![id, u8::try_from(body.len()).unwrap()], body].concat();
    let (asked, exported) =
        (format!("buildout:recipe/types@{version}"), format!("buildout:recipe/description@{version}#answer"));
    let import = [vec![1], name(&asked), name("ask"), vec![0, 0]].concat();
    let import = if imports { section(2, import) } else { Vec::new() };
    let export = section(7, [vec![1], name(&exported), vec![0, u8::from(imports)]].concat());
    let (types, functions, code) =
        (section(1, vec![1, 0x60, 0, 0]), section(3, vec![1, 0]), section(10, vec![1, 2, 0, 0x0b]));
    [b"\0asm\x01\0\0\0".to_vec(), types, import, functions, export, code].concat()
}

#[test]
fn a_recipe_of_another_world_is_named_with_its_version() {
    for (version, advice) in [
        ("0.3.0", "update buildout-host"),
        ("9.0.0", "update buildout-host"),
        ("0.0.4", "built for an older buildout-host"),
    ] {
        let made_for =
            format!("Recipe hostile is made for buildout:recipe {version}; this version of buildout-host has 0.2");
        not_a_recipe_but(&component_of_world(version, false), &[&made_for, advice]);
        let needs =
            format!("Recipe hostile needs buildout:recipe/types@{version}; this version of buildout-host has 0.2");
        not_a_recipe_but(&component_of_world(version, true), &[&needs, advice]);
    }
}

/// Each reads the other in `init`: the first is called again, so to speak, while it waits.
#[test]
fn a_recipe_that_is_read_by_what_it_reads_is_not_entered_twice() {
    let space = space("init = read\nsection = other\ninstall = nothing", "");
    let cfg = space.read("buildout.cfg");
    let other = "[other]\nrecipe = hostile\ninit = read\nsection = bad\ninstall = nothing\n";
    space.write("buildout.cfg", &format!("{cfg}\n{other}"));
    let output = space.host(&["run"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.ends_with("buildout: Installing other\nbuildout: Installing bad\n"), "{printed}");
}

/// The most memory that the host had while it ran, in MiB: the mark is looked at until it ends, and only rises.
fn peak_memory(space: &Space) -> u64 {
    let run = space.start(&["run"]);
    let status = format!("/proc/{}/status", run.id());
    let mut most = 0;
    wait_until("the run ends", || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let mark =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(mark.unwrap_or(0));
        mark.is_none()
    });
    most >> 10
}

/// A good recipe takes about 30 MiB; what a recipe may have itself is 32 MiB more.
#[test]
fn the_hosts_memory_stays_bounded() {
    for options in [
        "init = memory",
        "init = table",
        "init = long-value",
        "install = handles",
        "install = log",
        "install = print",
        "install = long-line",
        "install = many-paths",
        "install = many-created",
    ] {
        let space = space(options, "");
        let peak = peak_memory(&space);
        assert!((1..256).contains(&peak), "{options}: {peak} MiB");
    }
}

#[test]
fn a_huge_component_is_refused_unread() {
    let space = space("", "");
    let file = std::fs::File::create(space.buildout().join("huge.wasm")).unwrap();
    file.set_len(500 << 20).unwrap();
    space.write("recipes.toml", "[recipe.hostile]\npath = \"huge.wasm\"\n");
    refused(&space, &["huge.wasm"]);
}

#[test]
fn a_panic_is_reported_with_message_part_and_line() {
    let expected = ["Recipe hostile panicked in init of part bad", "asked to panic", "src/lib.rs:", "buildout.cfg:4"];
    case("init = panic", &expected);
    case("init = panic", &["last host function called: options.get"]);
    case("install = panic", &["panicked in install of part bad", "asked to panic"]);
}

#[test]
fn an_abort_and_a_stack_overflow_are_traps() {
    case("install = abort", &["Recipe hostile trapped", "in install of part bad"]);
    case("init = recurse", &["in init of part bad", "stack"]);
}

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    case("init = loop", &["Recipe hostile took longer than 1 s in init of part bad", "timeout ="]);
    case("install = loop", &["took longer than 1 s in install of part bad"]);
}

#[test]
fn a_sleep_ends_at_the_deadline() {
    case("install = sleep", &["took longer than 1 s in install of part bad"]);
}

#[test]
fn memory_is_limited() {
    case("init = memory", &["needs more than 32 MiB of memory for part bad", "memory ="]);
    case("init = table", &["of part bad"]);
}

#[test]
fn names_and_values_are_limited() {
    case("init = long-name", &["Error:"]);
    case("init = long-value", &["Error:"]);
    case("init = signature", &["Error:"]);
}

/// What made a part is for the host to say: it calls that recipe, with its grants, when the part is uninstalled.
#[test]
fn a_recipe_cannot_set_what_the_host_trusts() {
    case("init = recipe", &["Error:"]);
    let space = space("init = set\nname = target\nvalue = /", ", write = [\"${:target}\"]");
    space.write("buildout.cfg", &(space.read("buildout.cfg") + "target = ${buildout:directory}/var\n"));
    refused(&space, &["Error:"]);
}

#[test]
fn a_pipe_in_place_of_a_file_holds_up_no_one() {
    let space = space("install = read-on\npath = ${buildout:directory}/var/file", "");
    std::fs::create_dir(space.path("var")).unwrap();
    let at = |name: &str| space.path(&format!("var/{name}"));
    let (file, pipe, regular) = (at("file"), at("pipe"), at("regular"));
    std::fs::write(&regular, "text").unwrap();
    std::fs::write(&file, "text").unwrap();
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let mut run = space.start(&["run"]);
    // Whenever the recipe opens it, it may be the one or the other.
    wait_until("the run ends", || {
        for source in [&pipe, &regular].repeat(100) {
            std::fs::hard_link(source, at("link")).unwrap();
            std::fs::rename(at("link"), &file).unwrap();
        }
        run.is_over()
    });
    let ended = run.end();
    assert_eq!(ended.code, Some(1), "{}", ended.printed());
    assert!(ended.printed().contains("took longer than 1 s in install of part bad"), "{}", ended.printed());
}

#[test]
fn a_file_has_a_largest_size() {
    let space = space("install = sparse", "");
    let printed = refused(&space, &["making a file large"]);
    assert!(!printed.contains("os error"), "{printed}");
}

#[test]
fn endless_logs_are_cut() {
    for (action, mark) in [("log", "the rest is left out"), ("print", "the rest is left out"), ("long-line", "[…]")] {
        let space = space(&format!("install = {action}"), "");
        let output = space.host(&["run"]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains(mark), "{action}");
        assert!(printed.len() < 16 << 20, "{action}: {} bytes", printed.len());
    }
}

#[test]
fn a_million_handles_are_too_many() {
    case("install = handles", &["of part bad"]);
}

#[test]
fn an_option_that_is_set_in_install_is_not_recorded() {
    let space = space("install = set", "");
    let output = space.host(&["run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!space.read(".installed.cfg").contains("late"));
}

#[test]
fn files_outside_are_out_of_reach() {
    for action in ["dot-dot", "absolute", "directory", "state", "recipes", "launcher", "read-outside", "link"] {
        case(&format!("install = {action}\nabsolute = /tmp/escaped"), &["Error:"]);
    }
}

#[test]
fn a_grant_that_holds_the_hosts_files_is_refused() {
    let space = space("install = state", ", write = [\"${buildout:directory}\"]");
    refused(&space, &["A grant to write", "is refused", "recipes.toml:3", ".installed.cfg"]);
}

#[test]
fn returned_paths_must_be_the_parts_own() {
    for path in ["/etc", "../x", ".", "parts", ".installed.cfg", "bin/buildout"] {
        case(&format!("install = return {path}"), &["names a path that part bad may not own", path]);
    }
}

#[test]
fn millions_of_paths_are_too_many() {
    case("install = many-created", &["Error:"]);
}

#[test]
fn what_a_failed_recipe_created_is_removed() {
    let space = space("install = created", "");
    refused(&space, &["asked to fail"]);
    assert!(!space.exists("parts/bad"));
}

#[test]
fn a_failed_look_up_names_what_was_looked_up() {
    case("init = lookup", &["'nowhere'"]);
}

#[test]
fn only_granted_variables_are_seen() {
    let space = space("install = env", ", env = [\"LANG\"]");
    let output = space.command(host()).arg("run").env("LANG", "C.UTF-8").env("SECRET", "x").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("LANG is Some(\"C.UTF-8\"), SECRET is None"), "{printed}");
}

#[test]
fn parts_of_one_recipe_may_read_each_other_in_init() {
    let space = space("init = read\nsection = other", "");
    let cfg = space.read("buildout.cfg");
    space.write("buildout.cfg", &format!("{cfg}\n[other]\nrecipe = hostile\ninstall = nothing\n"));
    let output = space.host(&["run"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("Installing other\nbuildout: Installing bad"), "{printed}");
}

/// As many parts, the first of which needs the second in `init`, and so on; each with as much of its stack in use.
fn chain(count: usize, depth: usize) -> Space {
    let space = space("", "");
    let line = |number| {
        let next = number + 1;
        format!(
            "[p{number}]\nrecipe = hostile\ninit = read-deep\ndepth = {depth}\nsection = p{next}\ninstall = nothing\n"
        )
    };
    let lines: String = (1..count).map(line).collect();
    space.write(
        "buildout.cfg",
        &format!("[buildout]\nparts = p1\n{lines}[p{count}]\nrecipe = hostile:good\ninstall = nothing\n"),
    );
    space
}

/// The deepest that a recipe can be in its stack, to within one part in thirty.
fn deepest() -> usize {
    let fits = |depth: usize| chain(2, depth).host(&["run"]).status.success();
    let (mut fitting, mut too_deep) = (1000, 1_000_000);
    assert!(fits(fitting) && !fits(too_deep), "no limit of the stack was found");
    while too_deep - fitting > fitting / 30 {
        let middle = fitting.midpoint(too_deep);
        if fits(middle) { fitting = middle } else { too_deep = middle }
    }
    fitting
}

#[test]
fn recipes_that_need_one_another_are_counted() {
    for depth in [0, deepest()] {
        let output = chain(150, depth).host(&["run"]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{depth}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(printed.contains("Installing p150\nbuildout: Installing p149\n"), "{printed}");
        for count in [250, 5000] {
            let space = chain(count, depth);
            let printed = refused(&space, &["More than 200 parts wait for one another"]);
            assert!(printed.contains("Initializing part p200 ("), "{depth}: {printed}");
        }
    }
}

#[test]
fn a_good_recipe_is_installed_updated_and_uninstalled() {
    let space = space("", "");
    let run = |arguments: &[&str]| {
        let output = space.host(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let good = "bad:recipe=hostile:good";
    run(&["run", good]);
    assert!(space.exists("parts/bad/greeting"));
    assert_eq!(run(&["run", good]), "buildout: Updating bad\nbad: still 27 bytes\n");
    let expected =
        "buildout: Uninstalling bad\nbuildout: Running uninstall recipe.\nbad: good-bye bad, made by hostile:good\n";
    assert_eq!(run(&["run", good, "parts="]), expected);
    assert!(!space.exists("parts/bad"));
}
