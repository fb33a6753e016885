//! Extension modules that are built against libraries of parts, and a buildout whose Python is a part.

use test_support::archive::{TarEntry, gzip, tar};

use super::super::comparison::program;
use super::{IndexedBuildout, PROJECT};

/// A library as people package them: `configure`, `make`, `make install`.
const CONFIGURE: &str = "#!/bin/sh
for option; do case $option in --prefix=*) prefix=${option#*=};; esac; done
printf 'all: libgreet.so\\nlibgreet.so: greet.c\\n\\tcc -shared -fPIC -o $@ greet.c\\ninstall: all\\n\\tmkdir -p %s/include %s/lib\\n\\tcp greet.h %s/include\\n\\tcp libgreet.so %s/lib\\n' $prefix $prefix $prefix $prefix > Makefile
";

const EXTENSION: &str = r#"
#include <Python.h>
#include <greet.h>

#ifdef SPECIAL
#define NUMBER 8
#elif defined(MARK)
#define NUMBER 7
#endif

static PyObject *text(PyObject *self, PyObject *arguments) { return PyUnicode_FromFormat("%s %d", greet(), NUMBER); }
static PyMethodDef methods[] = {{"text", text, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "cext", NULL, -1, methods};
PyMODINIT_FUNC PyInit_cext(void) { return PyModule_Create(&module); }
"#;

const SETUP: &str = "from setuptools import Extension, setup\n\
                     setup(name='cext', version='1.0', ext_modules=[Extension('cext', ['cext.c'], libraries=['greet'])])\n";

/// The archive of the library; it greets with this word.
fn library(word: &str) -> Vec<u8> {
    let configure = TarEntry::file("greet-1.0/configure", CONFIGURE.as_bytes()).mode(0o755);
    let source = format!("const char *greet(void) {{ return \"{word}\"; }}\n");
    let header = TarEntry::file("greet-1.0/greet.h", b"const char *greet(void);\n");
    gzip(&tar(&[configure, header, TarEntry::file("greet-1.0/greet.c", source.as_bytes())]))
}

#[test]
fn an_extension_is_built_against_a_part() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = cext app\n\n[greet]\nrecipe = slapos.recipe.cmmi\nurl = greet-1.0.tar.gz\n\n\
         [cext]\nrecipe = zc.recipe.egg:custom\ninclude-dirs = ${greet:location}/include\nlibrary-dirs = ${greet:location}/lib\n\
         rpath = ${greet:location}/lib\ndefine = MARK\n\n\
         [app]\nrecipe = zc.recipe.egg\neggs = cext\ninterpreter = py\n",
    );
    std::fs::write(buildout.space.path("greet-1.0.tar.gz"), library("hello")).unwrap();
    let (name, content) = program::setuptools();
    buildout.index.add_file(&name, content);
    buildout.index.add_source("cext", "1.0", &[("setup.py", SETUP), ("cext.c", EXTENSION)]);
    buildout.run(&[]);
    let check = "bin/py -c 'import cext; print(cext.text(), cext.__file__)'";
    let printed = buildout.shell(check);
    assert!(printed.starts_with("hello 7 /tmp/sample-buildout/develop-eggs/cext-1.0-"), "{printed}");
    let needed = buildout.shell("readelf -d develop-eggs/cext-*/cext*.so | grep -E 'RPATH|RUNPATH'");
    assert!(needed.contains("/parts/greet/lib]"), "{needed}");

    // The second run builds nothing.
    let built = buildout.shell("stat -c %Y%i develop-eggs/cext-*/cext*.so");
    buildout.index.requests();
    buildout.run(&[]);
    assert_eq!(buildout.shell("stat -c %Y%i develop-eggs/cext-*/cext*.so"), built);
    assert_eq!(buildout.index.requests(), [] as [String; 0]);

    // Another option, another build.
    buildout.run(&["cext:define=MARK,SPECIAL"]);
    assert!(buildout.shell(check).starts_with("hello 8 "));
}

#[test]
fn a_project_with_an_extension_is_developed_against_a_part() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nparts = cext app\n\n[greet]\nrecipe = slapos.recipe.cmmi\nurl = greet-1.0.tar.gz\n\n\
         [cext]\nrecipe = zc.recipe.egg:develop\nsetup = project\ninclude-dirs = ${greet:location}/include\n\
         library-dirs = ${greet:location}/lib\nrpath = ${greet:location}/lib\ndefine = MARK\n\n\
         [app]\nrecipe = zc.recipe.egg\neggs = cext\ninterpreter = py\n",
    );
    std::fs::write(buildout.space.path("greet-1.0.tar.gz"), library("hello")).unwrap();
    let (name, content) = program::setuptools();
    buildout.index.add_file(&name, content);
    buildout.space.write("project/setup.py", SETUP);
    buildout.space.write("project/cext.c", EXTENSION);
    buildout.run(&[]);
    let printed = buildout.shell("bin/py -c 'import cext; print(cext.text(), cext.__file__)'");
    assert!(printed.starts_with("hello 7 /tmp/sample-buildout/project/cext."), "{printed}");
    assert!(!buildout.space.exists("project/setup.cfg"), "the options were for this build only");
}

#[test]
fn eggs_are_for_the_python_that_the_buildout_made() {
    let buildout = IndexedBuildout::new(
        "[buildout]\nextensions = slapos.rebootstrap\npython = python\ndevelop = .\nparts = app\n\n\
         [python]\nrecipe = command\nlocation = ${buildout:parts-directory}/python\nexecutable = ${:location}/bin/python\n\
         command = /usr/bin/python3 -m venv --without-pip ${:location}\nstop-on-error = true\n\n\
         [app]\nrecipe = zc.recipe.egg\neggs =\n    requests\n    demo\nentry-points = demo=demo:main\ninterpreter = py\n",
    );
    assert!(PROJECT.iter().all(|(name, _)| buildout.space.exists(name)));
    buildout.run(&[]);
    let first = buildout.shell("head -1 bin/ask");
    assert_eq!(first.trim(), "#!/tmp/sample-buildout/parts/python/bin/python");
    assert_eq!(buildout.shell("bin/ask"), "asked 3.1\n");
    assert_eq!(buildout.shell("bin/demo"), "demo\n");
    let prefix = buildout.shell("bin/py -c 'import sys; print(sys.prefix)'");
    assert_eq!(prefix.trim(), "/tmp/sample-buildout/parts/python");
    let version = buildout.shell("parts/python/bin/python -c 'import sys; print(\"py%d.%d\" % sys.version_info[:2])'");
    assert!(buildout.shell("ls eggs/v5").lines().all(|egg| egg.contains(version.trim())));

    // The buildout's own program goes on with it, and asks nothing.
    let (script, state) = (buildout.space.read("bin/ask"), buildout.space.read(".installed.cfg"));
    buildout.index.requests();
    let printed = buildout.shell("bin/buildout");
    assert!(!printed.contains("Installing") && !printed.contains("Getting"), "{printed}");
    assert_eq!(buildout.index.requests(), [] as [String; 0]);
    assert_eq!((buildout.space.read("bin/ask"), buildout.space.read(".installed.cfg")), (script, state));
}
