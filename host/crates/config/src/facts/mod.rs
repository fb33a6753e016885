//! The facts about the real machine and the real Python, for conditions.
//!
//! The Python is `[buildout] executable`. It is started at most once, and only when a condition needs it; what it answered can
//! be remembered for later runs. All other facts are known without it. Does not know about expressions.

mod installation;
mod memory;
mod pyenv;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use crate::condition::{Facts, PathKind, PythonFacts, System, VersionInfo};
use base::environment::Environment;
use base::files::read_at_most;

pub use installation::{directories_of_python, installation, links_of_python};
pub use memory::AnswerFile;
pub use pyenv::{behind_shim, started_by_shim};

/// Time limit for a Python to print its facts.
const PYTHON_DEADLINE: Duration = Duration::from_secs(20);

/// Maximum number of bytes read from its output.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Maximum size of `os-release`.
const LARGEST_OS_RELEASE: u64 = 1 << 20;

/// Separates the values and ends the last one: a character that does not occur in any value.
const SEPARATOR: char = '\u{1f}';

/// Run by Python 2.6 and later. Prints a separator first, because the Python may print other text before that.
///
/// With `-c`, Python imports from the working directory first. Recipes can write there, and this Python is not confined: so
/// before anything else is imported, that directory goes from the path. `sys` is built in.
const QUESTION: &str = r#"
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import platform
version = tuple(sys.version_info)
implementation = getattr(sys, 'implementation', None)
def full(info):
    info = tuple(info)
    text = '%d.%d.%d' % info[:3]
    return text if info[3] == 'final' else '%s%s%d' % (text, info[3][0], info[4])
answers = [str(part) for part in version] + [
    sys.version, platform.python_version(), platform.python_implementation(),
    implementation.name if implementation else '', full(implementation.version) if implementation else '0']
sys.stdout.write('\x1f' + '\x1f'.join(answers) + '\x1f')
"#;

/// Starts a Python with a path, arguments and a time limit; returns its output, or why there is none.
pub type StartPython = dyn Fn(&str, &[&str], Duration) -> Result<Vec<u8>, String> + Send + Sync;

/// The machine that this program runs on, and one Python.
pub struct MachineFacts {
    executable: String,
    environment: Environment,
    start: Option<Arc<StartPython>>,
    memory: Option<PathBuf>,
    python: OnceLock<Result<Arc<PythonFacts>, String>>,
}

impl MachineFacts {
    /// Facts about this machine and the Python `executable`: a path, or a name that is searched on the PATH of
    /// `environment`. Nothing is started yet.
    pub fn new(executable: impl Into<String>, environment: &Environment) -> Self {
        let (executable, environment) = (executable.into(), environment.clone());
        Self { executable, environment, start: None, memory: None, python: OnceLock::new() }
    }

    /// The same, but the Python is started by `start`: a Python that a part made must not have more privileges than the
    /// part's commands.
    #[must_use]
    pub fn started_by(self, start: Arc<StartPython>) -> Self {
        Self { start: Some(start), ..self }
    }

    /// The same, with the answers of Pythons stored below the directory `cache`: starting one takes longer than reading most
    /// configurations.
    #[must_use]
    pub fn remembered_in(self, cache: Option<PathBuf>) -> Self {
        Self { memory: cache, ..self }
    }

    /// The facts about the Python, if it was queried.
    pub fn answered(&self) -> Option<Arc<PythonFacts>> {
        self.python.get()?.clone().ok()
    }

    fn ask_python(&self, deadline: Duration) -> Result<Arc<PythonFacts>, String> {
        let executable = &self.executable;
        let failed = |why: &str| format!("cannot ask the Python `{executable}` for its version: {why}");
        let place = self.answer_file();
        let known = place.as_ref().and_then(AnswerFile::read);
        if let Some(known) = known.and_then(|answer| parse_answer(&String::from_utf8_lossy(&answer))) {
            return Ok(Arc::new(known));
        }
        let arguments = ["-E", "-S", "-B", "-c", QUESTION];
        let answer = match &self.start {
            Some(start) => start(executable, &arguments, deadline),
            None => run(executable, &arguments, &self.environment, deadline),
        };
        let answer = answer.map_err(|why| failed(&why))?;
        let python = parse_answer(&String::from_utf8_lossy(&answer))
            .ok_or_else(|| failed("it did not answer like a Python interpreter"))?;
        if let Some(place) = place {
            place.write(&answer);
        }
        Ok(Arc::new(python))
    }

    /// Where the answer of the Python is stored, if it can be said which one will answer.
    fn answer_file(&self) -> Option<AnswerFile> {
        let Environment { directory, variables, .. } = &self.environment;
        let cache = self.memory.as_ref()?;
        let program = match self.executable.contains('/') {
            true => directory.join(&self.executable),
            false => {
                let path = variables.get("PATH")?;
                let candidates = std::env::split_paths(path).map(|entry| directory.join(entry).join(&self.executable));
                candidates.into_iter().find(|candidate| candidate.is_file())?
            }
        };
        let real = started_by_shim(&program, &self.environment);
        AnswerFile::of(&real.unwrap_or(program), QUESTION, cache)
    }
}

/// The output of the Python, or why there is none.
fn run(executable: &str, arguments: &[&str], environment: &Environment, deadline: Duration) -> Result<Vec<u8>, String> {
    let mut child = Command::new(executable)
        .args(arguments)
        .env_clear()
        .envs(&environment.variables)
        .current_dir(&environment.directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        // In a separate thread, because a pipe cannot be read with a deadline. The thread ends when the pipe is closed.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let outcome = output.take(LONGEST_ANSWER).read_to_end(&mut bytes);
            let _ = sender.send(outcome.map(|_| bytes));
        });
    }
    let read = receiver.recv_timeout(deadline);
    if read.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    match read {
        Err(_) => Err(format!("it did not answer within {} seconds", deadline.as_secs_f32())),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(_)) if !status.success() => Err(format!("it ended with {status}")),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

fn parse_answer(answer: &str) -> Option<PythonFacts> {
    let mut parts = answer.split(SEPARATOR).skip(1).map(str::to_owned);
    let mut next = || parts.next();
    let version_info = VersionInfo {
        major: next()?.parse().ok()?,
        minor: next()?.parse().ok()?,
        micro: next()?.parse().ok()?,
        release_level: next()?,
        serial: next()?.parse().ok()?,
    };
    let python = PythonFacts {
        version_info,
        version: next()?,
        python_version: next()?,
        implementation: next()?,
        implementation_name: next()?,
        implementation_version: next()?,
    };
    // The text after the last separator: if it is missing, the output was cut.
    next().map(|_| python)
}

impl Facts for MachineFacts {
    fn python(&self) -> Result<Arc<PythonFacts>, String> {
        self.python.get_or_init(|| self.ask_python(PYTHON_DEADLINE)).clone()
    }

    fn system(&self) -> System {
        let names = rustix::system::uname();
        let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
        System {
            platform: match std::env::consts::OS {
                "macos" => "darwin".to_owned(),
                "windows" => "win32".to_owned(),
                other => other.to_owned(),
            },
            os_name: if cfg!(unix) { "posix" } else { "nt" }.to_owned(),
            pointer_bits: usize::BITS,
            little_endian: cfg!(target_endian = "little"),
            system: text(names.sysname()),
            release: text(names.release()),
            version: text(names.version()),
            machine: text(names.machine()),
            node: text(names.nodename()),
        }
    }

    fn os_release(&self) -> Result<Vec<(String, String)>, String> {
        let candidates = ["/etc/os-release", "/usr/lib/os-release"];
        let read = candidates.iter().find_map(|path| read_at_most(Path::new(path), LARGEST_OS_RELEASE).ok());
        let bytes = read.ok_or_else(|| format!("cannot read any of the files {}", candidates.join(", ")))?;
        Ok(parse_os_release(&String::from_utf8_lossy(&bytes)))
    }

    fn look(&self, path: &Path) -> Option<PathKind> {
        let kind = std::fs::metadata(self.environment.directory.join(path)).ok()?.file_type();
        Some(match () {
            () if kind.is_dir() => PathKind::Directory,
            () if kind.is_file() => PathKind::File,
            () => PathKind::Other,
        })
    }
}

/// The lines of an `os-release` file, parsed like Python's `platform`: starts with three defaults, ignores lines that
/// are not assignments, removes one pair of quotes and the backslashes before characters that are special in a shell.
fn parse_os_release(text: &str) -> Vec<(String, String)> {
    let defaults = [("NAME", "Linux"), ("ID", "linux"), ("PRETTY_NAME", "Linux")];
    let mut found: Vec<(String, String)> = defaults.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
        let value = unescape(quoted('"').or_else(|| quoted('\'')).unwrap_or(value));
        match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => found.push((name.to_owned(), value)),
        }
    }
    found
}

fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(c) = characters.next() {
        let escaped = characters.next_if(|next| c == '\\' && r#"\$"'`"#.contains(*next));
        plain.push(escaped.unwrap_or(c));
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::condition::evaluate;

    fn environment(directory: &Path) -> Environment {
        let variables = [("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())].into();
        Environment { directory: directory.to_owned(), home: None, variables }
    }

    /// A program that replaces a Python. Another process writes it: if this process had the file open for writing, a
    /// concurrent fork in another test would make it "busy".
    fn script(directory: &Path, text: &str) -> String {
        let path = directory.join("python").to_str().unwrap().to_owned();
        let write = r#"printf '%s\n' "$1" > "$2" && chmod +x "$2""#;
        let text = format!("#!/bin/sh\n{text}");
        assert!(Command::new("/bin/sh").args(["-c", write, "sh", &text, &path]).status().unwrap().success());
        path
    }

    #[test]
    fn python_is_asked_once() {
        let directory = tempfile::tempdir().unwrap();
        let answer =
            r"noise\0373\03711\0372\037final\0370\0373.11.2 (main)\0373.11.2\037CPython\037cpython\0373.11.2\037";
        let text = format!("echo asked >> {}/log; printf '{answer}'", directory.path().display());
        let facts = MachineFacts::new(script(directory.path(), &text), &environment(directory.path()));
        assert_eq!(evaluate("python311 and sys.version_info[:2] == (3, 11)", &facts), Ok(true));
        assert_eq!(evaluate("python_version >= '3.10'", &facts), Ok(true));
        assert_eq!(std::fs::read_to_string(directory.path().join("log")).unwrap(), "asked\n");
    }

    #[test]
    fn modules_in_the_working_directory_are_not_imported() {
        let directory = tempfile::tempdir().unwrap();
        for module in ["platform", "encodings", "subprocess"] {
            std::fs::write(directory.path().join(format!("{module}.py")), "open('imported', 'w')").unwrap();
        }
        let facts = MachineFacts::new("python3".to_owned(), &environment(directory.path()));
        assert_eq!(evaluate("python_version >= '3'", &facts), Ok(true));
        assert!(!directory.path().join("imported").exists());
    }

    #[test]
    fn what_a_python_answered_is_remembered_until_it_changes() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(directory.path());
        let cache = Some(directory.path().join("cache"));
        let started = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        // A copy of a program, as a script is not remembered; what it is, does not matter.
        let python = directory.path().join("python");
        std::fs::copy("/bin/true", &python).unwrap();
        let ask = |executable: &str| {
            let count = Arc::clone(&started);
            let start = move |_: &str, _: &[&str], _: Duration| {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok(b"\x1f3\x1f11\x1f2\x1ffinal\x1f0\x1f3.11.2\x1f3.11.2\x1fCPython\x1fcpython\x1f3.11.2\x1f".to_vec())
            };
            let facts = MachineFacts::new(executable, &environment).started_by(Arc::new(start));
            assert_eq!(facts.remembered_in(cache.clone()).python().unwrap().version_info.minor, 11);
            started.load(std::sync::atomic::Ordering::Relaxed)
        };
        let name = python.to_str().unwrap();
        assert_eq!((ask(name), ask(name), ask("./python")), (1, 1, 2));
        std::fs::write(&python, [std::fs::read(&python).unwrap().as_slice(), b"x"].concat()).unwrap();
        assert_eq!(ask(name), 3, "another program");
        std::fs::write(&python, "#!/bin/sh\n").unwrap();
        assert_eq!((ask(name), ask(name)), (4, 5), "a script may start any Python");
    }

    #[test]
    fn a_python_that_cannot_be_asked_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(directory.path());
        let missing = MachineFacts::new("/nonexistent/python", &environment).python().unwrap_err();
        assert!(missing.contains("`/nonexistent/python`") && missing.contains("No such file"), "{missing}");
        for (text, why) in
            [("exit 3", "exit status: 3"), ("echo hello", "like a Python"), ("printf '\\0373\\03711'", "like a Python")]
        {
            let facts = MachineFacts::new(script(directory.path(), text), &environment);
            let error = facts.python().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_python_that_hangs_is_stopped() {
        let directory = tempfile::tempdir().unwrap();
        let executable = script(directory.path(), "exec sleep 60");
        let facts = MachineFacts::new(executable, &environment(directory.path()));
        let start = Instant::now();
        let error = facts.ask_python(Duration::from_millis(100)).unwrap_err();
        assert!(error.contains("did not answer"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn os_release_is_read_as_python_reads_it() {
        let text = "# comment\nID=debian\nVERSION_ID=\"12\"\nA='b c'\nB=\"half\nC=\"\\$x \\\"y\\\" \\n\"\n no=1\nD=\n";
        let found = parse_os_release(text);
        let expected = [
            ("NAME", "Linux"),
            ("ID", "debian"),
            ("PRETTY_NAME", "Linux"),
            ("VERSION_ID", "12"),
            ("A", "b c"),
            ("B", "\"half"),
            ("C", "$x \"y\" \\n"),
            ("D", ""),
        ];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    /// If a Python is available, it agrees with this machine on every fact. (Otherwise nothing is compared.)
    #[test]
    fn facts_are_those_of_python3() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(directory.path());
        let question = "import sys, os, platform as p; print('\\n'.join([sys.platform, os.name, str(sys.maxsize), \
            sys.byteorder, p.machine(), p.release(), p.system(), p.version(), p.node(), p.python_version(), \
            p.python_implementation(), repr(sorted(p.freedesktop_os_release().items()))]))";
        let mut python = Command::new("python3");
        let Ok(output) = python.env_clear().envs(&environment.variables).args(["-c", question]).output() else {
            return;
        };
        let printed = String::from_utf8(output.stdout).unwrap();
        let facts = MachineFacts::new("python3", &environment);
        let expressions = [
            "sys.platform",
            "os.name",
            "str(sys.maxsize)",
            "sys.byteorder",
            "platform.machine()",
            "platform.release()",
            "platform.system()",
            "platform.version()",
            "platform.node()",
            "platform.python_version()",
            "platform.python_implementation()",
        ];
        let lines: Vec<&str> = printed.lines().collect();
        for (expression, line) in expressions.iter().zip(&lines) {
            assert_eq!(evaluate(&format!("{expression} == {line:?} or 0"), &facts), Ok(true), "{expression} {line}");
        }
        let mut release = facts.os_release().unwrap();
        release.sort();
        let shown: Vec<String> = release.iter().map(|(key, value)| format!("('{key}', '{value}')")).collect();
        assert_eq!(format!("[{}]", shown.join(", ")), lines[expressions.len()]);
    }
}
