//! The views of a store for the interfaces: each one sees only what it may change.

use crate::interfaces::filesystem::routing as filesystem;
use crate::interfaces::{
    archives, buildout, clocks, distributions, download, log, options, paths, process, python, standard_output, system,
};

use super::store::StoreState;

impl StoreState {
    pub(super) fn options(&mut self) -> options::OptionsView<'_> {
        options::OptionsView { call: &mut self.call, table: &mut self.table }
    }

    pub(super) fn buildout(&mut self) -> buildout::OptionsView<'_> {
        buildout::OptionsView { call: &mut self.call, table: &mut self.table }
    }

    pub(super) fn log(&mut self) -> log::LogView<'_> {
        log::LogView { call: &mut self.call, output: &self.output, native: &self.native }
    }

    pub(super) fn paths(&mut self) -> paths::PathsView<'_> {
        paths::PathsView { call: &mut self.call, table: &mut self.table, native: &self.native }
    }

    pub(super) fn archives(&mut self) -> archives::ArchivesView<'_> {
        let Self { call, table, files, .. } = self;
        archives::ArchivesView { call, table, files }
    }

    pub(super) fn python(&mut self) -> python::PythonView<'_> {
        python::PythonView { call: &mut self.call, native: &self.native }
    }

    pub(super) fn system(&mut self) -> system::SystemView<'_> {
        system::SystemView { call: &mut self.call, native: &self.native }
    }

    pub(super) fn process(&mut self) -> process::ProcessView<'_> {
        let Self { call, table, native, files, .. } = self;
        process::ProcessView { call, table, native, files }
    }

    pub(super) fn distributions(&mut self) -> distributions::DistributionsView<'_> {
        let Self { call, table, native, files, .. } = self;
        distributions::DistributionsView { call, table, native, files }
    }

    pub(super) fn download(&mut self) -> download::DownloadView<'_> {
        let Self { call, table, native, files, .. } = self;
        download::DownloadView { call, table, native, files }
    }

    pub(super) fn filesystem(&mut self) -> filesystem::FilesystemView<'_> {
        let Self { wasi, table, call, files, .. } = self;
        filesystem::FilesystemView { wasi, table, call, files }
    }

    pub(super) fn standard_output(&mut self) -> standard_output::OutputView<'_> {
        standard_output::OutputView { table: &mut self.table, output: &self.output }
    }

    pub(super) fn clocks(&mut self) -> clocks::ClocksView<'_> {
        let Self { wasi, table, call, .. } = self;
        clocks::ClocksView { wasi, table, call }
    }
}
