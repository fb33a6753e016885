//! Test guest: one entry point that misbehaves as the options `init` and `install` say, and one that behaves.
//! `tests/black_box/hostile_guests.rs` runs it in the real host.

use buildout_recipe::{
    Context, Description, Error, Init, Options, Paths, Recipe, Recorded, Uninstall, Update, created, info,
};

/// Does what its options say.
pub struct Hostile {
    options: Options,
    install: String,
    location: String,
    directory: String,
}

impl Recipe for Hostile {
    fn describe() -> Description {
        Description::new("Misbehaves.")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        match options.get_or("init", "")?.as_str() {
            "panic" => panic!("asked to panic"),
            "loop" => spin(),
            "recurse" => info!("{}", recurse(1)),
            "memory" => hoard(),
            "table" => drop(vec![0_u8; 3 << 30]),
            "long-name" => options.set(&"x".repeat(1 << 20), "")?,
            "long-value" => options.set("x", "y".repeat(8 << 20))?,
            "signature" => options.set("__buildout_signature__", "forged")?,
            "recipe" => options.set("recipe", "hostile:good")?,
            "set" => options.set(&options.require("name")?, &options.require("value")?)?,
            "lookup" => drop(init.buildout().require("nowhere", "nothing")?),
            "read" => read(init)?,
            "read-deep" => descend(options.require("depth")?.parse().unwrap_or_default(), &mut || read(init))?,
            _ => {}
        }
        Ok(Self {
            install: options.get_or("install", "")?,
            location: options.location(),
            directory: init.buildout().directory()?,
            options: options.clone(),
        })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        let (location, directory) = (&self.location, &self.directory);
        match self.install.as_str() {
            "panic" => panic!("asked to panic"),
            "abort" => std::process::abort(),
            "loop" => spin(),
            "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
            "log" => (0..1_000_000).for_each(|number| info!("line {number}")),
            "print" => print_endlessly(),
            "long-line" => info!("{}", "x".repeat(4 << 20)),
            "handles" => open_endlessly(directory)?,
            "set" => self.options.set("late", "1")?,
            "dot-dot" => write(&format!("{location}/../../../escaped"))?,
            "absolute" => write(&self.options.require("absolute")?)?,
            "directory" => write(&format!("{directory}/intruder"))?,
            "state" => write(&format!("{directory}/.installed.cfg"))?,
            "recipes" => write(&format!("{directory}/recipes.toml"))?,
            "launcher" => write(&format!("{directory}/bin/buildout"))?,
            "read-outside" => drop(std::fs::read("/etc/passwd").context("reading /etc/passwd")?),
            "link" => through_a_link(location)?,
            "created" => {
                std::fs::create_dir_all(location).context("creating the location")?;
                created(location)?;
                return Err(Error::user("asked to fail"));
            }
            "meet" => {
                self.meet()?;
                return Ok(location.as_str().into());
            }
            "meet-and-fail" => {
                created(location)?;
                self.meet()?;
                let seen = format!("{}/seen", self.other()?);
                wait_until(|| std::path::Path::new(&seen).exists());
                return Err(Error::user("asked to fail"));
            }
            "outlive" => {
                self.meet()?;
                write(&format!("{location}/seen"))?;
                let other = self.other()?;
                wait_until(|| !std::path::Path::new(&other).exists());
                return Ok(location.as_str().into());
            }
            "wait" => {
                let file = format!("{directory}/{}", self.options.require("for")?);
                wait_until(|| std::path::Path::new(&file).exists());
                info!("went on");
            }
            "make-and-return" => {
                let path = self.options.require("path")?;
                std::fs::create_dir_all(&path).context(format!("creating {path}"))?;
                return Ok(path.as_str().into());
            }
            "announce-and-fail" => {
                let path = self.options.require("path")?;
                info!("announced: {}", created(&path).is_ok());
                return Err(Error::user("asked to fail"));
            }
            "announce-and-wait" => {
                created(self.options.require("path")?)?;
                write(&format!("{directory}/var/announced"))?;
                wait_until(|| std::path::Path::new(&format!("{directory}/var/go")).exists());
                return Err(Error::user("asked to fail"));
            }
            "move" => {
                let (from, to) = (self.options.require("from")?, self.options.require("path")?);
                std::fs::rename(&from, &to).context(format!("moving {from}"))?;
                return Ok(to.as_str().into());
            }
            "read-on" => {
                let path = self.options.require("path")?;
                loop {
                    drop(std::hint::black_box(std::fs::read(&path)));
                }
            }
            "sparse" => {
                std::fs::create_dir_all(location).context("creating the location")?;
                let file = std::fs::File::create(format!("{location}/sparse")).context("creating a file")?;
                file.set_len(1 << 40).context("making a file large")?;
            }
            "many-paths" => return Ok((0..300_000).map(|number| number.to_string()).collect()),
            "many-created" => (0..1_000_000).try_for_each(|number| created(format!("{location}/{number}")))?,
            "fail" => return Err(Error::user("asked to fail")),
            "greet" => greet(&self.options.require("words")?),
            "env" => info!("LANG is {:?}, SECRET is {:?}", std::env::var("LANG").ok(), std::env::var("SECRET").ok()),
            returned => return Ok(returned.strip_prefix("return ").map_or_else(Paths::none, Paths::from)),
        }
        Ok(Paths::none())
    }
}

impl Hostile {
    /// Leaves a mark in its own place, and waits until the part `with` has left its own.
    fn meet(&self) -> Result<(), Error> {
        std::fs::create_dir_all(&self.location).context("creating the location")?;
        write(&format!("{}/mark", self.location))?;
        let other = format!("{}/mark", self.other()?);
        wait_until(|| std::path::Path::new(&other).exists());
        Ok(())
    }

    fn other(&self) -> Result<String, Error> {
        Ok(format!("{}/parts/{}", self.directory, self.options.require("with")?))
    }
}

/// Waits; the host ends it at the deadline.
fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Prints each word in a line, piece by piece.
#[allow(clippy::print_stdout, reason = "printing is what is tested")]
fn greet(words: &str) {
    for word in words.split_whitespace() {
        print!("well, ");
        std::thread::sleep(std::time::Duration::from_millis(1));
        println!("{word}");
    }
}

fn spin() -> ! {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

#[allow(unconditional_recursion, reason = "running out of stack is what is tested")]
fn recurse(depth: u64) -> u64 {
    let filler = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + filler[(depth % 64) as usize]
}

/// Reads an option of another section, whose recipe is initialized for that.
fn read(init: &Init<'_>) -> Result<(), Error> {
    drop(init.buildout().require(&init.options().require("section")?, "install")?);
    Ok(())
}

/// Works with much of its stack in use.
fn descend(depth: u64, work: &mut dyn FnMut() -> Result<(), Error>) -> Result<(), Error> {
    if std::hint::black_box(depth) == 0 {
        return work();
    }
    let done = descend(depth - 1, work);
    std::hint::black_box(depth);
    done
}

fn hoard() -> ! {
    let mut all = Vec::new();
    loop {
        all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

#[allow(clippy::print_stdout, reason = "printing is what is tested")]
fn print_endlessly() {
    let line = "x".repeat(1000);
    for _ in 0..1_000_000 {
        println!("{line}");
    }
}

fn open_endlessly(directory: &str) -> Result<(), Error> {
    for _ in 0..1_000_000 {
        std::mem::forget(std::fs::File::open(format!("{directory}/buildout.cfg")).context("opening")?);
    }
    Ok(())
}

fn write(path: &str) -> Result<(), Error> {
    std::fs::write(path, "written by a hostile recipe").context(format!("writing {path}"))
}

/// Makes a link in its own place that leads out, and writes through it.
fn through_a_link(location: &str) -> Result<(), Error> {
    std::fs::create_dir_all(location).context("creating the location")?;
    #[cfg(target_os = "wasi")]
    {
        #[allow(deprecated, reason = "the only way to name any target")]
        std::fs::soft_link("../..", format!("{location}/out")).context("linking")?;
    }
    write(&format!("{location}/out/escaped"))
}

/// Writes a file into its own place.
pub struct Good {
    path: String,
    location: String,
}

impl Recipe for Good {
    fn describe() -> Description {
        Description::new("Writes a greeting into the part's own place.")
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let location = init.options().location();
        Ok(Self { path: format!("{location}/greeting"), location })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        std::fs::create_dir_all(&self.location).context("creating the location")?;
        write(&self.path)?;
        Ok(self.location.as_str().into())
    }
}

impl Update for Good {
    fn update(&mut self) -> Result<Option<Paths>, Error> {
        info!("still {} bytes", std::fs::read(&self.path).context("reading")?.len());
        Ok(None)
    }
}

impl Uninstall for Good {
    fn uninstall(part: &str, recorded: &Recorded) -> Result<(), Error> {
        info!("good-bye {part}, made by {}", recorded.get("recipe").unwrap_or_default());
        Ok(())
    }
}

buildout_recipe::export! { package "hostile"; "default" => Hostile, "good" => Good }
