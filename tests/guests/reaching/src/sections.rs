//! Lines that read and change sections: `section VERB …`.

use buildout_recipe::{Buildout, Error, Options};

use crate::Line;

pub(crate) fn act(line: &Line<'_>, buildout: &Buildout<'_>, options: Option<&Options>) -> Result<String, Error> {
    let (section, option) = (line.argument(2), line.argument(3));
    let none = || Error::fault("the part has no options here");
    Ok(match line.argument(1) {
        "get" => format!("{:?}", buildout.get(section, option)?),
        "require" => buildout.require(section, option)?,
        "raw" => format!("{:?}", buildout.raw(section, option)?),
        "keys" => buildout.keys(section)?.join(" "),
        "names" => buildout.sections()?.join(" "),
        "initialize" => done(buildout.initialize(section)?),
        "add" => done(buildout.add(section, [(option, line.rest(4))])?),
        "set" => done(buildout.set(section, option, &line.rest(4))?),
        "remove" => done(buildout.remove(section, option)?),
        "own" => done(options.ok_or_else(none)?.set(section, option)?),
        "disown" => done(options.ok_or_else(none)?.remove(section)?),
        other => return Err(Error::fault(format!("unknown verb {other}"))),
    })
}

fn done((): ()) -> String {
    "done".to_owned()
}
