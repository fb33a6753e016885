//! Test guest: starts the command and fetches the file that its options name. `tests/black_box/native_guests.rs` runs it in the real
//! host.

use buildout_recipe::distributions::{self, BuildOptions, Destination, ScriptEntryPoint, ScriptRequest, Settings};
use buildout_recipe::{
    Command, Context, Description, Download, Downloader, Error, Init, Options, Paths, Recipe, Runner, TopLevel, info,
};

/// Does what its options say.
pub struct Native {
    options: Options,
    location: String,
}

impl Recipe for Native {
    fn describe() -> Description {
        Description::new(
            "Does in `install` what its options say, in the order `link`, `distributions`, `fetch`, `program`, `read`.",
        )
    }

    fn init(init: &Init<'_>) -> Result<Self, Error> {
        let options = init.options();
        if options.get_or("early", "false")? == "true" {
            Runner::open(&["true"])?;
        }
        Ok(Self { location: options.location(), options: options.clone() })
    }

    fn install(&mut self) -> Result<Paths, Error> {
        std::fs::create_dir_all(&self.location).context("creating the location")?;
        if let Some(target) = self.options.get("link")? {
            self.link(&target)?;
        }
        if let Some(requirement) = self.options.get("distributions")? {
            self.install_distributions(&requirement)?;
        }
        if let Some(url) = self.options.get("fetch")? {
            self.fetch(url)?;
        }
        if let Some(program) = self.options.get("program")? {
            self.run(&program)?;
        }
        if let Some(path) = self.options.get("read")? {
            info!("read {:?}", std::fs::read_to_string(&path).context(format!("reading {path}"))?);
        }
        Ok(self.location.as_str().into())
    }
}

impl Native {
    #[allow(deprecated, reason = "the only way to name any target")]
    fn link(&self, target: &str) -> Result<(), Error> {
        let path = format!("{}/link", self.location);
        #[cfg(target_os = "wasi")]
        std::fs::soft_link(target, path).context("linking")?;
        #[cfg(not(target_os = "wasi"))]
        std::os::unix::fs::symlink(target, path).context("linking")?;
        Ok(())
    }

    /// Calls the function of `distributions` that its options name.
    fn install_distributions(&self, requirement: &str) -> Result<(), Error> {
        let destination = self.options.get("destination")?.map(Destination::Directory);
        let find_links = self.words("find-links")?;
        let settings = Settings {
            destination: destination.unwrap_or(Destination::Nowhere),
            find_links: (!find_links.is_empty()).then_some(find_links),
            ..Settings::default()
        };
        if let Some(project) = self.options.get("project")? {
            let environment = self.words("variables")?.into_iter();
            let environment = environment.map(|name| (name, "/srv".to_owned())).collect();
            distributions::develop(&project, None, &BuildOptions { extensions: Vec::new(), environment })?;
        }
        if let Some(directory) = self.options.get("scripts")? {
            return self.write_scripts(directory);
        }
        if requirement.is_empty() {
            return Ok(());
        }
        let found = distributions::install(&[requirement], &[], &settings)?;
        info!("found {}", found.len());
        Ok(())
    }

    /// Writes an interpreter, and a script under the name that its options say.
    fn write_scripts(&self, directory: String) -> Result<(), Error> {
        let entry_point = ScriptEntryPoint { name: "a".into(), module: "os".into(), attributes: "getcwd".into() };
        let selected = self.options.get("selected")?.map(|target| vec![("a".to_owned(), target)]);
        let request = ScriptRequest {
            requirements: Vec::new(),
            entry_points: if selected.is_some() { vec![entry_point] } else { Vec::new() },
            distributions: Vec::new(),
            extra_paths: Vec::new(),
            directory,
            selected,
            interpreter: self.options.get("interpreter")?,
            initialization: String::new(),
            arguments: String::new(),
            relative_to: None,
        };
        info!("wrote {:?}", distributions::write_scripts(&request)?);
        Ok(())
    }

    fn words(&self, option: &str) -> Result<Vec<String>, Error> {
        Ok(self.options.get_or(option, "")?.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    fn fetch(&self, url: String) -> Result<(), Error> {
        let addresses = self.words("addresses")?;
        let mut download = Download::new(url);
        if let Some(digest) = self.options.get("sha256")? {
            download = download.sha256(digest);
        }
        let file = download.fetch(&Downloader::open(&addresses)?)?;
        info!("fetched {} bytes", file.size());
        if let Some(path) = self.options.get("copy")? {
            file.copy(path)?;
        }
        if let Some(directory) = self.options.get("unpack")? {
            let names = file.unpack(directory, TopLevel::Keep)?;
            info!("unpacked {}", names.join(" "));
        }
        Ok(())
    }

    fn run(&self, program: &str) -> Result<(), Error> {
        let runner = Runner::open(&self.words("programs")?)?;
        let arguments = self.words("arguments")?.into_iter().map(|argument| argument.replace("NUL", "\0"));
        let directory = self.options.get_or("directory", &self.location)?;
        let printed = Command::new(program).args(arguments).directory(directory).capture().run(&runner)?.check()?;
        info!("printed {:?}", String::from_utf8_lossy(&printed));
        Ok(())
    }
}

buildout_recipe::export! { package "native"; "default" => Native }
