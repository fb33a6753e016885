"""`subprocess`, `os.system` and their like over the host's confined commands.

A command runs to its end when its outcome is first asked for, at the latest before the next one starts or the call ends. What it
prints for a pipe goes to a temporary file. Knows nothing of what may be started: the host decides that.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import IO, Any

from componentize_py_types import Err
from wit_world.imports import process as wit

from . import temporary
from .unavailable import Unavailable

_SHELL = "/bin/sh"

# Started, and not yet run: in this order.
_pending: list["Popen"] = []


def flush() -> None:
    """Runs what was started and not asked for."""
    while _pending:
        _pending[0]._finish()


def _os_error(error: Err[wit.ProcessError], program: str) -> OSError:
    value = error.value
    if isinstance(value, wit.ProcessError_Other):
        return OSError(errno.EIO, value.value.message, program)
    if isinstance(value, wit.ProcessError_NotFound):
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    if isinstance(value, wit.ProcessError_NotExecutable):
        return PermissionError(errno.EACCES, os.strerror(errno.EACCES), program)
    if isinstance(value, wit.ProcessError_NotGranted):
        return PermissionError(errno.EPERM, value.value, program)
    if isinstance(value, wit.ProcessError_Limit):
        return OSError(errno.E2BIG, value.value, program)
    return OSError(errno.EINVAL, value.value, program)


def _words(args: Any, shell: bool, executable: Any) -> list[str]:
    """The program and its arguments."""
    words = [args] if isinstance(args, (str, bytes, os.PathLike)) else list(args)
    if shell:
        words = [_SHELL if executable is None else executable, "-c", *words]
    elif executable is not None:
        words[0] = executable
    if not words:
        raise ValueError("no program to start")
    return [os.fsdecode(word) for word in words]


class _Pipe:
    """What is written to a command, until it starts."""

    def __init__(self, command: "Popen", text: bool, encoding: str | None) -> None:
        self._command, self._text, self._encoding = command, text, encoding or "utf-8"
        self._written = io.BytesIO()
        self.closed = False

    def write(self, data: Any) -> int:
        if self.closed:
            raise ValueError("write to closed file")
        return self._written.write(data.encode(self._encoding) if self._text else data)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None: ...

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def content(self) -> bytes:
        return self._written.getvalue()

    def __enter__(self) -> "_Pipe":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Popen:
    """A command, with the interface of `subprocess.Popen`."""

    def __init__(
        self,
        args: Any,
        bufsize: int = -1,
        executable: Any = None,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        preexec_fn: Callable[[], Any] | None = None,
        close_fds: bool = True,
        shell: bool = False,
        cwd: Any = None,
        env: Mapping[Any, Any] | None = None,
        universal_newlines: bool | None = None,
        startupinfo: Any = None,
        creationflags: int = 0,
        restore_signals: bool = True,
        start_new_session: bool = False,
        pass_fds: Any = (),
        *,
        encoding: str | None = None,
        errors: str | None = None,
        text: bool | None = None,
        **_: Any,
    ) -> None:
        if preexec_fn is not None:
            raise Unavailable("the host starts commands, and cannot call a function (preexec_fn) first")
        self.args, self.pid, self.returncode = args, 2, None
        self._words = _words(args, shell, executable)
        self._directory = os.path.abspath(os.fsdecode(cwd)) if cwd is not None else os.getcwd()
        self._environment = {
            os.fsdecode(name): os.fsdecode(value) for name, value in (os.environ if env is None else env).items()
        }
        self._text = bool(text or universal_newlines or encoding or errors)
        self._encoding, self._errors = encoding, errors
        self._input = _input_of(stdin)
        self._to, self._error_to = stdout, stderr
        self._files: dict[str, str] = {}
        self._streams: dict[str, IO[Any] | None] = {}
        self.stdin = _Pipe(self, self._text, encoding) if stdin == subprocess.PIPE else None
        self._check()
        flush()
        _pending.append(self)

    def _check(self) -> None:
        """What starting the command would find missing."""
        if not os.path.isdir(self._directory):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._directory)
        program = self._words[0]
        if "/" in program:
            return
        path = self._environment.get("PATH")
        if wit.find(program, None if path is None else path.split(os.pathsep)) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)

    def _output(self, to: Any, name: str) -> wit.Output:
        if to is None:
            return wit.Output_Show()
        if to == subprocess.DEVNULL:
            return wit.Output_Discard()
        if to == subprocess.STDOUT:
            return wit.Output_AsOutput()
        self._files[name] = temporary.file()
        return wit.Output_File(wit.OutputFile(self._files[name], False))

    def _command(self, timeout: float | None) -> wit.Command:
        given = self.stdin.content() if self.stdin is not None else b""
        program = os.path.join(self._directory, self._words[0]) if "/" in self._words[0] else self._words[0]
        return wit.Command(
            program,
            self._words[1:],
            self._directory,
            list(self._environment.items()),
            True,
            self._input or (wit.Input_Bytes(given) if given else wit.Input_Empty()),
            None if timeout is None else max(0, int(timeout * 1000)),
            self._output(self._to, "stdout"),
            self._output(self._error_to, "stderr"),
        )

    def _finish(self, timeout: float | None = None) -> int:
        """Runs the command, if it did not run yet."""
        if self.returncode is not None:
            return self.returncode
        _pending[:] = [command for command in _pending if command is not self]
        command = self._command(timeout)
        try:
            with wit.open([command.program]) as runner:
                outcome = runner.run(command)
        except Err as error:
            self.returncode = 127
            raise _os_error(error, self._words[0]) from None
        self._deliver()
        self._end(outcome.ending, timeout)
        return self.returncode

    def _end(self, ending: wit.Ending, timeout: float | None) -> None:
        if isinstance(ending, wit.Ending_Exited):
            self.returncode = ending.value
        elif isinstance(ending, wit.Ending_Signalled):
            self.returncode = -ending.value
        else:
            self.returncode = -9
            if timeout is not None:
                raise subprocess.TimeoutExpired(self.args, timeout, output=self._printed("stdout"))

    def _deliver(self) -> None:
        """Hands what was printed to the files that it was meant for."""
        for name, to in (("stdout", self._to), ("stderr", self._error_to)):
            if name in self._files and to != subprocess.PIPE:
                _append(self._files.pop(name), to)

    def _printed(self, name: str) -> bytes | None:
        if name not in self._files:
            return None
        with open(self._files[name], "rb") as file:
            return file.read()

    def _stream(self, name: str, to: Any) -> IO[Any] | None:
        if to != subprocess.PIPE:
            return None
        if name not in self._streams:
            self._finish()
            file: Any = open(self._files[name], "rb")
            if self._text:
                file = io.TextIOWrapper(file, self._encoding or "utf-8", self._errors)
            self._streams[name] = file
        return self._streams[name]

    @property
    def stdout(self) -> Any:
        return self._stream("stdout", self._to)

    @property
    def stderr(self) -> Any:
        return self._stream("stderr", self._error_to)

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        if input and self.stdin is not None:
            self.stdin.write(input)
        self._finish(timeout)
        return tuple(stream.read() if stream is not None else None for stream in (self.stdout, self.stderr))

    def wait(self, timeout: float | None = None) -> int:
        return self._finish(timeout)

    def poll(self) -> int | None:
        return self._finish()

    def send_signal(self, number: int) -> None:
        self._finish()

    def terminate(self) -> None:
        self._finish()

    kill = terminate

    def __enter__(self) -> "Popen":
        return self

    def __exit__(self, *error: object) -> None:
        self._finish()
        for stream in self._streams.values():
            if stream is not None:
                stream.close()

    def __repr__(self) -> str:
        return f"<Popen: returncode: {self.returncode} args: {self.args!r}>"

    def __class_getitem__(cls, _: Any) -> Any:
        return cls


def _input_of(stdin: Any) -> wit.Input | None:
    """What a command reads: nothing, or the rest of an open file."""
    if stdin is None or stdin in (subprocess.PIPE, subprocess.DEVNULL):
        return None
    if isinstance(stdin, int):
        stdin = os.fdopen(os.dup(stdin), "rb")
    source = getattr(stdin, "buffer", stdin)
    path = temporary.file()
    with open(path, "wb") as copy:
        shutil.copyfileobj(source, copy)
    return wit.Input_File(path)


def _append(path: str, to: Any) -> None:
    """Adds what a command has printed to an open file."""
    with open(path, "rb") as printed:
        if isinstance(to, int):
            shutil.copyfileobj(printed, os.fdopen(os.dup(to), "wb"))
            return
        to.flush()
        binary = getattr(to, "buffer", to)
        try:
            shutil.copyfileobj(printed, binary)
        except TypeError:
            printed.seek(0)
            binary.write(printed.read().decode("utf-8", "replace"))
        binary.flush()


def _system(command: str) -> int:
    """The status as `os.system` has it: of `wait`, not of `exit`."""
    status = Popen(command, shell=True).wait()
    return status << 8 if status >= 0 else -status


def _spawn(mode: int, program: Any, arguments: Any, environment: Mapping[Any, Any] | None = None) -> int:
    words = [os.fsdecode(word) for word in arguments]
    command = Popen([os.fsdecode(program), *words[1:]], env=environment)
    status = command.wait()
    return status if mode == os.P_WAIT else command.pid


def _no_process(*_: Any, **__: Any) -> Any:
    raise Unavailable(
        "the recipe is not a process of the operating system: it cannot copy, replace or signal itself",
        "Start the program with the module subprocess instead.",
    )


def _spawns() -> dict[str, Any]:
    def listed(mode: int, program: Any, *arguments: Any) -> int:
        return _spawn(mode, program, arguments)

    def listed_with_environment(mode: int, program: Any, *arguments: Any) -> int:
        return _spawn(mode, program, arguments[:-1], arguments[-1])

    return {
        "spawnv": _spawn,
        "spawnvp": _spawn,
        "spawnve": _spawn,
        "spawnvpe": _spawn,
        "spawnl": listed,
        "spawnlp": listed,
        "spawnle": listed_with_environment,
        "spawnlpe": listed_with_environment,
        "P_WAIT": 0,
        "P_NOWAIT": 1,
        "P_NOWAITO": 1,
    }


def _which(name: Any, mode: int = os.F_OK | os.X_OK, path: Any = None) -> Any:
    program = os.fsdecode(name)
    if os.path.dirname(program):
        return name if os.access(program, mode) and not os.path.isdir(program) else None
    directories = None if path is None else os.fsdecode(path).split(os.pathsep)
    if path is None and "PATH" in os.environ:
        directories = os.environ["PATH"].split(os.pathsep)
    return wit.find(program, directories)


def install() -> None:
    """Puts all this in the place of Python's own."""
    subprocess.Popen = Popen
    shutil.which = _which
    os.system = _system
    for name, value in _spawns().items():
        setattr(os, name, value)
    for name in ("fork", "forkpty", "kill", "killpg", "execv", "execve", "waitpid", "wait"):
        setattr(os, name, _no_process)
    os.WEXITSTATUS = lambda status: status >> 8 & 0xFF
    os.WIFEXITED = lambda status: status & 0x7F == 0
    os.WIFSIGNALED = lambda status: status & 0x7F != 0
    os.WTERMSIG = lambda status: status & 0x7F
    os.getppid = lambda: 1
