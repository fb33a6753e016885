//! Published recipes run their example unedited. They come from the index that the machine's pip uses, in pinned versions.
//!
//! The table in `docs/python-recipes.md` has what is tried here; `BLESS=1` rewrites it.

use std::fmt::Write as _;
use std::path::Path;

use test_support::{Space, printed, repository};

/// A recipe with an example, and what must come of it.
struct Example {
    recipe: &'static str,
    version: &'static str,
    /// The options of the part `part`.
    options: &'static str,
    expected: Expected,
}

enum Expected {
    /// A command of the shell succeeds, and prints this.
    Prints(&'static str, &'static str),
    /// The run fails with this message.
    Fails(&'static str),
}

use Expected::{Fails, Prints};

const fn example(recipe: &'static str, version: &'static str, options: &'static str, expected: Expected) -> Example {
    Example { recipe, version, options, expected }
}

/// An example of a recipe that writes the scripts of distributions.
const fn scripts(recipe: &'static str, version: &'static str) -> Example {
    example(recipe, version, "eggs = six", Prints("head -1 bin/part", "#!"))
}

/// The archive that recipes for software build: its `configure` writes a Makefile.
const ARCHIVE: &str = "url = file://${buildout:directory}/hello-1.0.tar.gz";
const ARCHIVE_AS_URLS: &str = "urls = file://${buildout:directory}/hello-1.0.tar.gz";

const EXAMPLES: [Example; 44] = [
    example(
        "zc.recipe.testrunner",
        "5.0",
        "eggs = six\nenvironment = env",
        Prints("grep -c zope.testrunner bin/part", ""),
    ),
    example(
        "collective.recipe.template",
        "3.0.0",
        "input = x.in\noutput = out\nname = world\nmode = 755",
        Prints("cat out", "hello world"),
    ),
    example(
        "plone.recipe.zope2instance",
        "9.1.0",
        "user = admin:admin\neggs = six",
        Prints("cat parts/part/etc/zope.conf", "instancehome"),
    ),
    example("collective.recipe.omelette", "3.0.0", "eggs = six", Prints("ls -L parts/part", "six.py")),
    example(
        "collective.recipe.cmd",
        "1.0.0",
        "on_install = true\ncmds = echo hello > made",
        Prints("cat made", "hello"),
    ),
    example("z3c.recipe.mkdir", "2.1", "paths = a/b", Prints("ls a", "b")),
    example("djangorecipe", "2.2.1", "project = demo\neggs = six", Prints("head -1 bin/part", "#!")),
    example(
        "collective.recipe.supervisor",
        "2.0.0",
        "port = 9001\nprograms = 10 one /bin/true",
        Prints("cat parts/part/supervisord.conf", "[program:one]"),
    ),
    example("zc.recipe.cmmi", "5.1", ARCHIVE, Prints("parts/part/bin/hello", "hello")),
    example("hexagonit.recipe.download", "1.7.1", ARCHIVE, Prints("ls parts/part", "hello-1.0")),
    example("hexagonit.recipe.cmmi", "2.0", ARCHIVE, Prints("parts/part/bin/hello", "hello")),
    example(
        "plone.recipe.zeoserver",
        "4.0.1",
        "zeo-address = 8100",
        Prints("cat parts/part/etc/zeo.conf", "address 8100"),
    ),
    example("collective.recipe.backup", "6.0.0", "backup_blobs = false", Prints("ls bin", "part\npart-restore")),
    example(
        "collective.recipe.sphinxbuilder",
        "1.1",
        "source = ${buildout:directory}/src\nbuild = ${buildout:directory}/docs\neggs = six",
        Prints("ls bin", "part"),
    ),
    example(
        "collective.recipe.modwsgi",
        "2.1",
        "eggs = six\nconfig-file = ${buildout:directory}/x.ini",
        Prints("cat parts/part/wsgi", "x.ini"),
    ),
    example(
        "mr.scripty",
        "2.0.1",
        "VAR = 5\ninstall =\n    ... open('made', 'w').write(self.options['VAR'])\n    ... return []",
        Prints("cat made", "5"),
    ),
    example("iw.recipe.cmd", "0.3", "on_install = true\ncmds = echo hello > made", Prints("cat made", "hello")),
    example("collective.recipe.environment", "1.1.0", "", Prints("ls", "parts")),
    scripts("pbp.recipe.noserunner", "0.2.6"),
    example(
        "plone.recipe.codeanalysis",
        "3.0.1",
        "directory = ${buildout:directory}/src",
        Prints("ls bin", "part-flake8"),
    ),
    scripts("z3c.recipe.tag:tags", "1.0"),
    example("zc.zdaemonrecipe", "1.0.0", "program = sleep 5", Prints("ls bin", "part")),
    scripts("z3c.recipe.sphinxdoc", "1.1.0"),
    example(
        "z3c.recipe.paster:serve",
        "0.5.3",
        "eggs = six\nini = [app:main]",
        Fails("This was written for Python 2: No module named 'cStringIO'"),
    ),
    example(
        "z3c.recipe.filetemplate",
        "2.2.0",
        "source-directory = .\nname = world",
        Fails("This was written for Python 2"),
    ),
    example("plone.recipe.distros", "1.5", ARCHIVE_AS_URLS, Prints("ls parts/part/hello-1.0", "configure")),
    example(
        "z3c.recipe.scripts",
        "1.0.1",
        "eggs = six\ninterpreter = py\ninclude-site-packages = true",
        Prints("bin/py -c 'import six; print(six.__name__)'", "six"),
    ),
    example("zc.recipe.filestorage", "2.0", "path = var/Data.fs", Prints("cat .installed.cfg", "Data.fs")),
    example(
        "zc.zodbrecipes:server",
        "3.1",
        "zeo.conf = <zeo>\n     address 8100\n   </zeo>\n   <filestorage 1>\n     path var/Data.fs\n   </filestorage>",
        Prints("cat parts/part/zeo.conf", "address 8100"),
    ),
    example("z3c.recipe.compattest", "4.1.1", "include = six", Prints("ls bin", "part-six")),
    scripts("plone.recipe.alltests", "1.5.2"),
    example("plone.recipe.sublimetext", "1.3.0", "eggs = six", Prints("cat *.sublime-project", "folders")),
    example("collective.recipe.vscode", "0.1.9", "eggs = six", Prints("cat .vscode/*.json", "six")),
    example("pb.recipes.pydev", "0.4.5", "eggs = six", Prints("cat .installed.cfg", "recipe = pb.recipes.pydev")),
    example("exportrecipe", "0.2", "sections = env", Prints("cat part.json", "\"sections\": \"env\"")),
    example("djangorecipebook", "2.0", "project = demo\neggs = six", Prints("head -1 bin/part", "#!")),
    example(
        "cns.recipe.symlink",
        "0.2.3",
        "symlink = ${buildout:directory}/src = ${buildout:directory}/link",
        Prints("readlink link", "/src"),
    ),
    scripts("collective.xmltestreport", "2.0.2"),
    example("collective.recipe.scriptgen", "0.2", "cmd = ls", Prints("cat bin/part", "ls")),
    example("collective.recipe.grp", "1.1.0", "", Prints("ls", "parts")),
    example("gocept.recipe.env", "1.0", "", Prints("ls", "parts")),
    example("cykooz.recipe.idea", "0.4", "eggs = six", Prints("ls", "parts")),
    example(
        "gobre.recipe.template",
        "2.0",
        "template-file = j.in\ntarget-file = out\nname = world",
        Prints("cat out", "hello world"),
    ),
    example(
        "slapos.recipe.template:jinja2",
        "5.1",
        "url = ${buildout:directory}/j.in\noutput = ${buildout:directory}/out\ncontext = key name part:value\nvalue = world",
        Prints("cat out", "hello world"),
    ),
];

/// Recipes that take software from an archive build this one.
fn write_archive(directory: &Path) {
    use test_support::archive::{TarEntry, gzip, tar};
    let configure = "#!/bin/sh\nfor a; do case $a in --prefix=*) p=${a#--prefix=};; esac; done\n\
                     printf 'all:\\ninstall:\\n\\tmkdir -p %s/bin\\n\\tcp hello %s/bin/hello\\n' $p $p > Makefile\n";
    let members = [
        TarEntry::file("hello-1.0/configure", configure.as_bytes()).mode(0o755),
        TarEntry::file("hello-1.0/hello", b"#!/bin/sh\necho hello\n").mode(0o755),
    ];
    std::fs::write(directory.join("hello-1.0.tar.gz"), gzip(&tar(&members))).unwrap();
}

/// Runs one example in a directory. The error says how it differs.
fn run(space: &Space, example: &Example, number: usize) -> Result<(), String> {
    let Example { recipe, version, options, expected } = example;
    let directory = space.root().join(format!("example-{number}"));
    std::fs::create_dir_all(directory.join("src")).unwrap();
    let package = recipe.split(':').next().unwrap_or_default();
    let configuration = format!(
        "[buildout]\nparts = part\n\n[versions]\n{package} = {version}\n\n[env]\nA = b\n\n[part]\nrecipe = {recipe}\n{options}\n"
    );
    std::fs::write(directory.join("buildout.cfg"), configuration).unwrap();
    std::fs::write(directory.join("x.in"), "hello ${name}\n").unwrap();
    std::fs::write(directory.join("j.in"), "hello {{ name }}{{ parts.part.name if parts is defined }}\n").unwrap();
    write_archive(&directory);
    let output = space.command(test_support::host()).arg("run").current_dir(&directory).output().unwrap();
    let text = printed(&output);
    match expected {
        Fails(message) if !output.status.success() && text.contains(message) => Ok(()),
        Prints(command, wanted) if output.status.success() => {
            let shown = space.command("sh").args(["-c", command]).current_dir(&directory).output().unwrap();
            let shown = printed(&shown);
            let is_there = wanted.lines().all(|line| shown.contains(line));
            if is_there { Ok(()) } else { Err(format!("{recipe}: `{command}` shows {shown}\n{text}")) }
        }
        _ => Err(format!("{recipe}: {text}")),
    }
}

#[test]
fn published_recipes_run_their_examples() {
    let space = Space::for_python();
    let failed: Vec<String> =
        EXAMPLES.iter().enumerate().filter_map(|(number, example)| run(&space, example, number).err()).collect();
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), EXAMPLES.len(), failed.join("\n\n"));
}

const BEGIN: &str = "| recipe | version | outcome |\n| --- | --- | --- |\n";

#[test]
fn the_documentation_lists_what_is_tried() {
    let mut table = BEGIN.to_owned();
    for Example { recipe, version, expected, .. } in &EXAMPLES {
        let outcome = match expected {
            Prints(..) => "runs",
            Fails(message) => message.split(':').next().unwrap_or(message),
        };
        writeln!(table, "| `{recipe}` | {version} | {outcome} |").unwrap();
    }
    let file = repository().join("docs/python-recipes.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let written = if after.is_empty() { format!("{before}{table}") } else { format!("{before}{table}\n{after}") };
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written, "BLESS=1 rewrites the table");
}
