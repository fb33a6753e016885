//! The buildouts that are measured: made from nothing, the same each time.

use std::fs;
use std::path::Path;

use xtask::workspace::CommandFailure;

/// Files of the profile.
const FILES: usize = 45;

/// Paths of `extends` by which they are reached, all together.
const PATHS: usize = 359;

/// Neither tool may ask the network.
const SETTINGS: &str = "newest = false\noffline = true\n";

/// Files by their names.
pub(crate) type BuildoutFiles = Vec<(String, String)>;

/// One part.
pub(crate) fn one_part() -> BuildoutFiles {
    many_parts(1)
}

/// So many parts, each a directory.
pub(crate) fn many_parts(count: usize) -> BuildoutFiles {
    let names: Vec<String> = (0..count).map(|number| format!("part-{number}")).collect();
    let sections: String =
        names.iter().map(|name| format!("\n[{name}]\nrecipe = mkdir\npath = made-{name}\n")).collect();
    let text = format!("[buildout]\n{SETTINGS}parts =\n  {}\n{sections}", names.join("\n  "));
    vec![("buildout.cfg".to_owned(), text)]
}

/// A profile of the shape of a SlapOS stack: 45 files that extend one another so that 359 paths lead from the first to
/// all of them, with some 400 options.
pub(crate) fn profile() -> BuildoutFiles {
    let extends = graph();
    (0..FILES).map(|number| (name(number), text(number, &extends[number]))).collect()
}

fn name(number: usize) -> String {
    if number == 0 { "buildout.cfg".to_owned() } else { format!("component-{number}.cfg") }
}

fn text(number: usize, extends: &[usize]) -> String {
    let mut text = "[buildout]\n".to_owned();
    if !extends.is_empty() {
        let names: Vec<String> = extends.iter().map(|file| name(*file)).collect();
        text.push_str(&format!("extends =\n  {}\n", names.join("\n  ")));
    }
    if number == 0 {
        text.push_str(SETTINGS);
    }
    text.push_str(&format!(
        "parts {operator} component-{number}\n\n\
         [component-{number}]\nrecipe = mkdir\npath = component-{number}\nshared = true\n\
         md5sum = {number:032x}\n\
         url = https://example.com/component-${{versions:component-{number}}}.tar.xz\n\
         environment =\n  PATH=${{buildout:bin-directory}}:%(PATH)s\n  CPPFLAGS=-I${{buildout:directory}}/include\n\n\
         [versions]\ncomponent-{number} = 1.{number}\ntotal {operator} {number}\n",
        operator = if number + 1 == FILES { "=" } else { "+=" },
    ));
    text
}

/// Which files each file extends. The paths to a file are those to all that extend it, so a file that is to be reached by
/// so many paths is extended by files whose paths add up to that.
fn graph() -> Vec<Vec<usize>> {
    let mut extends = vec![Vec::new(); FILES];
    let mut paths = vec![1_usize];
    for number in 1..FILES {
        let left = PATHS - paths.iter().sum::<usize>();
        let mut wanted = (left / (FILES - number)).min(number);
        paths.push(wanted);
        // From a place that moves, so that the files form neither one chain nor one star.
        for step in 0..number {
            let above = (number * 7 + number - 1 - step) % number;
            if paths[above] <= wanted {
                wanted -= paths[above];
                extends[above].push(number);
            }
        }
        // What does not come out exactly is fewer paths here, and more for the files that follow.
        paths[number] -= wanted;
    }
    extends
}

/// Writes the files into a directory that holds nothing else.
pub(crate) fn write(directory: &Path, files: &[(String, String)]) -> Result<(), CommandFailure> {
    let failed = |error| CommandFailure::new(format!("{}: {error}", directory.display()));
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(failed)?;
    }
    fs::create_dir_all(directory).map_err(failed)?;
    files.iter().try_for_each(|(name, text)| fs::write(directory.join(name), text)).map_err(failed)
}

/// Removes all but the configuration.
pub(crate) fn clear(directory: &Path) -> Result<(), CommandFailure> {
    let failed = |error| CommandFailure::new(format!("{}: {error}", directory.display()));
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "cfg") && !path.ends_with(".installed.cfg") {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_the_shape_that_is_said() {
        let extends = graph();
        let mut paths = vec![0_usize; FILES];
        paths[0] = 1;
        for file in 0..FILES {
            for below in &extends[file] {
                assert!(*below > file);
                paths[*below] += paths[file];
            }
        }
        assert!(paths.iter().all(|count| *count > 0), "{paths:?}");
        assert_eq!(paths.iter().sum::<usize>(), PATHS, "{paths:?}");
        let options: usize =
            profile().iter().map(|(_, text)| text.lines().filter(|line| line.contains(" =")).count()).sum();
        assert!((350..450).contains(&options), "{options}");
    }
}
