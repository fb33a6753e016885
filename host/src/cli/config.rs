use crate::{config::Configuration, options::Buildout, run::RunError};
pub(super) fn annotate(_c: &Configuration, _s: &[String], _v: bool) -> Result<String, RunError> {
    Ok(String::new())
}
pub(super) fn query(_c: &Configuration, _s: &str, _v: bool) -> Result<String, RunError> {
    Ok(String::new())
}
pub(super) fn config(_c: &Buildout, _s: &[String], _v: bool) -> Result<String, RunError> {
    Ok(String::new())
}
