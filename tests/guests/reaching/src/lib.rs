//! Test guest: does what the lines of its options `init`, `install` and `uninstall` say, and logs what came of each.
//! `tests/black_box/reaching_guests.rs` runs it in the real host.

mod files;
mod sections;
mod surroundings;

use buildout_recipe::{Buildout, Description, Error, Init, Options, Paths, Recipe, Recorded, Uninstall, info};

/// Does what its options say.
pub struct Reaching {
    options: Options,
}

/// The words of a line.
struct Line<'a>(Vec<&'a str>);

impl Line<'_> {
    /// The argument with this number, from 1; empty if there are fewer.
    fn argument(&self, number: usize) -> &str {
        self.0.get(number).copied().unwrap_or_default()
    }

    /// All arguments from this number on.
    fn rest(&self, number: usize) -> String {
        self.0.get(number..).unwrap_or_default().join(" ")
    }
}

/// Does what each line says, and logs the outcome after the line.
fn act(lines: &str, buildout: &Buildout<'_>, options: Option<&Options>) {
    for text in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // The configuration has no other way to write a reference that is not replaced.
        let text = &text.replace("$${", "${");
        let line = Line(text.split(' ').collect());
        let outcome = match line.argument(0) {
            "section" => sections::act(&line, buildout, options),
            "file" => files::act(&line),
            _ => surroundings::act(&line),
        };
        match outcome {
            Ok(result) => info!("{text}: {result}"),
            Err(error) => info!("{text}: error: {error}"),
        }
    }
}

impl Recipe for Reaching {
    fn describe() -> Description {
        Description::new("Does what its options say.").other_options()
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options().clone();
        act(&options.get_or("init", "")?, init.buildout(), Some(&options));
        Ok(Self { options })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        act(&self.options.get_or("install", "")?, &Buildout::open(), Some(&self.options));
        if let Some(message) = self.options.get("fail")? {
            return Err(Error::user(message).hint("Do the opposite."));
        }
        Ok(self.options.get_or("paths", "")?.lines().filter(|line| !line.is_empty()).collect())
    }
}

impl Uninstall for Reaching {
    fn uninstall(_: &str, recorded: &Recorded) -> Result<(), Error> {
        act(recorded.get("uninstall").unwrap_or_default(), &Buildout::open(), None);
        Ok(())
    }
}

buildout_recipe::export! { package "reaching"; "default" => Reaching, "other" => Reaching }
