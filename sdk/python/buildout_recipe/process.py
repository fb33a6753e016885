"""Native commands. The operating system confines them. Without the grant `network`, they have no network.

::

    from buildout_recipe.process import Runner

    with Runner("make") as runner:
        runner.run("make", "install", directory=runner.build_directory).check()

A recipe needs the grant `run` for each program (`buildout_recipe.grant.run`). A runner can be used in the call that made it. In
`init`, commands may write only to the part's temporary directory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType

from componentize_py_types import Err
from wit_world.imports import process as _wit

from ._errors import RecipeError, kebab


class ProcessError(RecipeError):
    """A command could not be started. `reason` is `not-granted`, `not-found`, `not-executable`, `invalid`, `limit` or
    another word."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
        # The user decides what is installed and what is granted.
        self.user = reason in ("not-granted", "not-found", "not-executable")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command."""

    program: str
    """The program."""
    status: int | None
    """Its exit status (0 is success), or none if it was killed."""
    signal: int | None
    """The signal that killed it, or none."""
    captured: bytes
    """Its standard output, if captured."""
    captured_error: bytes
    """Its standard error, if captured."""

    @property
    def success(self) -> bool:
        """Whether it exited with status 0."""
        return self.status == 0

    @property
    def timed_out(self) -> bool:
        """Whether it was killed at its deadline."""
        return self.status is None and self.signal is None

    def check(self) -> bytes:
        """Returns the captured output of a successful command; raises an error for a failed one."""
        if self.success:
            return self.captured
        ending = (
            f"exited with status {self.status}" if self.status is not None
            else f"was killed by signal {self.signal}" if self.signal is not None
            else "exceeded its deadline"
        )
        raise CommandFailed(f"{self.program} {ending}")


class CommandFailed(RecipeError):
    """A command failed. Printed without a traceback."""

    user = True


def environment() -> dict[str, str]:
    """As `Runner.environment`, without a runner."""
    return dict(_wit.environment())


def find(program: str, directories: list[str] | None = None) -> str | None:
    """The path of the program in `directories`, or in the `PATH` of `environment`; none if commands and the recipe do not see one."""
    return _wit.find(program, directories)


class Runner:
    """Starts commands. `programs` lists the allowed ones: names, absolute paths, or `*` for all."""

    def __init__(self, *programs: str) -> None:
        try:
            self._lent = _wit.open(list(programs))
        except Err as error:
            raise _process_error(error) from None

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lent.__exit__(kind, error, traceback)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of each command. It contains only the granted variables of the user's environment."""
        return dict(self._lent.environment())

    @property
    def build_directory(self) -> str:
        """The absolute path of the part's build directory. The recipe creates and removes it."""
        return self._lent.build_directory()

    @property
    def jobs(self) -> int:
        """The number of processors that the part may use. `make` needs no `-j`: it uses the host's jobserver."""
        return self._lent.jobs()

    def run(
        self,
        program: str,
        *arguments: str,
        directory: str = "/",
        environment: Mapping[str, str] | None = None,
        only_environment: bool = False,
        input: bytes = b"",
        input_file: str | None = None,
        deadline: timedelta | None = None,
        show: bool = False,
        capture: bool = False,
        capture_error: bool = False,
        merge_error: bool = False,
        output_file: str | None = None,
        append: bool = False,
    ) -> Outcome:
        """Runs a command and waits for it. A failure of the command is an outcome, not an error: see `Outcome.check`.

        `environment` is added to the runner's environment, or replaces it (`only_environment`). The output of the command goes
        to the part's log; `show` also shows it immediately. `capture` and `capture_error` return the standard output and the
        standard error, `output_file` writes the standard output to a file, and `merge_error` merges the two. Paths are absolute.
        """
        logged: _wit.Output = _wit.Output_Show() if show else _wit.Output_Log()
        output, error_output = logged, logged
        if capture:
            output = _wit.Output_Capture()
        elif output_file is not None:
            output = _wit.Output_File(_wit.OutputFile(output_file, append))
        if capture_error:
            error_output = _wit.Output_Capture()
        elif merge_error:
            error_output = _wit.Output_AsOutput()
        given: _wit.Input = _wit.Input_Bytes(input) if input else _wit.Input_Empty()
        if input_file is not None:
            given = _wit.Input_File(input_file)
        command = _wit.Command(
            program,
            list(arguments),
            directory,
            list((environment or {}).items()),
            only_environment,
            given,
            None if deadline is None else deadline // timedelta(milliseconds=1),
            output,
            error_output,
        )
        try:
            outcome = self._lent.run(command)
        except Err as error:
            raise _process_error(error) from None
        ending = outcome.ending
        status = ending.value if isinstance(ending, _wit.Ending_Exited) else None
        signal = ending.value if isinstance(ending, _wit.Ending_Signalled) else None
        return Outcome(program, status, signal, outcome.captured, outcome.captured_error)


def _process_error(error: Err[_wit.ProcessError]) -> ProcessError:
    if isinstance(error.value, _wit.ProcessError_Other):
        return ProcessError(error.value.value.message, error.value.value.code)
    return ProcessError(error.value.value, kebab(error.value))
