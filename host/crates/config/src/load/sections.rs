//! Sections while they are read, and how later ones change earlier ones.

use std::sync::Arc;

use crate::merge::SectionEffect;
use crate::{ConfigError, Options};
use base::collections::OrderedMap;
use base::source::Place;

/// Options and header of each section.
pub(super) type LoadedSections = OrderedMap<Arc<str>, (Options, Option<Place>)>;

/// Like zc.buildout's `_update`: existing sections are changed, others are added unchanged.
pub(super) fn update(data: &mut LoadedSections, later: &LoadedSections) -> Result<(), ConfigError> {
    for (name, (options, place)) in later {
        let effect = SectionEffect::of_options(options.clone(), place.clone())?;
        apply(data, name, &effect)?;
    }
    Ok(())
}

pub(super) fn apply(data: &mut LoadedSections, name: &Arc<str>, effect: &SectionEffect) -> Result<(), ConfigError> {
    let (options, place) = match data.get_mut(name) {
        Some((options, place)) => (effect.over(std::mem::take(options))?, effect.place().cloned().or(place.take())),
        None => (effect.first().clone(), effect.place().cloned()),
    };
    data.insert(Arc::clone(name), (options, place));
    Ok(())
}
