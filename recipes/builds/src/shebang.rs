//! Scripts whose first line is longer than some kernels read. Each is started by a short script of the same name.
//!
//! A part, and especially a shared one, may be many directories deep. Its `#!/…/python3` can be longer than the 127 bytes
//! that Linux read before 5.1.

use std::io::Read as _;

use buildout_recipe::{Command, Error, Runner, activity};

/// The number of bytes of the first line, including its line end, that every kernel reads.
const READ: usize = 128;

/// Renames each argument to `NAME.shebang` and replaces it with a script that starts it. Preserves permissions.
const SCRIPT: &str = r##"
for script in "$@"; do
    mv -- "$script" "$script.shebang"
    cp -p -- "$script.shebang" "$script"
    [ -w "$script" ] || { chmod u+w -- "$script"; protect=1; }
    cat > "$script" <<'END'
#!/bin/sh
# Starts NAME.shebang, whose first line is longer than some kernels read.
IFS= read -r line < "$0.shebang"
line=${line#??}
line=${line#"${line%%[! 	]*}"}
interpreter=${line%%[ 	]*}
argument=${line#"$interpreter"}
argument=${argument#"${argument%%[! 	]*}"}
argument=${argument%"${argument##*[! 	]}"}
exec "$interpreter" ${argument:+"$argument"} "$0.shebang" "$@"
END
    [ -z "${protect-}" ] || chmod u-w -- "$script"
    protect=
done
"##;

/// Repairs the scripts in `bin` and `sbin` of `location`.
pub(crate) fn repair(runner: &Runner, location: &str) -> Result<(), Error> {
    let mut scripts = Vec::new();
    for directory in ["bin", "sbin"] {
        let Ok(entries) = std::fs::read_dir(format!("{location}/{directory}")) else { continue };
        for entry in entries.flatten() {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && entry.path().to_str().is_some_and(is_too_long) {
                scripts.extend(entry.path().to_str().map(str::to_owned));
            }
        }
    }
    if scripts.is_empty() {
        return Ok(());
    }
    scripts.sort();
    activity("shebang");
    let shell = Command::new("/bin/sh").args(["-c", &format!("set -e;{SCRIPT}"), "shebang"]).args(scripts);
    shell.directory(location).run(runner)?.check()?;
    Ok(())
}

/// Whether the file starts with `#!` and its first line is too long.
fn is_too_long(path: &str) -> bool {
    let mut head = Vec::with_capacity(READ);
    let read = std::fs::File::open(path).and_then(|file| file.take(READ as u64).read_to_end(&mut head));
    read.is_ok() && head.len() == READ && head.starts_with(b"#!") && !head.contains(&b'\n')
}
