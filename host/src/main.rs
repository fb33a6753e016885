//! The command `buildout-host`; everything is in the library.

fn main() -> std::process::ExitCode {
    buildout_host::cli::main()
}
