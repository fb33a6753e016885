//! Options for building extension modules: the section `[build_ext]` of a `setup.cfg`.

use buildout_recipe::{Description, Error, Init, OptionDescription, Options};

use crate::text::{lines, paths};
use buildout_recipe::text::join;

/// Options that are passed on unchanged.
const UNCHANGED: [&str; 9] =
    ["define", "undef", "libraries", "link-objects", "debug", "force", "compiler", "swig-cpp", "swig-opts"];

/// What an entry of `rpath` starts with that the dynamic linker replaces.
const REPLACED_BY_LINKER: [&str; 6] = ["$ORIGIN", "$LIB", "$PLATFORM", "${ORIGIN}", "${LIB}", "${PLATFORM}"];

/// The options that [`read`] reads.
pub(crate) fn described(description: Description) -> Description {
    let directories = |name: &str, what: &str| {
        OptionDescription::lines(name, format!("{what}, one in each line, relative to the buildout directory."))
    };
    description
        .option(directories("include-dirs", "Directories with header files"))
        .option(directories("library-dirs", "Directories with libraries, for linking"))
        .option(directories("rpath", "Directories in which libraries are found when the extension is loaded"))
        .option(OptionDescription::text("define", "Names of macros to define as `1`, separated by commas."))
        .option(OptionDescription::text("undef", "Macros to undefine, separated by commas."))
        .option(OptionDescription::text("libraries", "Libraries to link with, separated by whitespace."))
        .option(OptionDescription::text("link-objects", "Object files to link with."))
        .option(OptionDescription::text("debug", "Whether to build with debugging information."))
        .option(OptionDescription::text("force", "Whether to rebuild what seems to be up to date."))
        .option(OptionDescription::text("compiler", "The kind of compiler. Example: `unix`."))
        .option(OptionDescription::path("swig", "The program `swig`."))
        .option(OptionDescription::text("swig-cpp", "Whether `swig` makes C++ files."))
        .option(OptionDescription::text("swig-opts", "Options of `swig`."))
}

/// Reads the options. Paths are made absolute, also in the options of the part.
pub(crate) fn read(init: &Init<'_>) -> Result<Vec<(String, String)>, Error> {
    let options = init.options();
    let base = init.buildout().directory()?;
    let mut all = Vec::new();
    for name in ["include-dirs", "library-dirs"] {
        replace(options, &mut all, name, |value| paths(value, &base).join(":"))?;
    }
    replace(options, &mut all, "rpath", |value| {
        let entries: Vec<String> = lines(value).map(|entry| rpath_entry(entry, &base)).collect();
        entries.join(":")
    })?;
    if options.get("swig")?.is_some_and(|swig| !swig.is_empty()) {
        replace(options, &mut all, "swig", |swig| join(&base, swig))?;
    }
    for name in UNCHANGED {
        all.extend(options.get(name)?.map(|value| (name.to_owned(), value)));
    }
    Ok(all)
}

fn replace(
    options: &Options,
    all: &mut Vec<(String, String)>,
    name: &str,
    make: impl FnOnce(&str) -> String,
) -> Result<(), Error> {
    if let Some(value) = options.get(name)? {
        let made = make(&value);
        options.set(name, &made)?;
        all.push((name.to_owned(), made));
    }
    Ok(())
}

fn rpath_entry(entry: &str, base: &str) -> String {
    match REPLACED_BY_LINKER.iter().any(|start| entry.starts_with(start)) {
        true => entry.to_owned(),
        false => join(base, entry),
    }
}
