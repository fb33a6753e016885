//! Uses all that the host offers, and fails in the way that its option `how` names.

use buildout_recipe::{
    Command, Context, Description, Download, Downloader, Ending, Error, Init, Lock, OptionDescription, Paths, Recipe,
    Recorded, Runner, Uninstall, activity, created, error, set_mode, warning,
};

struct Every {
    how: String,
    location: String,
}

impl Recipe for Every {
    fn describe() -> Description {
        Description::new("Does everything.")
            .option(OptionDescription::choice("how", "How.", &["no", "all", "user", "fault", "lookup", "trap"]).default("no"))
            .grant_run("echo")
            .grant_run("sh")
            .grant_fetch("*")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let (options, buildout) = (init.options(), init.buildout());
        let how = options.get_or("how", "no")?;
        match how.as_str() {
            "lookup" => drop(options.require("nothing")?),
            "all" => {
                println!("{} {} {}", options.part(), options.keys()?.join(","), buildout.sections()?.join(","));
                println!("{} {}", buildout.keys("other")?.join(","), buildout.require("other", "value")?);
                println!("{:?} {}", buildout.get("other", "none")?.is_none(), buildout.directory()?);
                println!("{}", buildout.require("nowhere", "value").unwrap_err());
                options.set("seen", "yes")?;
            }
            _ => {}
        }
        Ok(Self { how, location: options.location() })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        match self.how.as_str() {
            "all" => return self.everything(),
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

impl Every {
    fn everything(&self) -> Result<Paths, Error> {
        let location = &self.location;
        activity("everything");
        created(location)?;
        std::fs::create_dir_all(location)?;
        drop(Lock::acquire(format!("{location}/lock"), || println!("waiting"))?);
        drop(Lock::acquire(format!("{location}/lock"), || println!("waiting"))?);
        let text = Download::new("text").sha256(SHA256).fetch(&Downloader::open(&["*"])?)?;
        text.copy(format!("{location}/copy"))?;
        set_mode(format!("{location}/copy"), 0o600)?;
        println!("{} {}", text.size(), text.sha256());
        let runner = Runner::open(&["echo", "sh"])?;
        let printed = Command::new("echo").arg("echoed").capture().run(&runner)?.check()?;
        print!("{}", String::from_utf8_lossy(&printed));
        let script = "cat; echo $WORD; pwd; exit 3";
        let shell = Command::new("sh").args(["-c", script]).directory(location).env("WORD", "word").input("input\n");
        let outcome = shell.capture().run(&runner)?;
        print!("{}", String::from_utf8_lossy(&outcome.captured));
        println!("{}", outcome.ending == Ending::Exited(3));
        println!("{} {}", runner.build_directory(), runner.environment().contains_key("PATH"));
        warning!("{}", Runner::open(&["make"]).unwrap_err());
        error!("{}", Download::new("text").sha256("00").fetch(&Downloader::open(&["*"])?).is_err());
        Ok(location.as_str().into())
    }
}

const SHA256: &str = "aea8a04c2f293417e499bf5de2def8ebb1ed40264d128a67180ea56fbe4600ff";

impl Uninstall for Every {
    fn uninstall(part: &str, recorded: &Recorded) -> Result<(), Error> {
        println!("uninstalling {part}, which was {}", recorded.get("how").unwrap_or_default());
        Ok(())
    }
}

#[inline(never)]
fn deeper(numbers: &[u8]) -> u8 {
    // A panic.
    numbers[numbers.len() + 3]
}

buildout_recipe::export! { "default" => Every }
