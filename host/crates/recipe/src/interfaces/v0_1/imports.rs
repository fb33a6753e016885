//! The interfaces of 0.1, on the same views as the current ones, whose functions they call.

use wasmtime::component::Resource;

use super::bindings::buildout::recipe as old;
use super::bindings::{DownloadFailure, LookupFailure, PathFailure, ProcessFailure, SetFailure};
use super::values::failure;
use crate::call::Phase;
use crate::interfaces::bindings::buildout::recipe as new;
use crate::interfaces::resources::{Downloader, Fetched, Lock, PartOptions, Runner, Sections};
use crate::interfaces::{buildout, download, log, options, paths, process, types};

impl old::types::Host for types::View {
    fn convert_lookup_error(&mut self, failure: LookupFailure) -> wasmtime::Result<old::types::LookupError> {
        failure.downcast()
    }
}

impl old::types::Host for options::View<'_> {
    fn convert_lookup_error(&mut self, failure: LookupFailure) -> wasmtime::Result<old::types::LookupError> {
        failure.downcast()
    }
}

impl old::options::Host for options::View<'_> {
    fn convert_set_error(&mut self, failure: SetFailure) -> wasmtime::Result<old::options::SetError> {
        failure.downcast()
    }
}

impl old::options::HostOptions for options::View<'_> {
    fn get(&mut self, options: Resource<PartOptions>, name: String) -> Result<Option<String>, LookupFailure> {
        new::options::HostOptions::get(self, options, name).map_err(failure)
    }

    fn require(&mut self, options: Resource<PartOptions>, name: String) -> Result<String, LookupFailure> {
        new::options::HostOptions::require(self, options, name).map_err(failure)
    }

    fn set(&mut self, options: Resource<PartOptions>, name: String, value: String) -> Result<(), SetFailure> {
        if self.call.phase != Phase::Init {
            return Err(old::options::SetError::AfterInit.into());
        }
        new::options::HostOptions::set(self, options, name, value).map_err(failure)
    }

    fn keys(&mut self, options: Resource<PartOptions>) -> Result<Vec<String>, LookupFailure> {
        new::options::HostOptions::keys(self, options).map_err(failure)
    }

    fn part(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<String> {
        new::options::HostOptions::part(self, options)
    }

    fn location(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<String> {
        new::options::HostOptions::location(self, options)
    }

    fn drop(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<()> {
        new::options::HostOptions::drop(self, options)
    }
}

impl old::buildout::Host for buildout::View<'_> {}

impl old::buildout::HostBuildout for buildout::View<'_> {
    fn get(
        &mut self,
        sections: Resource<Sections>,
        section: String,
        name: String,
    ) -> Result<Option<String>, LookupFailure> {
        new::buildout::HostBuildout::get(self, sections, section, name).map_err(failure)
    }

    fn require(
        &mut self,
        sections: Resource<Sections>,
        section: String,
        name: String,
    ) -> Result<String, LookupFailure> {
        new::buildout::HostBuildout::require(self, sections, section, name).map_err(failure)
    }

    fn sections(&mut self, sections: Resource<Sections>) -> Result<Vec<String>, LookupFailure> {
        new::buildout::HostBuildout::sections(self, sections).map_err(failure)
    }

    fn keys(&mut self, sections: Resource<Sections>, section: String) -> Result<Vec<String>, LookupFailure> {
        new::buildout::HostBuildout::keys(self, sections, section).map_err(failure)
    }

    fn drop(&mut self, sections: Resource<Sections>) -> wasmtime::Result<()> {
        new::buildout::HostBuildout::drop(self, sections)
    }
}

impl old::log::Host for log::View<'_> {
    fn message(&mut self, level: old::log::Level, text: String) -> wasmtime::Result<()> {
        new::log::Host::message(self, level.into(), text)
    }

    fn activity(&mut self, text: String) -> wasmtime::Result<()> {
        new::log::Host::activity(self, text)
    }
}

impl old::paths::Host for paths::View<'_> {
    fn convert_path_error(&mut self, failure: PathFailure) -> wasmtime::Result<old::paths::PathError> {
        failure.downcast()
    }

    fn created(&mut self, path: String) -> Result<(), PathFailure> {
        new::paths::Host::created(self, path).map_err(failure)
    }

    fn try_lock(&mut self, path: String) -> Result<Option<Resource<Lock>>, PathFailure> {
        new::paths::Host::try_lock(self, path).map_err(failure)
    }

    fn set_mode(&mut self, path: String, mode: u32) -> Result<(), PathFailure> {
        new::paths::Host::set_mode(self, path, mode).map_err(failure)
    }
}

impl old::paths::HostLock for paths::View<'_> {
    fn drop(&mut self, lock: Resource<Lock>) -> wasmtime::Result<()> {
        new::paths::HostLock::drop(self, lock)
    }
}

impl old::process::Host for process::View<'_> {
    fn convert_process_error(&mut self, failure: ProcessFailure) -> wasmtime::Result<old::process::ProcessError> {
        failure.downcast()
    }

    fn open(&mut self, programs: Vec<String>) -> Result<Resource<Runner>, ProcessFailure> {
        if !self.call.phase.is_making() && self.call.phase != Phase::Uninstall {
            let message = "commands run only while a part is installed, updated or uninstalled";
            return Err(old::process::ProcessError::Invalid(message.into()).into());
        }
        new::process::Host::open(self, programs).map_err(failure)
    }
}

impl old::process::HostRunner for process::View<'_> {
    fn run(
        &mut self,
        runner: Resource<Runner>,
        command: old::process::Command,
    ) -> Result<old::process::Outcome, ProcessFailure> {
        new::process::HostRunner::run(self, runner, command.into()).map(Into::into).map_err(failure)
    }

    fn environment(&mut self, runner: Resource<Runner>) -> wasmtime::Result<Vec<(String, String)>> {
        new::process::HostRunner::environment(self, runner)
    }

    fn build_directory(&mut self, runner: Resource<Runner>) -> wasmtime::Result<String> {
        new::process::HostRunner::build_directory(self, runner)
    }

    fn jobs(&mut self, runner: Resource<Runner>) -> wasmtime::Result<u32> {
        new::process::HostRunner::jobs(self, runner)
    }

    fn drop(&mut self, runner: Resource<Runner>) -> wasmtime::Result<()> {
        new::process::HostRunner::drop(self, runner)
    }
}

impl old::download::Host for download::View<'_> {
    fn convert_download_error(&mut self, failure: DownloadFailure) -> wasmtime::Result<old::download::DownloadError> {
        failure.downcast()
    }

    fn open(&mut self, addresses: Vec<String>) -> Result<Resource<Downloader>, DownloadFailure> {
        if !self.call.phase.is_making() {
            let message = "files are downloaded only while a part is installed or updated";
            return Err(old::download::DownloadError::Invalid(message.into()).into());
        }
        new::download::Host::open(self, addresses).map_err(failure)
    }
}

impl old::download::HostDownloader for download::View<'_> {
    fn fetch(
        &mut self,
        downloader: Resource<Downloader>,
        request: old::download::Request,
    ) -> Result<Resource<Fetched>, DownloadFailure> {
        new::download::HostDownloader::fetch(self, downloader, request.into()).map_err(failure)
    }

    fn drop(&mut self, downloader: Resource<Downloader>) -> wasmtime::Result<()> {
        new::download::HostDownloader::drop(self, downloader)
    }
}

impl old::download::HostFetched for download::View<'_> {
    fn sha256(&mut self, file: Resource<Fetched>) -> wasmtime::Result<String> {
        new::download::HostFetched::sha256(self, file)
    }

    fn size(&mut self, file: Resource<Fetched>) -> wasmtime::Result<u64> {
        new::download::HostFetched::size(self, file)
    }

    fn copy(&mut self, file: Resource<Fetched>, path: String) -> Result<(), DownloadFailure> {
        new::download::HostFetched::copy(self, file, path).map_err(failure)
    }

    fn unpack(
        &mut self,
        file: Resource<Fetched>,
        directory: String,
        top_level: old::download::TopLevel,
    ) -> Result<Vec<String>, DownloadFailure> {
        new::download::HostFetched::unpack(self, file, directory, top_level.into()).map_err(failure)
    }

    fn drop(&mut self, file: Resource<Fetched>) -> wasmtime::Result<()> {
        new::download::HostFetched::drop(self, file)
    }
}
