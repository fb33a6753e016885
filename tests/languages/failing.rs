//! Fails in the way that its option `how` names.

use buildout_recipe::{Context, Description, Error, Init, OptionDescription, Paths, Recipe};

struct Failing {
    how: String,
}

impl Recipe for Failing {
    fn describe() -> Description {
        Description::new("Fails.").option(OptionDescription::text("how", "How.").default("no"))
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let how = init.options().get_or("how", "no")?;
        if how == "lookup" {
            init.options().require("nothing")?;
        }
        Ok(Self { how })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        match self.how.as_str() {
            "user" => return Err(Error::user("Not so")),
            "fault" => {
                std::fs::read("/nowhere/file").context("opening /nowhere/file")?;
            }
            "trap" => {
                println!("{}", deeper(&[]));
            }
            _ => {}
        }
        Ok(Paths::none())
    }
}

#[inline(never)]
fn deeper(numbers: &[u8]) -> u8 {
    // A panic.
    numbers[numbers.len() + 3]
}

buildout_recipe::export! { "default" => Failing }
