//! Pages from the network, each requested once per run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::event::Report;
use distributions::index::{Page, PageDownloads, Web, WebError};

/// A page; `None` until it is requested.
type PageSlot = Arc<Mutex<Option<Option<Page>>>>;

/// Keeps the pages of a run.
pub(super) struct Once {
    network: PageDownloads,
    pages: Mutex<BTreeMap<(String, bool), PageSlot>>,
}

impl Once {
    pub(super) fn new(network: PageDownloads) -> Self {
        Self { network, pages: Mutex::default() }
    }
}

impl Web for Once {
    fn page(&self, url: &str, is_index: bool, report: &dyn Report) -> Result<Option<Page>, WebError> {
        let key = (url.to_owned(), is_index);
        let slot = Arc::clone(self.pages.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*slot {
            return Ok(known.clone());
        }
        let page = self.network.page(url, is_index, report)?;
        Ok(slot.insert(page).clone())
    }

    fn bytes(&self, url: &str, report: &dyn Report) -> Result<Option<Vec<u8>>, WebError> {
        self.network.bytes(url, report)
    }

    /// In later runs: in this one, all parts see the same pages.
    fn forget(&self, url: &str) {
        self.network.forget(url);
    }
}
