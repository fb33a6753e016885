"""Native commands, confined by the operating system and without network.

::

    from buildout_recipe.process import Runner

    with Runner("make") as runner:
        runner.run("make", "install", directory=runner.build_directory).check()

A recipe needs the grant `run` for each program (`buildout_recipe.grant.run`). A runner is lent while a part is installed,
updated or uninstalled.
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
    """A command that could not be started. `reason` is `not-granted`, `not-found`, `invalid`, `limit` or another word."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
        # What is installed and what is granted is the user's to decide.
        self.user = reason in ("not-granted", "not-found")


@dataclass(frozen=True)
class Outcome:
    """What became of a command."""

    program: str
    """The program."""
    status: int | None
    """Its exit status, 0 being success; none if it did not end by itself."""
    signal: int | None
    """The signal that ended it, if one did."""
    captured: bytes
    """What it printed to its standard output, if that was to be captured."""

    @property
    def success(self) -> bool:
        """Whether it ended with status 0."""
        return self.status == 0

    @property
    def timed_out(self) -> bool:
        """Whether it was ended at its deadline."""
        return self.status is None and self.signal is None

    def check(self) -> bytes:
        """What was captured, if the command succeeded; otherwise raises an error that says how it ended."""
        if self.success:
            return self.captured
        ending = (
            f"ended with status {self.status}" if self.status is not None
            else f"was ended by signal {self.signal}" if self.signal is not None
            else "took longer than it may"
        )
        raise CommandFailed(f"{self.program} {ending}")


class CommandFailed(RecipeError):
    """A command ended badly. Printed without a traceback."""

    user = True


class Runner:
    """Starts commands. `programs` are all that it may start: names, absolute paths, or `*` for all."""

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
        """The environment that each command has. Nothing of the person's own is in it but what was granted."""
        return dict(self._lent.environment())

    @property
    def build_directory(self) -> str:
        """A directory of the part's own to build in, absolute. The recipe creates and removes it."""
        return self._lent.build_directory()

    @property
    def jobs(self) -> int:
        """How many processors the part may use. `make` needs no `-j`: the host's jobserver is in `MAKEFLAGS`."""
        return self._lent.jobs()

    def run(
        self,
        program: str,
        *arguments: str,
        directory: str = "/",
        environment: Mapping[str, str] | None = None,
        input: bytes = b"",
        deadline: timedelta | None = None,
        show: bool = False,
        capture: bool = False,
    ) -> Outcome:
        """Runs a command and waits for its end. That it ends badly is an outcome, not an error: see `Outcome.check`.

        `environment` is set beside or in place of the runner's own. What the command prints goes to the part's log;
        `show` shows it as it comes, `capture` gives back what it prints to its standard output.
        """
        use = _wit.OutputUse.CAPTURE if capture else _wit.OutputUse.SHOW if show else _wit.OutputUse.LOG
        command = _wit.Command(
            program,
            list(arguments),
            directory,
            list((environment or {}).items()),
            input,
            None if deadline is None else deadline // timedelta(milliseconds=1),
            use,
        )
        try:
            outcome = self._lent.run(command)
        except Err as error:
            raise _process_error(error) from None
        ending = outcome.ending
        status = ending.value if isinstance(ending, _wit.Ending_Exited) else None
        signal = ending.value if isinstance(ending, _wit.Ending_Signalled) else None
        return Outcome(program, status, signal, outcome.captured)


def _process_error(error: Err[_wit.ProcessError]) -> ProcessError:
    if isinstance(error.value, _wit.ProcessError_Other):
        return ProcessError(error.value.value.message, error.value.value.code)
    return ProcessError(error.value.value, kebab(error.value))
