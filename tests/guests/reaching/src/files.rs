//! Lines that look at files and change them: `file VERB …`. `@` is the part's temporary directory.

use std::fs;

use buildout_recipe::{
    Context as _, Error, Permissions, TopLevel, access, archives, look, make_link, read_link, set_mode,
    temporary_directory,
};

use crate::Line;

pub(crate) fn act(line: &Line<'_>) -> Result<String, Error> {
    let path = |number: usize| place(line.argument(number));
    Ok(match line.argument(1) {
        "look" => {
            let status = look(path(2)?, line.argument(3) != "link")?;
            format!("{:?} {:o} {}", status.kind, status.mode, status.size)
        }
        "access" => letters(access(path(2)?)),
        "mode" => done(set_mode(path(2)?, 0o640)?),
        "link" => done(make_link(line.argument(2), path(3)?)?),
        "target" => read_link(path(2)?)?,
        "unpack" => archives::unpack(path(2)?, path(3)?, TopLevel::StripIfSingle)?.join(" "),
        "decompress" => archives::decompress(path(2)?, path(3)?)?.to_string(),
        "temporary" => temporary_directory()?,
        "read" => fs::read_to_string(path(2)?).context("reading")?,
        "write" => done(fs::write(path(2)?, line.rest(3)).context("writing")?),
        "make" => done(fs::create_dir_all(path(2)?).context("making")?),
        "remove" => done(fs::remove_file(path(2)?).context("removing")?),
        "is-directory" => fs::metadata(path(2)?).context("looking")?.is_dir().to_string(),
        "list" => {
            let mut names = Vec::new();
            for entry in fs::read_dir(path(2)?).context("listing")? {
                names.push(entry.context("listing")?.file_name().to_string_lossy().into_owned());
            }
            names.sort();
            names.join(" ")
        }
        other => return Err(Error::fault(format!("unknown verb {other}"))),
    })
}

/// The path that an argument names.
pub(crate) fn place(argument: &str) -> Result<String, Error> {
    match argument.strip_prefix('@') {
        Some(rest) => Ok(format!("{}{rest}", temporary_directory()?)),
        None => Ok(argument.to_owned()),
    }
}

fn letters(allowed: Permissions) -> String {
    let letters = [(allowed.read, 'r'), (allowed.write, 'w'), (allowed.execute, 'x')];
    letters.into_iter().filter(|(is_allowed, _)| *is_allowed).map(|(_, letter)| letter).collect()
}

fn done((): ()) -> String {
    "done".to_owned()
}
