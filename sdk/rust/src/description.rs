//! The description of an entry point.

use std::time::Duration;

use crate::bindings::exports::buildout::recipe::description as wit;

/// Describes an entry point. Create it with [`Description::new`], then add options and grants.
///
/// ```
/// use buildout_recipe::{Description, OptionDescription};
///
/// Description::new("Makes a directory.")
///     .option(OptionDescription::path("path", "The directory.").required())
///     .option(OptionDescription::text("mode", "Its permissions.").default("755"))
///     .grant_write("${buildout:directory}");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Description {
    documentation: String,
    options: Vec<OptionDescription>,
    grants: Vec<wit::Grant>,
    other_options: bool,
}

impl Description {
    /// `documentation` is one line that says what the entry point makes, then an empty line, then any details.
    pub fn new(documentation: impl Into<String>) -> Self {
        Self { documentation: documentation.into(), options: Vec::new(), grants: Vec::new(), other_options: false }
    }

    /// Adds an option that the recipe reads.
    pub fn option(mut self, option: OptionDescription) -> Self {
        self.options.push(option);
        self
    }

    /// Requests to read `directory` and everything below it. References such as `${buildout:directory}` are replaced.
    pub fn grant_read(self, directory: impl Into<String>) -> Self {
        self.grant(wit::Grant::Read(directory.into()))
    }

    /// Requests to write to `directory` and everything below it. References such as `${buildout:directory}` are replaced.
    pub fn grant_write(self, directory: impl Into<String>) -> Self {
        self.grant(wit::Grant::Write(directory.into()))
    }

    /// Requests an environment variable.
    pub fn grant_env(self, variable: impl Into<String>) -> Self {
        self.grant(wit::Grant::Env(variable.into()))
    }

    /// Requests to start a native command: a name, an absolute path, or `*` for all.
    pub fn grant_run(self, program: impl Into<String>) -> Self {
        self.grant(wit::Grant::Run(program.into()))
    }

    /// Requests to download from URLs with this prefix, or `*` for all.
    pub fn grant_fetch(self, address: impl Into<String>) -> Self {
        self.grant(wit::Grant::Fetch(address.into()))
    }

    /// Requests to install Python distributions with the settings of the buildout, and to generate scripts.
    pub fn grant_distributions(self) -> Self {
        self.grant(wit::Grant::Distributions)
    }

    /// Requests network access for a native command: a name or an absolute path.
    pub fn grant_network(self, program: impl Into<String>) -> Self {
        self.grant(wit::Grant::Network(program.into()))
    }

    /// Says that the entry point may read options that it does not describe: the host then does not report those as probably
    /// misspelled.
    pub fn other_options(mut self) -> Self {
        self.other_options = true;
        self
    }

    /// Requests up to this many bytes of memory.
    pub fn grant_memory(self, bytes: u64) -> Self {
        self.grant(wit::Grant::Memory(bytes))
    }

    /// Requests up to this much time for each call.
    pub fn grant_timeout(self, timeout: Duration) -> Self {
        self.grant(wit::Grant::Timeout(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)))
    }

    fn grant(mut self, grant: wit::Grant) -> Self {
        self.grants.push(grant);
        self
    }

    pub(crate) fn into_wit(
        self,
        name: &str,
        has_update: bool,
        has_uninstall: bool,
        cacheable: bool,
    ) -> wit::EntryPoint {
        wit::EntryPoint {
            name: name.into(),
            documentation: self.documentation,
            options: self.options.into_iter().map(|option| option.0).collect(),
            grants: self.grants,
            has_update,
            has_uninstall,
            other_options: self.other_options,
            cacheable,
        }
    }
}

/// Describes an option: its type, and whether it is required. The default is optional.
#[derive(Debug, Clone)]
#[must_use]
pub struct OptionDescription(wit::OptionDescription);

impl OptionDescription {
    fn new(name: impl Into<String>, documentation: impl Into<String>, value_type: wit::OptionType) -> Self {
        Self(wit::OptionDescription {
            name: name.into(),
            value_type,
            presence: wit::Presence::Optional,
            documentation: documentation.into(),
        })
    }

    /// Any string.
    pub fn text(name: impl Into<String>, documentation: impl Into<String>) -> Self {
        Self::new(name, documentation, wit::OptionType::Text)
    }

    /// A path; relative ones are relative to the buildout directory.
    pub fn path(name: impl Into<String>, documentation: impl Into<String>) -> Self {
        Self::new(name, documentation, wit::OptionType::Path)
    }

    /// `true` or `false`.
    pub fn boolean(name: impl Into<String>, documentation: impl Into<String>) -> Self {
        Self::new(name, documentation, wit::OptionType::Boolean)
    }

    /// A whole number.
    pub fn integer(name: impl Into<String>, documentation: impl Into<String>) -> Self {
        Self::new(name, documentation, wit::OptionType::Integer)
    }

    /// Words, separated by whitespace.
    pub fn words(name: impl Into<String>, documentation: impl Into<String>) -> Self {
        Self::new(name, documentation, wit::OptionType::Words)
    }

    /// One item per line.
    pub fn lines(name: impl Into<String>, documentation: impl Into<String>) -> Self {
        Self::new(name, documentation, wit::OptionType::Lines)
    }

    /// One of `choices`.
    pub fn choice(name: impl Into<String>, documentation: impl Into<String>, choices: &[&str]) -> Self {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Self::new(name, documentation, wit::OptionType::Choice(choices))
    }

    /// The option is required.
    pub fn required(mut self) -> Self {
        self.0.presence = wit::Presence::Required;
        self
    }

    /// The value to use if the option is missing.
    pub fn default(mut self, value: impl Into<String>) -> Self {
        self.0.presence = wit::Presence::Default(value.into());
        self
    }
}
