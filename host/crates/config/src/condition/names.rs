//! The names in conditions: zc.buildout's names (`python3`, `linux`, `bits64` …), the modules that it provides, and the
//! supported built-in functions.
//!
//! A fact is determined only when its name is evaluated.

use std::path::Path;
use std::rc::Rc;

use super::facts::{Facts, PathKind, PythonFacts, System};
use super::value::{Function, Module, Value};

/// Versions of Python that zc.buildout 6 has a name for (`python24` … `python319`).
const PYTHONS: [&str; 24] = [
    "24", "25", "26", "27", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39", "310", "311", "312", "313",
    "314", "315", "316", "317", "318", "319",
];

/// The value of a name or attribute, `None` if it is not supported.
pub(super) type Lookup = Result<Option<Value>, String>;

/// The value of a name that is not bound by a comprehension.
pub(super) fn name(name: &str, facts: &dyn Facts) -> Lookup {
    let system = || facts.system();
    let platform_has = |part: &str| facts.system().platform.to_lowercase().contains(part);
    let value = match name {
        "sys" => Value::Module(Module::Sys),
        "os" => Value::Module(Module::Os),
        "platform" => Value::Module(Module::Platform),
        "int" => Value::Function(Function::Int),
        "str" => Value::Function(Function::Str),
        "bool" => Value::Function(Function::Bool),
        "len" => Value::Function(Function::Len),
        "tuple" => Value::Function(Function::Tuple),
        "list" => Value::Function(Function::List),
        "linux" => Value::Boolean(platform_has("linux")),
        "windows" => Value::Boolean(platform_has("win32")),
        "cygwin" => Value::Boolean(platform_has("cygwin")),
        "solaris" => Value::Boolean(platform_has("sunos")),
        "macosx" => Value::Boolean(platform_has("darwin")),
        "posix" => Value::Boolean(system().os_name.to_lowercase().contains("posix")),
        "bits32" => Value::Boolean(system().pointer_bits == 32),
        "bits64" => Value::Boolean(system().pointer_bits == 64),
        "little_endian" => Value::Boolean(system().little_endian),
        "big_endian" => Value::Boolean(!system().little_endian),
        _ => return python_name(name, facts),
    };
    Ok(Some(value))
}

/// Names that depend on the Python.
fn python_name(name: &str, facts: &dyn Facts) -> Lookup {
    let says = |part: &str| -> Result<bool, String> { Ok(facts.python()?.version.to_lowercase().contains(part)) };
    let value = match name {
        "pypy" => says("pypy")?,
        "jython" => says("java")?,
        "ironpython" => says("iron")?,
        "cpython" => !(says("pypy")? || says("java")? || says("iron")?),
        _ => match name.strip_prefix("python") {
            Some(major @ ("2" | "3")) => version_parts(&*facts.python()?)[0] == major,
            Some(both) if PYTHONS.contains(&both) => version_parts(&*facts.python()?)[..2].concat() == both,
            _ => return Ok(None),
        },
    };
    Ok(Some(Value::Boolean(value)))
}

/// `platform.python_version_tuple()`.
fn version_parts(python: &PythonFacts) -> [String; 3] {
    let mut parts = python.python_version.splitn(3, '.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The value of `module.name`.
pub(super) fn attribute(module: Module, name: &str, facts: &dyn Facts) -> Lookup {
    Ok(Some(match (module, name) {
        (Module::Sys, "version_info") => version_info(&*facts.python()?),
        (Module::Sys, "version") => Value::text(facts.python()?.version.as_str()),
        (Module::Sys, "platform") => Value::text(facts.system().platform),
        (Module::Sys, "maxsize") => Value::Integer((1_i128 << (facts.system().pointer_bits.min(64) - 1)) - 1),
        (Module::Sys, "byteorder") => Value::text(if facts.system().little_endian { "little" } else { "big" }),
        (Module::Os, "name") => Value::text(facts.system().os_name),
        (Module::Os, "path") => Value::Module(Module::OsPath),
        (Module::OsPath, "isdir") => Value::Function(Function::IsDirectory),
        (Module::OsPath, "isfile") => Value::Function(Function::IsFile),
        (Module::OsPath, "exists") => Value::Function(Function::Exists),
        (Module::Platform, "machine") => Value::Function(Function::Machine),
        (Module::Platform, "release") => Value::Function(Function::Release),
        (Module::Platform, "system") => Value::Function(Function::System),
        (Module::Platform, "version") => Value::Function(Function::Version),
        (Module::Platform, "node") => Value::Function(Function::Node),
        (Module::Platform, "python_version") => Value::Function(Function::PythonVersion),
        (Module::Platform, "python_version_tuple") => Value::Function(Function::PythonVersionTuple),
        (Module::Platform, "python_implementation") => Value::Function(Function::PythonImplementation),
        (Module::Platform, "freedesktop_os_release") => Value::Function(Function::OsRelease),
        _ => return Ok(None),
    }))
}

fn version_info(python: &PythonFacts) -> Value {
    let version = &python.version_info;
    let number = |part: u32| Value::Integer(part.into());
    let (level, serial) = (Value::text(version.release_level.as_str()), number(version.serial));
    Value::VersionInfo(
        [number(version.major), number(version.minor), number(version.micro), level, serial].into_iter().collect(),
    )
}

/// The index in `sys.version_info` of a named element.
pub(super) fn version_info_index(attribute: &str) -> Option<usize> {
    ["major", "minor", "micro", "releaselevel", "serial"].iter().position(|name| *name == attribute)
}

/// Calls a function without arguments that returns a fact; `None` if `function` is another one.
pub(super) fn ask(function: Function, facts: &dyn Facts) -> Lookup {
    let of_system = |pick: fn(System) -> String| Value::text(pick(facts.system()));
    Ok(Some(match function {
        Function::Machine => of_system(|system| system.machine),
        Function::Release => of_system(|system| system.release),
        Function::System => of_system(|system| system.system),
        Function::Version => of_system(|system| system.version),
        Function::Node => of_system(|system| system.node),
        Function::PythonVersion => Value::text(facts.python()?.python_version.as_str()),
        Function::PythonImplementation => Value::text(facts.python()?.implementation.as_str()),
        Function::PythonVersionTuple => {
            Value::Tuple(version_parts(&*facts.python()?).into_iter().map(Value::text).collect())
        }
        Function::OsRelease => {
            let items = facts.os_release()?;
            Value::Mapping(items.into_iter().map(|(key, value)| (Rc::from(key), Rc::from(value))).collect())
        }
        _ => return Ok(None),
    }))
}

/// `os.path.isdir`, `isfile`, `exists`; `None` if `function` is another one.
pub(super) fn look(function: Function, path: &str, facts: &dyn Facts) -> Option<bool> {
    // An empty path or one with NUL does not exist: Python returns False, without an error.
    let found = || if path.is_empty() || path.contains('\0') { None } else { facts.look(Path::new(path)) };
    match function {
        Function::IsDirectory => Some(found() == Some(PathKind::Directory)),
        Function::IsFile => Some(found() == Some(PathKind::File)),
        Function::Exists => Some(found().is_some()),
        _ => None,
    }
}
