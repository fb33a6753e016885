//! Input and output of commands that do not use their own pipes.

use confine::{CommandInput, CommandOutcome, CommandStream, ConfinementLevel};

use crate::space::ConfinementSpace;

/// The input is a file, and both streams are one, in order.
pub(crate) fn input_of_a_file_and_merged_streams(level: ConfinementLevel) {
    let space = ConfinementSpace::new();
    let file = space.outside().join("input");
    std::fs::write(&file, "x".repeat(300_000)).unwrap();
    let mut command = space.shell("wc -c; echo err >&2; echo out");
    command.stdin = CommandInput::File(std::fs::File::open(&file).unwrap());
    command.merges_stderr = true;
    let mut merged = String::new();
    let outcome = space.run_with(&command, &space.policy(level), &mut |stream, bytes| {
        assert_eq!(stream, CommandStream::Stdout);
        merged.push_str(std::str::from_utf8(bytes).unwrap());
    });
    assert_eq!((outcome.unwrap(), merged.as_str()), (CommandOutcome::Exited(0), "300000\nerr\nout\n"));
}
