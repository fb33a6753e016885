//! Which parts need which others: references between options and the options that recipes read, followed through
//! sections that are not parts.

use std::collections::BTreeSet;

use base::collections::Map;
use config::options::Buildout;

/// For each of `parts`, the numbers of the parts that it references.
pub(in crate::run) fn direct(buildout: &Buildout, parts: &[&str]) -> Vec<BTreeSet<usize>> {
    follow(buildout, parts, |_, _| true)
}

/// For each of `parts`, the earlier ones that must be installed first. If a reference points to a later part (two parts
/// that read each other's options), the references of that part are followed instead.
pub(in crate::run) fn needs(buildout: &Buildout, parts: &[&str]) -> Vec<BTreeSet<usize>> {
    follow(buildout, parts, |part, target| target < part)
}

/// Follows references from each part to the nearest parts for which `counts` is true.
fn follow(buildout: &Buildout, parts: &[&str], counts: impl Fn(usize, usize) -> bool) -> Vec<BTreeSet<usize>> {
    let numbers: Map<&str, usize> = parts.iter().enumerate().map(|(number, part)| (*part, number)).collect();
    let from = |part: usize| {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::from([parts[part].to_owned()]);
        let mut left = vec![parts[part].to_owned()];
        while let Some(section) = left.pop() {
            for target in buildout.dependencies(&section) {
                match numbers.get(target.as_str()) {
                    Some(number) if *number != part && counts(part, *number) => {
                        found.insert(*number);
                    }
                    _ if seen.insert(target.clone()) => left.push(target),
                    _ => {}
                }
            }
        }
        found
    };
    (0..parts.len()).map(from).collect()
}
