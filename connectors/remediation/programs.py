"""Which programs may be run, and how a template of words becomes exactly as many words."""

import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from pydantic import JsonValue

from connectors.remediation.port import BadSpec
from connectors.remediation.specs import Slot, known, literal, pieces, written

_SHELLS = frozenset(
    ("ash", "bash", "busybox", "cmd", "csh", "dash", "fish", "ksh", "mksh", "pwsh", "sh", "tcsh", "zsh")
)
# They join their words and hand them to a shell, or take words for programs.
_HANDING_ON = frozenset(
    ("eval", "expect", "parallel", "rsh", "runuser", "screen", "script", "ssh", "su", "tmux", "watch", "xargs")
)
_INTERPRETERS = re.compile(
    r"(?:python|perl|ruby|node|nodejs|php|lua|deno|tclsh|psql|mysql|mariadb|sqlite3|mongosh|clickhouse-client)[\d.]*"
)
_INLINE = re.compile(r"-[a-zA-Z]*[ceEpr]|--(?:eval|execute|command|exec|query|print|run)=?")
# awk and sed take a program for their first word, which may stand anywhere behind the flags.
_PROGRAM_FIRST = frozenset(("awk", "gawk", "mawk", "nawk", "sed"))


def resolved(programs: Sequence[str], path: Sequence[Path]) -> dict[str, Path | None]:
    """Where each program lies, by the name that it is allowed under; None for one that is nowhere."""
    return {name: _found(name, path) for name in programs}


def is_shell(program: str) -> bool:
    """Whether it takes a text for commands."""
    return PurePath(program).name.removesuffix(".exe") in _SHELLS


def check_words(argv: Sequence[str]) -> None:
    """Whether no parameter can become more than data in these words. Raises BadSpec."""
    literal(argv[0], "argv.0")
    program = PurePath(argv[0]).name
    for number, word in enumerate(argv):
        if is_shell(word):
            raise BadSpec(
                f"argv.{number}: {word} is a shell, and none is ever started; run a program or a script itself."
            )
        if not any(isinstance(piece, Slot) for piece in pieces(word, f"argv.{number}")):
            continue
        if program in _HANDING_ON or program in _PROGRAM_FIRST:
            raise BadSpec(f"argv.{number}: {program} takes words for commands, so it takes no parameter; run a script.")
        if _INTERPRETERS.fullmatch(program) and _is_code(argv[number - 1], word):
            raise BadSpec(f"argv.{number}: {program} would run this word, so it takes no parameter; run a script.")


def _is_code(before: str, word: str) -> bool:
    start = pieces(word, "argv")[0]
    return bool(_INLINE.fullmatch(before)) or (isinstance(start, str) and bool(_INLINE.match(start)))


def words(argv: Sequence[str], parameters: Mapping[str, JsonValue]) -> list[str]:
    """As many words as the template has, each with its parameters in it and none of them a flag. Raises BadSpec."""
    return [
        _word(word, parameters, f"argv.{number}", flags="--" not in argv[:number]) for number, word in enumerate(argv)
    ]


def _word(template: str, parameters: Mapping[str, JsonValue], where: str, *, flags: bool) -> str:
    found = pieces(template, where)
    text = "".join(piece for piece in found if isinstance(piece, str))
    values = [written(known(one.name, parameters, where), one.name) for one in found if isinstance(one, Slot)]
    names = [one.name for one in found if isinstance(one, Slot)]
    starts = bool(found) and isinstance(found[0], Slot)
    if flags and starts and values[0].startswith("-"):
        raise BadSpec(f"{names[0]}: {values[0][:40]!r} would be a flag; give a value that does not start with '-'.")
    given = iter(values)
    filled = "".join(piece if isinstance(piece, str) else next(given) for piece in found)
    if "/" in text:
        _stay_inside(dict(zip(names, values, strict=True)), filled, text)
    return filled


def _stay_inside(values: Mapping[str, str], filled: str, text: str) -> None:
    """A word that is a path stays as deep as it is written."""
    for name, value in values.items():
        if re.search(r"[/\\]", value):
            raise BadSpec(f"{name}: {value[:40]!r} would lead elsewhere in a path; give a value without / and \\.")
    dots = {".", ".."}
    if sum(part in dots for part in re.split(r"[/=]", filled)) > sum(part in dots for part in re.split(r"[/=]", text)):
        raise BadSpec(f"{', '.join(values)}: would lead elsewhere in a path; give a value that is not '.' or '..'.")


def _found(name: str, path: Sequence[Path]) -> Path | None:
    places = [Path(name)] if Path(name).is_absolute() else [folder / name for folder in path]
    return next((place for place in places if _runs(place)), None)


def _runs(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)
