//! Lines about commands, the machine, the buildout's Python, and messages.

use buildout_recipe::log::{Level, message_from, threshold};
use buildout_recipe::{
    Command, Download, Downloader, Error, Runner, environment, find_program, python, system, temporary_directory,
};

use crate::Line;
use crate::files::place;

pub(crate) fn act(line: &Line<'_>) -> Result<String, Error> {
    Ok(match line.argument(0) {
        "sh" => shell(Command::new("sh").arg("-c").arg(line.rest(1)).capture())?,
        "sh-merged" => shell(Command::new("sh").arg("-c").arg(line.rest(1)).capture().merge_error())?,
        "sh-errors" => {
            let command = Command::new("sh").arg("-c").arg(line.rest(1)).discard().capture_error();
            text(&command.run(&Runner::open(&["sh"])?)?.captured_error)
        }
        "sh-alone" => shell(Command::new("/usr/bin/env").env("ONLY", "this").only_environment().capture())?,
        "sh-from" => shell(Command::new("cat").input_file(place(line.argument(1))?).capture())?,
        "sh-to" => shell(Command::new("echo").arg(line.argument(2)).output_file(place(line.argument(1))?))?,
        "sh-onto" => shell(Command::new("echo").arg(line.argument(2)).append_output(place(line.argument(1))?))?,
        "start" => shell(Command::new(line.argument(1)))?,
        "find" => {
            let directories: Vec<&str> = line.0.iter().skip(2).copied().collect();
            let directories = (!directories.is_empty()).then_some(directories.as_slice());
            find_program(line.argument(1), directories).unwrap_or_else(|| "nothing".to_owned())
        }
        "variable" => environment().get(line.argument(1)).cloned().unwrap_or_else(|| "unset".to_owned()),
        "fetch" => {
            let downloader = Downloader::open(&["*"])?;
            let mut download = Download::new(line.argument(1));
            if !line.argument(2).is_empty() {
                download = download.header(line.argument(2), line.argument(3));
            }
            let file = download.fetch(&downloader)?;
            let kind = file.headers().into_iter().find(|(name, _)| name == "content-type").map(|(_, kind)| kind);
            format!("{} {} {kind:?}", text(&file.read(1, 3)?), file.address())
        }
        "python" => {
            let found = python::interpreter()?;
            let version = &found.version_info;
            format!("{} {}.{}", found.executable, version.major, version.minor)
        }
        "tags" => python::compatible_tags()?.last().cloned().unwrap_or_default(),
        "machine" => {
            let machine = system::machine();
            format!("{} {} {}", machine.system, machine.node, machine.processor)
        }
        "account" => {
            let account = system::account();
            format!("{} {} {} {:04o}", account.user_id, account.user_name, account.group_id, account.umask)
        }
        "say" => {
            message_from(line.argument(1), Level::Warning, &line.rest(2));
            String::new()
        }
        "threshold" => threshold().to_string(),
        "temporary" => temporary_directory()?,
        other => return Err(Error::fault(format!("unknown verb {other}"))),
    })
}

fn shell(command: Command) -> Result<String, Error> {
    let runner = Runner::open(&["*"])?;
    Ok(text(&command.run(&runner)?.check()?))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().replace('\n', "|")
}
