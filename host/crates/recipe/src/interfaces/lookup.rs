//! Lookups of options for recipes: a failure is kept, so that the recipe can fail with it without losing details.

use config::options::{OptionError, OptionProblem};

use super::bindings::LookupFailure;
use super::bindings::buildout::recipe::types::{LookupError, LookupReason, UnnamedError};
use crate::call::Call;
use crate::limits;

/// Looks up an option. Resolving a value may initialize other parts: that time does not count for this recipe.
pub(super) fn look_up<T>(call: &mut Call, look: impl FnOnce() -> Result<T, OptionError>) -> Result<T, LookupFailure> {
    let number = call.lookup_errors.len();
    if number >= limits::LOOKUP_ERRORS {
        let message = format!("more than {} failed lookups", limits::LOOKUP_ERRORS);
        return Err(LookupError { reason: LookupReason::Limit, message, reference: u32::MAX }.into());
    }
    call.pausing(look).map_err(|error| {
        let reference = u32::try_from(number).unwrap_or(u32::MAX);
        let failure = LookupError { reason: reason(error.problem()), message: error.to_string(), reference };
        call.lookup_errors.push(error);
        failure.into()
    })
}

/// The failure of a lookup in a call without a buildout.
pub(super) fn no_buildout() -> LookupError {
    let message = "no section can be read in this call".to_owned();
    let reason = LookupReason::Other(UnnamedError { code: "no-buildout".to_owned(), message: message.clone() });
    LookupError { reason, message, reference: u32::MAX }
}

fn reason(problem: &OptionProblem) -> LookupReason {
    match problem {
        OptionProblem::UnknownSection { .. } => LookupReason::UnknownSection,
        OptionProblem::UnknownOption { .. } => LookupReason::UnknownOption,
        OptionProblem::Circle(_) => LookupReason::Cycle,
        OptionProblem::Reference(_) | OptionProblem::TooDeep(_) | OptionProblem::Recipe(_) => LookupReason::Failed,
    }
}
