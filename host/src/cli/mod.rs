//! The command line: parses arguments, calls the library, prints, and decides the exit code. The only code that prints.

mod arguments;
mod commands;
mod hints;
mod output;
mod program;
mod prompt;
mod render;
mod signals;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;

use base::environment::Environment;
use base::source::{Blame, Explain};

use commands::{CommandLine, command_line, parse};
use output::failure;
use output::{Printer, PrinterSettings};
use program::{Program, StartError};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    // Before there is another thread: a worker of a remote executor first goes where the files are that it needs.
    if let Err(code) = commands::go_to_work() {
        return code;
    }
    let thread = std::thread::Builder::new().name("buildout".into()).stack_size(config::options::STACK_SIZE);
    match thread.spawn(main_thread) {
        // A panic is an internal error; its message is already printed.
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(failure::exit_code(Blame::Host))),
        Err(error) => fail(&StartError::of("start a thread")(error), false),
    }
}

fn main_thread() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let line = match parse(&arguments) {
        Ok(line) => line,
        Err(error) => return ExitCode::from(failure::print_clap(&error, &command_line())),
    };
    match start(&line) {
        Ok(program) => execute(&program, line),
        Err(error) => fail(&error, false),
    }
}

fn start(line: &CommandLine) -> Result<Program, StartError> {
    let environment = Environment::of_process().map_err(StartError::of("use the working directory"))?;
    let interrupt = signals::listen().map_err(StartError::of("listen to signals"))?;
    let (style, several) = line.command.style();
    let result_only = line.command.is_read_by_programs();
    let settings = PrinterSettings { style, several, result_only, color: line.color, environment: &environment };
    let printer = Printer::new(&settings);
    Ok(Program { environment, printer: Arc::new(printer), interrupt })
}

fn execute(program: &Program, line: CommandLine) -> ExitCode {
    let outcome = line.command.execute(program);
    program.printer.finish();
    // A program whose output was lost has failed in any case.
    let written = || program.printer.take_failure().map_or(Ok(()), |error| Err(failure::OutputError(error).into()));
    let Err(error) = outcome.and_then(|()| written()) else { return ExitCode::SUCCESS };
    let error = error.or_interrupted(program.interrupt.signal());
    let colors = line.color.wanted(io::stderr().is_terminal(), &program.environment);
    let failures = error.failures();
    failures.iter().for_each(|failure| failure::print(failure, colors));
    ExitCode::from(failures.iter().map(|failure| failure::exit_code(failure.blame())).max().unwrap_or(1))
}

fn fail(error: &dyn Explain, colors: bool) -> ExitCode {
    failure::print(error, colors);
    ExitCode::from(failure::exit_code(error.blame()))
}
