"""Programs of this machine as remedies: words from a template, no shell, an account and an environment of their own."""

import os
import pwd
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue, SecretStr, field_validator

from connectors.configuration import HomePath
from connectors.remediation import processes
from connectors.remediation.port import (
    Action,
    ApprovedAction,
    BadSpec,
    Rehearsal,
    RemediationUnavailable,
    Result,
    Spec,
    Uncertain,
)
from connectors.remediation.processes import Account, Ended, Job, NotStarted
from connectors.remediation.programs import check_words, is_shell, resolved, words
from connectors.remediation.specs import Shape, filled, literal, require_rehearsal, require_time, shaped

_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What a program loads or runs before its own first line, and what we set ourselves.
_LOADING = re.compile(
    r"LD_\w*|DYLD_\w*|PATH|HOME|LANG|IFS|ENV|BASH_\w*|SHELLOPTS|PROMPT_COMMAND|NIGHTSHIFT_\w*|PYTHON\w*|PERL\w*|RUBY\w*"
    r"|NODE_OPTIONS|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|GIT_\w*|EDITOR|PAGER|GCONV_PATH|LOCPATH"
)


class Settings(BaseModel):
    """Which programs may be run, as whom, and what they are given."""

    programs: tuple[str, ...] = ()
    """The programs that may be run: names, found in ``path`` at the start, or absolute paths. None by default."""

    path: tuple[Path, ...] = tuple(map(Path, _PATH))
    """The folders that programs are found in; also their ``PATH``."""

    user: str = ""
    """The account that they run as. Needs to be set when Nightshift runs as root, and can only be set then."""

    home: HomePath | None = None
    """Their ``HOME``; the account's own when unset."""

    language: str = "C.UTF-8"
    """Their ``LANG``."""

    workdir: Path = Path("/")
    """The folder that they run in, where the catalogue says none."""

    environment: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Further variables, such as credentials. Nothing of Nightshift's own environment is handed on."""

    max_seconds: float = Field(default=900, gt=0)
    """The longest ``timeout_seconds`` that the catalogue may write."""

    max_output_bytes: int = Field(default=20_000, ge=200)
    """How much of the output is kept, beginning and end together."""

    @field_validator("programs")
    @classmethod
    def _no_shell(cls, programs: tuple[str, ...]) -> tuple[str, ...]:
        for program in programs:
            if is_shell(program):
                raise ValueError(f"{program} is a shell, and none is ever started: name programs and scripts")
            if "/" in program and not program.startswith("/"):
                raise ValueError(f"{program}: write a name or an absolute path")
        return programs


class Command(Shape):
    """What the catalogue writes under ``run``."""

    argv: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    timeout_seconds: float = Field(default=60, gt=0)
    workdir: str = ""
    environment: dict[str, str] = Field(default={})


@dataclass(frozen=True)
class CommandExecutor:
    """Runs the programs that settings name. ``places`` says where each was found at the start."""

    settings: Settings
    places: Mapping[str, Path | None]
    account: Account
    home: Path
    name: str = "command"

    def check(self, spec: Spec, parameters: Sequence[str]) -> None:
        """Besides: whether the program is allowed and there."""
        self.fill(spec, dict.fromkeys(parameters, "x"))

    def fill(self, spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """As many words as are written; a value that starts with ``-`` is refused where it would be a flag."""
        command = shaped(Command, spec)
        check_words(command.argv)
        self._check(command)
        environment = {
            name: filled(text, parameters, f"environment.{name}") for name, text in command.environment.items()
        }
        return {
            **spec,
            "argv": list(words(command.argv, parameters)),
            **({"workdir": literal(command.workdir, "workdir")} if command.workdir else {}),
            **({"environment": dict(environment)} if environment else {}),
        }

    async def rehearse(self, action: Action, now: datetime) -> Rehearsal:
        """What the program for the dry run says; it has no ``NIGHTSHIFT_KEY``. Exit code 0 is well."""
        require_rehearsal(action)
        ended = await self._run(action.rehearsal, {})
        if ended.code is None:
            raise RemediationUnavailable(
                f"The dry run did not end within {ended.seconds:.0f} s. {ended.output}".strip()
            )
        return Rehearsal(ok=ended.code == 0, text=_told(ended), seconds=ended.seconds)

    async def execute(self, approved: ApprovedAction, now: datetime) -> Result:
        """Exit code 0 is done, every other failed. Whoever was killed may have done it or not."""
        require_time(approved, now)
        ended = await self._run(approved.action.run, {"NIGHTSHIFT_KEY": approved.key})
        if ended.code is None or ended.code < 0:
            by = f"after {ended.seconds:.0f} s, its deadline" if ended.code is None else f"by signal {-ended.code}"
            raise Uncertain(f"The program was killed {by}; look whether its work was done. {ended.output}".strip())
        return Result(status="failed" if ended.code else "done", text=_told(ended), seconds=ended.seconds)

    async def _run(self, spec: Spec, key: Mapping[str, str]) -> Ended:
        try:
            command = shaped(Command, spec)
            # Settings may have changed since the words were filled in.
            self._check(command)
        except BadSpec as refused:
            raise RemediationUnavailable(f"Nothing was started: {refused}") from refused
        place = self.places[command.argv[0]]
        job = Job(
            argv=(str(place), *command.argv[1:]),
            environment={**self._environment(), **command.environment, **key},
            folder=Path(command.workdir or self.settings.workdir),
            seconds=command.timeout_seconds,
            output_bytes=self.settings.max_output_bytes,
            account=self.account,
        )
        try:
            ended = await processes.run(job)
        except NotStarted as why:
            raise RemediationUnavailable(f"{why}; check connectors.remediation.command.") from why
        return Ended(ended.code, self._hushed(ended.output), ended.seconds)

    def _check(self, command: Command) -> None:
        self._check_program(command.argv[0])
        if command.timeout_seconds > self.settings.max_seconds:
            raise BadSpec(f"timeout_seconds: at most {self.settings.max_seconds:g} (max_seconds in the settings).")
        if command.workdir and not command.workdir.startswith("/"):
            raise BadSpec(f"workdir: {command.workdir!r} is relative; write an absolute path.")
        for name in command.environment:
            if not _VARIABLE.fullmatch(name) or _LOADING.fullmatch(name.upper()):
                raise BadSpec(f"environment.{name}: may not be set by the catalogue; write another name.")
            if name in self.settings.environment:
                raise BadSpec(f"environment.{name}: the settings set it; write another name.")

    def _check_program(self, program: str) -> None:
        if program not in self.places:
            allowed = ", ".join(self.places) or "none"
            raise BadSpec(
                f"argv.0: {program!r} may not be run; allowed are: {allowed}. "
                "Add it to programs in [connectors.remediation.command]."
            )
        if self.places[program] is None:
            folders = ":".join(map(str, self.settings.path))
            raise BadSpec(f"argv.0: {program!r} is not there, or is no program; install it in {folders}, and restart.")

    def _environment(self) -> dict[str, str]:
        given = {name: value.get_secret_value() for name, value in self.settings.environment.items()}
        path = ":".join(map(str, self.settings.path))
        return {"PATH": path, "HOME": str(self.home), "LANG": self.settings.language, **given}

    def _hushed(self, text: str) -> str:
        for secret in self.settings.environment.values():
            # Shorter values, such as a region or a flag, are no secrets and stand in any text.
            if len(value := secret.get_secret_value()) >= 6:
                text = text.replace(value, "…")
        return text


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[CommandExecutor]:
    """Finds the programs; starts none. Raises RemediationUnavailable when there is no account to run them as."""
    account, home = _account(settings.user)
    yield CommandExecutor(settings, resolved(settings.programs, settings.path), account, settings.home or home)


def _account(user: str) -> tuple[Account, Path]:
    key = "connectors.remediation.command.user"
    own = pwd.getpwuid(os.geteuid())
    if not user:
        if own.pw_uid == 0:
            raise RemediationUnavailable(f"Nightshift runs as root: set {key} to the account that programs run as.")
        return Account(), Path(own.pw_dir)
    try:
        wanted = pwd.getpwnam(user)
    except KeyError:
        raise RemediationUnavailable(f"There is no account {user!r} on this machine; correct {key}.") from None
    if wanted.pw_uid == own.pw_uid:
        return Account(), Path(own.pw_dir)
    if own.pw_uid != 0:
        raise RemediationUnavailable(f"Only root can run programs as {user!r}; leave {key} out.")
    # Without an explicit list the groups of root would stay.
    groups = os.getgrouplist(wanted.pw_name, wanted.pw_gid)
    return Account(user=wanted.pw_uid, group=wanted.pw_gid, extra_groups=groups), Path(wanted.pw_dir)


def _told(ended: Ended) -> str:
    return ended.output if ended.code == 0 and ended.output else f"exit code {ended.code}\n{ended.output}".strip()
