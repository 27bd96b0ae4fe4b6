"""Pulling model files when things go wrong: absent or wrong bytes, a broken pull, no room, no permission."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import filelock
import pytest

from bot.model_files import RECORD, STAGING, Model, Status, status, verify
from bot.model_pull import Disk, Pull, PullFailed, try_writing
from connectors.formats.memory import MemoryFormat
from connectors.formats.memory import Settings as FormatSettings
from connectors.weights.memory import MemoryWeights, Settings
from connectors.weights.port import ModelFile, NotThere, Progress, Weights

CONTENT = b"weights " * 1000
PLENTY = 10**15


def a_file(name: str = "small.gguf") -> ModelFile:
    return ModelFile(name, sha256(CONTENT).hexdigest(), len(CONTENT))


PLAIN = Model("small.gguf", "to answer", "MIT", room=2_000_000, file=(a_file(),), used_by=("llm.local",))
FOLDER = Model("mini", "to embed", "MIT", room=1, file=(a_file("mini/a.bin"), a_file("mini/1_Pooling/b.json")))
CONVERTED = Model("embedder", "to embed", "MIT", room=1, file=(a_file("raw.bin"),), convert=("memory",))


@dataclass
class Listener:
    """Remembers what it was told."""

    said: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.said.append(line)

    def bar(self, label: str, total: int) -> Progress:
        return lambda *_: None


def source(name: str = "memory", **files: bytes) -> MemoryWeights:
    names = {"small": "small.gguf", "raw": "raw.bin", "a": "mini/a.bin", "b": "mini/1_Pooling/b.json"}
    return MemoryWeights(Settings(files={names[key]: content for key, content in files.items()}), name)


@dataclass
class BreaksOff:
    """Brings half of the file, then fails, as a power cut would; the second time it brings the rest."""

    name: str = "flaky"
    found: list[int] = field(default_factory=list)

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        there = into.stat().st_size if into.exists() else 0
        self.found.append(there)
        with into.open("ab") as writer:
            writer.write(CONTENT[there:] if there else CONTENT[:100])
        if not there:
            raise OSError(5, "Input/output error")


def pull(folder: Path, sources: Sequence[Weights], free: int = PLENTY, **parts: Callable[[Path], None]) -> Pull:
    disk = Disk(lambda _: free, parts.get("try_writing", try_writing))
    formats = {"memory": MemoryFormat(FormatSettings(starts_with="weights"))}
    return Pull(folder, sources, formats, Listener(), disk)


def test_a_pulled_file_is_in_place_and_nothing_else_is_left(tmp_path: Path) -> None:
    pull(tmp_path, [source(small=CONTENT)]).run([PLAIN])

    assert (tmp_path / "small.gguf").read_bytes() == CONTENT
    assert status(PLAIN, tmp_path) is Status.READY
    assert {file.name for file in (tmp_path / STAGING).iterdir()} <= {"lock"}


def test_a_model_of_several_files_becomes_a_folder(tmp_path: Path) -> None:
    pull(tmp_path, [source(a=CONTENT, b=CONTENT)]).run([FOLDER])

    assert (tmp_path / "mini" / "1_Pooling" / "b.json").read_bytes() == CONTENT
    assert status(FOLDER, tmp_path) is Status.READY


def test_the_next_source_is_asked_when_one_has_nothing_or_the_wrong_bytes(tmp_path: Path) -> None:
    pull(tmp_path, [source("empty"), source("liar", small=b"malware"), source("good", small=CONTENT)]).run([PLAIN])

    assert (tmp_path / "small.gguf").read_bytes() == CONTENT


def test_a_file_with_the_wrong_hash_is_deleted_and_said_so(tmp_path: Path) -> None:
    with pytest.raises(PullFailed, match=r"liar: wrong content, deleted.*Put the file into a folder") as failed:
        pull(tmp_path, [source("liar", small=b"x" * len(CONTENT))]).run([PLAIN])

    assert "\n" not in str(failed.value)
    assert not list(tmp_path.rglob("*small*/liar"))
    assert status(PLAIN, tmp_path) is not Status.READY


def test_a_broken_pull_goes_on_where_it_broke(tmp_path: Path) -> None:
    flaky = BreaksOff()

    with pytest.raises(PullFailed, match="Input/output error; mend that and pull again"):
        pull(tmp_path, [flaky]).run([PLAIN])
    assert status(PLAIN, tmp_path) is Status.BEGUN
    pull(tmp_path, [flaky]).run([PLAIN])

    assert flaky.found == [0, 100]
    assert (tmp_path / "small.gguf").read_bytes() == CONTENT


def test_without_room_nothing_is_begun_and_both_figures_are_named(tmp_path: Path) -> None:
    with pytest.raises(PullFailed, match=r"0\.0 GB are needed, 0\.0 GB are free; free some"):
        pull(tmp_path, [source(small=CONTENT)], free=1_999_999).run([PLAIN])

    assert status(PLAIN, tmp_path) is Status.MISSING


def test_without_permission_one_line_says_what_to_do(tmp_path: Path) -> None:
    def deny(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    with pytest.raises(
        PullFailed, match=r"cannot be written \(Permission denied\); allow it, or set NIGHTSHIFT_MODELS"
    ):
        pull(tmp_path, [source(small=CONTENT)], try_writing=deny).run([PLAIN])


def test_a_file_where_the_folder_should_be_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")

    with pytest.raises(PullFailed, match=r"cannot be written \(Not a directory\)|cannot be written \(File exists\)"):
        pull(tmp_path / "models", [source(small=CONTENT)]).run([PLAIN])


def test_what_is_there_needs_no_source_and_no_permission(tmp_path: Path) -> None:
    pull(tmp_path, [source(small=CONTENT)]).run([PLAIN])

    pull(tmp_path, [], free=0).run([PLAIN])

    assert status(PLAIN, tmp_path) is Status.READY


def test_a_truncated_file_is_damaged_and_pulled_again(tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(CONTENT[:-1])
    assert status(PLAIN, tmp_path) is Status.DAMAGED

    pull(tmp_path, [source(small=CONTENT)]).run([PLAIN])

    assert status(PLAIN, tmp_path) is Status.READY


def test_a_conversion_leaves_a_record_by_which_every_byte_is_verified(tmp_path: Path) -> None:
    pull(tmp_path, [source(raw=CONTENT)]).run([CONVERTED])
    assert (status(CONVERTED, tmp_path), verify(CONVERTED, tmp_path)) == (Status.READY, [])

    (tmp_path / "embedder" / "raw.bin").write_bytes(CONTENT[::-1])

    assert verify(CONVERTED, tmp_path)[0].startswith("embedder/raw.bin: SHA-256 is ")


def test_a_folder_of_another_version_is_made_anew(tmp_path: Path) -> None:
    pull(tmp_path, [source(raw=CONTENT)]).run([CONVERTED])
    newer = b"weights of another version"
    file = ModelFile("raw.bin", sha256(newer).hexdigest(), len(newer))
    model = Model("embedder", "to embed", "MIT", room=1, file=(file,), convert=("memory",))

    pull(tmp_path, [source(raw=newer)]).run([model])

    assert (tmp_path / "embedder" / "raw.bin").read_bytes() == newer


def test_a_folder_that_somebody_made_by_hand_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "embedder").mkdir()
    (tmp_path / "embedder" / "mine.bin").write_bytes(b"mine")
    work = pull(tmp_path, [source(raw=CONTENT)])

    work.run([CONVERTED])

    assert (tmp_path / "embedder" / "mine.bin").exists()
    assert not (tmp_path / "embedder" / RECORD).exists()
    assert "left as it is" in work.display.said[0]  # type: ignore[attr-defined]  # a Listener


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    other = b"something else"
    file = ModelFile("raw.bin", sha256(other).hexdigest(), len(other))
    model = Model("embedder", "to embed", "MIT", room=1, file=(file,), convert=("memory",))

    with pytest.raises(PullFailed, match="does not start with 'weights'"):
        pull(tmp_path, [source(raw=other)]).run([model])

    assert not (tmp_path / "embedder").exists()


def test_a_second_pull_waits_for_the_first(tmp_path: Path) -> None:
    (tmp_path / STAGING).mkdir()
    first = filelock.FileLock(tmp_path / STAGING / "lock")
    first.acquire()

    class Impatient(Listener):
        """Ends the first pull as soon as the second one says that it waits."""

        def say(self, line: str) -> None:
            super().say(line)
            first.release()

    listener = Impatient()
    Pull(tmp_path, [source(small=CONTENT)], {}, listener, Disk(lambda _: PLENTY)).run([PLAIN])

    assert listener.said == [f"Another pull is at work in {tmp_path}; waiting for it."]
    assert status(PLAIN, tmp_path) is Status.READY


def test_no_source_names_every_reason(tmp_path: Path) -> None:
    class Down:
        """A source that is switched off."""

        name = "mirror"

        def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
            raise NotThere("connection refused")

    with pytest.raises(PullFailed, match=r"empty: no small\.gguf in memory; mirror: connection refused"):
        pull(tmp_path, [source("empty"), Down()]).run([PLAIN])
