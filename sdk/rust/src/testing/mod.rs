//! A buildout in memory, to test a recipe with `cargo test`: no WebAssembly, no host.
//!
//! ```
//! use buildout_recipe::testing::Buildout;
//! # use buildout_recipe::{Description, Error, Init, Paths, Recipe};
//! # struct Greet(String);
//! # impl Recipe for Greet {
//! #     fn describe() -> Description { Description::new("") }
//! #     fn init(init: &Init<'_>) -> Result<Self, Error> {
//! #         let name = init.options().require("name")?;
//! #         init.options().set("greeting", format!("Hello {name}"))?;
//! #         Ok(Self(name))
//! #     }
//! #     fn install(&mut self) -> Result<Paths, Error> { Ok(Paths::none()) }
//! # }
//!
//! let buildout = Buildout::new("/srv/buildout").section("greet", [("name", "Ada")]);
//! let mut recipe = buildout.init::<Greet>("greet").unwrap();
//! assert_eq!(buildout.option("greet", "greeting").unwrap(), "Hello Ada");
//! assert_eq!(recipe.install().unwrap().as_slice(), [""; 0]);
//! ```
//!
//! Commands of a recipe are real processes; [`output`] returns their output. Downloads are files of this machine (`file:` or a
//! path). Their digests are checked, and `tar` unpacks archives. There is no confinement, no cache and no network, which only
//! the host provides.

mod document;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::backend::{BuildoutBackend, OptionsBackend};
use crate::error::{Error, LookupError, Reason};
use crate::init::Init;
use crate::log::Level;
use crate::recipe::Recipe;

/// A buildout in memory. References in values are not replaced, and reading a section does not initialize its recipe.
#[derive(Debug, Clone)]
pub struct Buildout(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: String,
    sections: RefCell<Vec<(String, Section)>>,
}

type Section = Vec<(String, String)>;

impl Buildout {
    /// A buildout in `directory`, whose section `buildout` has the usual directories. Nothing is created.
    pub fn new(directory: impl AsRef<std::path::Path>) -> Self {
        let directory = directory.as_ref().to_string_lossy().into_owned();
        let below = |name: &str| format!("{directory}/{name}");
        let options = [
            ("directory", directory.clone()),
            ("bin-directory", below("bin")),
            ("parts-directory", below("parts")),
            ("eggs-directory", below("eggs")),
            ("develop-eggs-directory", below("develop-eggs")),
        ];
        let buildout = Self(Rc::new(Inner { directory: directory.clone(), sections: RefCell::default() }));
        buildout.section("buildout", options)
    }

    /// Adds a section, or options to one.
    #[must_use]
    pub fn section<N: Into<String>, V: Into<String>>(
        self,
        name: &str,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (option, value) in options {
            self.0.set(name, &option.into(), value.into());
        }
        self
    }

    /// Initializes the part of the section `part`. From then on, commands and downloads in this thread belong to that part.
    ///
    /// # Errors
    /// If the recipe fails.
    pub fn init<R: Recipe>(&self, part: &str) -> Result<R, Error> {
        self.turn_to(part);
        OPENED.set(Some(Rc::clone(&self.0)));
        let initializing = Rc::new(Cell::new(true));
        let options = PartOptions { inner: Rc::clone(&self.0), part: part.to_owned() };
        let sections = Sections { inner: Rc::clone(&self.0), initializing: Rc::clone(&initializing) };
        let outcome = R::init(&Init::new(options, sections));
        initializing.set(false);
        outcome
    }

    /// Selects the part that commands and downloads in this thread belong to, if several were initialized.
    pub fn turn_to(&self, part: &str) {
        #[cfg(not(target_arch = "wasm32"))]
        native::select(native::Part { buildout_directory: self.0.directory.clone(), name: part.to_owned() });
        #[cfg(target_arch = "wasm32")]
        let _ = part;
    }

    /// The current value of an option.
    pub fn option(&self, section: &str, option: &str) -> Option<String> {
        self.0.get(section, option).ok().flatten()
    }
}

pub use document::{assert_documented, document};

/// The messages logged in this thread since the last call.
pub fn logged() -> Vec<(Level, String)> {
    crate::log::take_recorded()
}

/// The activities reported in this thread since the last call.
pub fn activities() -> Vec<String> {
    crate::log::take_activities()
}

/// The output of commands that was logged in this thread since the last call.
#[cfg(not(target_arch = "wasm32"))]
pub fn output() -> String {
    String::from_utf8_lossy(&native::take_output()).into_owned()
}

impl Inner {
    fn set(&self, section: &str, option: &str, value: String) {
        let mut sections = self.sections.borrow_mut();
        let at = sections.iter().position(|(name, _)| name == section).unwrap_or_else(|| {
            sections.push((section.to_owned(), Vec::new()));
            sections.len() - 1
        });
        let options = &mut sections[at].1;
        match options.iter_mut().find(|(name, _)| name == option) {
            Some((_, old)) => *old = value,
            None => options.push((option.to_owned(), value)),
        }
    }

    fn remove(&self, section: &str, option: &str) {
        for (name, options) in self.sections.borrow_mut().iter_mut() {
            if name == section {
                options.retain(|(name, _)| name != option);
            }
        }
    }

    fn options(&self, section: &str) -> Result<Section, Error> {
        let found = self.sections.borrow().iter().find(|(name, _)| name == section).map(|(_, options)| options.clone());
        let missing = || LookupError::new(Reason::UnknownSection, format!("the section {section} does not exist"));
        found.ok_or_else(|| missing().into())
    }

    fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        Ok(self.options(section)?.into_iter().find(|(name, _)| name == option).map(|(_, value)| value))
    }

    fn require(&self, section: &str, option: &str) -> Result<String, Error> {
        let missing = || LookupError::new(Reason::UnknownOption, format!("Missing option: {section}:{option}"));
        self.get(section, option)?.ok_or_else(|| missing().into())
    }

    fn keys(&self, section: &str) -> Result<Vec<String>, Error> {
        Ok(self.options(section)?.into_iter().map(|(name, _)| name).collect())
    }
}

thread_local! {
    /// The buildout whose part was initialized last in this thread.
    static OPENED: RefCell<Option<Rc<Inner>>> = const { RefCell::new(None) };
}

/// The sections that [`Buildout::open`](crate::Buildout::open) returns: they cannot be changed.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn opened() -> impl BuildoutBackend {
    let none = || Rc::new(Inner { directory: String::new(), sections: RefCell::default() });
    Sections { inner: OPENED.with_borrow(Clone::clone).unwrap_or_else(none), initializing: Rc::default() }
}

struct PartOptions {
    inner: Rc<Inner>,
    part: String,
}

impl OptionsBackend for PartOptions {
    fn get(&self, name: &str) -> Result<Option<String>, Error> {
        self.inner.get(&self.part, name)
    }

    fn require(&self, name: &str) -> Result<String, Error> {
        self.inner.require(&self.part, name)
    }

    fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        self.inner.set(&self.part, name, value.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Error> {
        self.inner.remove(&self.part, name);
        Ok(())
    }

    fn keys(&self) -> Result<Vec<String>, Error> {
        self.inner.keys(&self.part)
    }

    fn part(&self) -> String {
        self.part.clone()
    }

    fn location(&self) -> String {
        format!("{}/parts/{}", self.inner.directory, self.part)
    }
}

struct Sections {
    inner: Rc<Inner>,
    initializing: Rc<Cell<bool>>,
}

impl Sections {
    fn check_change(&self, object: &str) -> Result<(), Error> {
        match self.initializing.get() {
            true => Ok(()),
            false => Err(Error::fault(format!("{object} cannot be changed in this call"))),
        }
    }
}

impl BuildoutBackend for Sections {
    fn get(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        self.inner.get(section, option)
    }

    fn require(&self, section: &str, option: &str) -> Result<String, Error> {
        self.inner.require(section, option)
    }

    fn keys(&self, section: &str) -> Result<Vec<String>, Error> {
        self.inner.keys(section)
    }

    fn sections(&self) -> Result<Vec<String>, Error> {
        Ok(self.inner.sections.borrow().iter().map(|(name, _)| name.clone()).collect())
    }

    fn initialize(&self, section: &str) -> Result<(), Error> {
        self.inner.options(section).map(drop)
    }

    fn raw(&self, section: &str, option: &str) -> Result<Option<String>, Error> {
        self.inner.get(section, option)
    }

    fn set(&self, section: &str, option: &str, value: &str) -> Result<(), Error> {
        self.check_change(&format!("option {section}:{option}"))?;
        self.inner.set(section, option, value.to_owned());
        Ok(())
    }

    fn remove(&self, section: &str, option: &str) -> Result<(), Error> {
        self.check_change(&format!("option {section}:{option}"))?;
        self.inner.remove(section, option);
        Ok(())
    }

    fn add(&self, section: &str, options: &[(String, String)]) -> Result<(), Error> {
        self.check_change(&format!("section {section:?}"))?;
        if self.inner.options(section).is_ok() {
            return Err(Error::fault(format!("section {section:?} exists")));
        }
        self.inner.sections.borrow_mut().push((section.to_owned(), options.to_vec()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Description, Options, Paths};

    struct Late(Options);

    impl Recipe for Late {
        fn describe() -> Description {
            Description::new("")
        }

        fn init(init: &Init<'_>) -> Result<Self, Error> {
            init.options().set("x", init.buildout().directory()?)?;
            Ok(Self(init.options().clone()))
        }

        fn install(&mut self) -> Result<Paths, Error> {
            crate::info!("x is {}", self.0.require("x")?);
            self.0.set("x", "2")?;
            crate::info!("x is {}", crate::Buildout::open().require("late", "x")?);
            Ok(Paths::none())
        }
    }

    #[test]
    fn options_can_be_set_in_install_and_other_sections_cannot() {
        let buildout = Buildout::new("/b").section("late", [("recipe", "late")]);
        let mut recipe = buildout.init::<Late>("late").unwrap();
        recipe.install().unwrap();
        assert_eq!(logged().iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["x is /b", "x is 2"]);
        let error = crate::Buildout::open().set("late", "x", "3").unwrap_err();
        assert_eq!(error.to_string(), "option late:x cannot be changed in this call");
        assert_eq!(buildout.option("late", "x").unwrap(), "2");
    }

    #[test]
    fn reports_a_missing_option() {
        let buildout = Buildout::new("/b").section("late", [("recipe", "late")]);
        let error = buildout.0.require("late", "path").unwrap_err();
        assert_eq!(error.to_string(), "Missing option: late:path");
        assert_eq!(error.lookup().unwrap().reason(), Reason::UnknownOption);
    }
}
