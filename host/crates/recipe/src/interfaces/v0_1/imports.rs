//! The interfaces of 0.1, on the same views as the current ones, whose functions they call.

use wasmtime::component::Resource;

use super::bindings::buildout::recipe as old;
use super::bindings::{OldDownloadFailure, OldLookupFailure, OldPathFailure, OldProcessFailure, OldSetFailure};
use super::values::failure;
use crate::call::Phase;
use crate::interfaces::bindings::buildout::recipe as new;
use crate::interfaces::resources::{
    AllowedDownloads, AllowedPrograms, Fetched, HeldLock, PartOptions, ReadableSections,
};
use crate::interfaces::{buildout, download, log, options, paths, process, types};

impl old::types::Host for types::TypesView {
    fn convert_lookup_error(&mut self, failure: OldLookupFailure) -> wasmtime::Result<old::types::LookupError> {
        failure.downcast()
    }
}

impl old::types::Host for options::OptionsView<'_> {
    fn convert_lookup_error(&mut self, failure: OldLookupFailure) -> wasmtime::Result<old::types::LookupError> {
        failure.downcast()
    }
}

impl old::options::Host for options::OptionsView<'_> {
    fn convert_set_error(&mut self, failure: OldSetFailure) -> wasmtime::Result<old::options::SetError> {
        failure.downcast()
    }
}

impl old::options::HostOptions for options::OptionsView<'_> {
    fn get(&mut self, options: Resource<PartOptions>, name: String) -> Result<Option<String>, OldLookupFailure> {
        new::options::HostOptions::get(self, options, name).map_err(failure)
    }

    fn require(&mut self, options: Resource<PartOptions>, name: String) -> Result<String, OldLookupFailure> {
        new::options::HostOptions::require(self, options, name).map_err(failure)
    }

    fn set(&mut self, options: Resource<PartOptions>, name: String, value: String) -> Result<(), OldSetFailure> {
        if self.call.phase != Phase::Init {
            return Err(old::options::SetError::AfterInit.into());
        }
        new::options::HostOptions::set(self, options, name, value).map_err(failure)
    }

    fn keys(&mut self, options: Resource<PartOptions>) -> Result<Vec<String>, OldLookupFailure> {
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

impl old::buildout::Host for buildout::OptionsView<'_> {}

impl old::buildout::HostBuildout for buildout::OptionsView<'_> {
    fn get(
        &mut self,
        sections: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<Option<String>, OldLookupFailure> {
        new::buildout::HostBuildout::get(self, sections, section, name).map_err(failure)
    }

    fn require(
        &mut self,
        sections: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<String, OldLookupFailure> {
        new::buildout::HostBuildout::require(self, sections, section, name).map_err(failure)
    }

    fn sections(&mut self, sections: Resource<ReadableSections>) -> Result<Vec<String>, OldLookupFailure> {
        new::buildout::HostBuildout::sections(self, sections).map_err(failure)
    }

    fn keys(&mut self, sections: Resource<ReadableSections>, section: String) -> Result<Vec<String>, OldLookupFailure> {
        new::buildout::HostBuildout::keys(self, sections, section).map_err(failure)
    }

    fn drop(&mut self, sections: Resource<ReadableSections>) -> wasmtime::Result<()> {
        new::buildout::HostBuildout::drop(self, sections)
    }
}

impl old::log::Host for log::LogView<'_> {
    fn message(&mut self, level: old::log::Level, text: String) -> wasmtime::Result<()> {
        new::log::Host::message(self, level.into(), text)
    }

    fn activity(&mut self, text: String) -> wasmtime::Result<()> {
        new::log::Host::activity(self, text)
    }
}

impl old::paths::Host for paths::PathsView<'_> {
    fn convert_path_error(&mut self, failure: OldPathFailure) -> wasmtime::Result<old::paths::PathError> {
        failure.downcast()
    }

    fn created(&mut self, path: String) -> Result<(), OldPathFailure> {
        new::paths::Host::created(self, path).map_err(failure)
    }

    fn try_lock(&mut self, path: String) -> Result<Option<Resource<HeldLock>>, OldPathFailure> {
        new::paths::Host::try_lock(self, path).map_err(failure)
    }

    fn set_mode(&mut self, path: String, mode: u32) -> Result<(), OldPathFailure> {
        new::paths::Host::set_mode(self, path, mode).map_err(failure)
    }
}

impl old::paths::HostLock for paths::PathsView<'_> {
    fn drop(&mut self, lock: Resource<HeldLock>) -> wasmtime::Result<()> {
        new::paths::HostLock::drop(self, lock)
    }
}

impl old::process::Host for process::ProcessView<'_> {
    fn convert_process_error(&mut self, failure: OldProcessFailure) -> wasmtime::Result<old::process::ProcessError> {
        failure.downcast()
    }

    fn open(&mut self, programs: Vec<String>) -> Result<Resource<AllowedPrograms>, OldProcessFailure> {
        if !self.call.phase.is_making() && self.call.phase != Phase::Uninstall {
            let message = "commands run only while a part is installed, updated or uninstalled";
            return Err(old::process::ProcessError::Invalid(message.into()).into());
        }
        new::process::Host::open(self, programs).map_err(failure)
    }
}

impl old::process::HostRunner for process::ProcessView<'_> {
    fn run(
        &mut self,
        runner: Resource<AllowedPrograms>,
        command: old::process::Command,
    ) -> Result<old::process::Outcome, OldProcessFailure> {
        new::process::HostRunner::run(self, runner, command.into()).map(Into::into).map_err(failure)
    }

    fn environment(&mut self, runner: Resource<AllowedPrograms>) -> wasmtime::Result<Vec<(String, String)>> {
        new::process::HostRunner::environment(self, runner)
    }

    fn build_directory(&mut self, runner: Resource<AllowedPrograms>) -> wasmtime::Result<String> {
        new::process::HostRunner::build_directory(self, runner)
    }

    fn jobs(&mut self, runner: Resource<AllowedPrograms>) -> wasmtime::Result<u32> {
        new::process::HostRunner::jobs(self, runner)
    }

    fn drop(&mut self, runner: Resource<AllowedPrograms>) -> wasmtime::Result<()> {
        new::process::HostRunner::drop(self, runner)
    }
}

impl old::download::Host for download::DownloadView<'_> {
    fn convert_download_error(
        &mut self,
        failure: OldDownloadFailure,
    ) -> wasmtime::Result<old::download::DownloadError> {
        failure.downcast()
    }

    fn open(&mut self, addresses: Vec<String>) -> Result<Resource<AllowedDownloads>, OldDownloadFailure> {
        if !self.call.phase.is_making() {
            let message = "files are downloaded only while a part is installed or updated";
            return Err(old::download::DownloadError::Invalid(message.into()).into());
        }
        new::download::Host::open(self, addresses).map_err(failure)
    }
}

impl old::download::HostDownloader for download::DownloadView<'_> {
    fn fetch(
        &mut self,
        downloader: Resource<AllowedDownloads>,
        request: old::download::Request,
    ) -> Result<Resource<Fetched>, OldDownloadFailure> {
        new::download::HostDownloader::fetch(self, downloader, request.into()).map_err(failure)
    }

    fn drop(&mut self, downloader: Resource<AllowedDownloads>) -> wasmtime::Result<()> {
        new::download::HostDownloader::drop(self, downloader)
    }
}

impl old::download::HostFetched for download::DownloadView<'_> {
    fn sha256(&mut self, file: Resource<Fetched>) -> wasmtime::Result<String> {
        new::download::HostFetched::sha256(self, file)
    }

    fn size(&mut self, file: Resource<Fetched>) -> wasmtime::Result<u64> {
        new::download::HostFetched::size(self, file)
    }

    fn copy(&mut self, file: Resource<Fetched>, path: String) -> Result<(), OldDownloadFailure> {
        new::download::HostFetched::copy(self, file, path).map_err(failure)
    }

    fn unpack(
        &mut self,
        file: Resource<Fetched>,
        directory: String,
        top_level: old::download::TopLevel,
    ) -> Result<Vec<String>, OldDownloadFailure> {
        new::download::HostFetched::unpack(self, file, directory, top_level.into()).map_err(failure)
    }

    fn drop(&mut self, file: Resource<Fetched>) -> wasmtime::Result<()> {
        new::download::HostFetched::drop(self, file)
    }
}
