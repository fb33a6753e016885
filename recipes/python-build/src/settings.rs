//! The recipe's own options: the version, and how to configure the Python.

use buildout_recipe::{Error, Init, Options};
use native_builds::{BuildSettings, ShellCommands, decide, make, words};
use shared_parts::is_true;

use crate::expected::ExpectedPython;
use crate::version::Version;

/// The words in `optimizations`, and their arguments of `configure`.
const OPTIMIZATIONS: [(&str, &str); 2] = [("pgo", "--enable-optimizations"), ("lto", "--with-lto")];

/// Reads the options of the part that is being initialized, and sets `version`, `bin-directory` and `executable`.
pub(crate) fn read(init: &Init<'_>) -> Result<(BuildSettings, ExpectedPython), Error> {
    let options = init.options();
    let version = Version::of(init)?;
    if let Some(version) = &version {
        options.set("version", version.to_string())?;
    }
    let mut modules: Vec<String> = words(options, "modules", "")?.split_whitespace().map(str::to_owned).collect();
    if is_true(options, "pip")? && !modules.iter().any(|module| module == "pip") {
        modules.push("pip".to_owned());
    }
    let mut executable = String::new();
    let settings = BuildSettings::of(init, |place| {
        let directory = format!("{}/bin", place.location());
        executable = format!("{directory}/python");
        decide(options, "bin-directory", &directory)?;
        decide(options, "executable", &executable)?;
        commands(options)
    })?;
    Ok((settings, ExpectedPython { part: init.part(), executable, version, modules }))
}

fn commands(options: &Options) -> Result<ShellCommands, Error> {
    let make = make(options)?;
    let own = words(options, "configure-options", "")?;
    if own.contains("--prefix") {
        let message =
            "Option configure-options must not contain --prefix: the Python is installed to the part's location";
        return Err(Error::user(message));
    }
    // The user's arguments come last, so that they take precedence.
    let mut arguments = vec!["--prefix=\"%(location)s\""];
    arguments.push(if is_true(options, "pip")? { "--with-ensurepip=install" } else { "--without-ensurepip" });
    arguments.extend(optimizations(options)?);
    arguments.extend(Some(own.as_str()).filter(|own| !own.is_empty()));
    // Python 3 installs no `python`.
    let link = "[ -e \"%(executable)s\" ] || ln -s python3 \"%(executable)s\"";
    Ok(ShellCommands {
        configure: format!("./configure {}", arguments.join(" ")),
        install: format!("{make} install\n{link}"),
        make,
        prefix: None,
    })
}

fn optimizations(options: &Options) -> Result<Vec<&'static str>, Error> {
    let all = words(options, "optimizations", "none")?.to_ascii_lowercase();
    if all == "none" {
        return Ok(Vec::new());
    }
    let find = |word: &str| {
        let known = OPTIMIZATIONS.iter().find(|(name, _)| *name == word);
        known.map(|(_, argument)| *argument).ok_or_else(|| {
            Error::user(format!("Invalid value for option optimizations: {word:?} (expected pgo, lto or none)"))
        })
    };
    all.split_whitespace().map(find).collect()
}
