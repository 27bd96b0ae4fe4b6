"""What the reader of the catalogue takes, and the file and line that every mistake is told with."""

from pathlib import Path

import pytest

from bot.catalogue import BadCatalogue, read_catalogue
from bot.remedy import worded
from tests.unit.bot.remedy_stage import GRAPH, RESTART, ROLLBACK, catalogue, executors, write

MISTAKES = [
    pytest.param(RESTART, "risk: low", "risk: mild", "risk: Input should be", id="unknown-risk"),
    pytest.param(RESTART, "causes: [resource]", "causes: [bad luck]", "causes.0", id="unknown-cause"),
    pytest.param(RESTART, "risk: low", "rissk: low", "rissk: no such key; did you mean risk?", id="unknown-key"),
    pytest.param(RESTART, "risk: low\n", "", "1: risk: is missing", id="missing-key"),
    pytest.param(RESTART, "risk: low", "risk: low\nrisk: high", "10: risk is written twice", id="key-twice"),
    pytest.param(RESTART, "id: restart-service", "id: Restart It", "id: is made of", id="id-with-blanks"),
    pytest.param(
        RESTART, "title: Restart", "title: {zh: 重启}\n#", "title: has to be there in English", id="no-english"
    ),
    pytest.param(
        RESTART,
        "title: Restart {service}",
        "title: Restart {pod}",
        "title: {pod} is no parameter",
        id="title-names-a-stranger",
    ),
    pytest.param(
        RESTART, 'target: "{service}"', 'target: "{pod}"', "target: {pod} is no parameter", id="target-names-a-stranger"
    ),
    pytest.param(
        RESTART, 'target: "{service}"', 'target: "{service"', "target: a brace stands alone", id="lonely-brace"
    ),
    pytest.param(RESTART, 'target: "{service}"', "target: ''", "target: say what is changed", id="no-target"),
    pytest.param(
        RESTART, "restart {service}", "restart {pod}", "run.do: {pod} is no parameter", id="run-names-a-stranger"
    ),
    pytest.param(
        RESTART, '{do: "restart {service}"}', "{shell: rm}", "run: do: write one text", id="not-the-executors"
    ),
    pytest.param(
        RESTART,
        "executor: memory",
        "executor: bash",
        "executor: 'bash' is not in use; there are: memory",
        id="unknown-executor",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront], ",
        "",
        "parameters.properties.service: needs an enum",
        id="free-text",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront]",
        "pattern: '.*', maxLength: 9",
        "parameters.properties.service.pattern: lets '.' through",
        id="pattern-of-anything",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront]",
        "pattern: '[^ ]+', maxLength: 9",
        "parameters.properties.service.pattern: lets all but some signs",
        id="pattern-of-all-but-some",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront]",
        "pattern: '[a-z ]+', maxLength: 9",
        "parameters.properties.service.pattern: lets ' ' through",
        id="pattern-with-blanks",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront]",
        "pattern: '[a-z]+'",
        "parameters.properties.service: needs an enum",
        id="pattern-without-length",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront]",
        "pattern: '[a-z', maxLength: 9",
        "parameters.properties.service.pattern",
        id="no-pattern",
    ),
    pytest.param(
        RESTART,
        "enum: [payments, orders, storefront]",
        "enum: [payments, shop]",
        "parameters.properties.service.enum: shop is not among the services",
        id="stranger-among-services",
    ),
    pytest.param(
        RESTART,
        "type: string, enum: [payments, orders, storefront]",
        "type: integer, minimum: 1",
        "parameters.properties.service: needs minimum and maximum",
        id="unbounded-number",
    ),
    pytest.param(
        RESTART,
        "type: string, enum: [payments, orders, storefront]",
        "type: object",
        "parameters.properties.service.type: has to be string",
        id="nested-parameter",
    ),
    pytest.param(
        RESTART,
        "type: string, enum",
        "type: string, default: shop, enum",
        "parameters.properties.service.default: 'shop' is not one of",
        id="default-that-does-not-fit",
    ),
    pytest.param(
        RESTART,
        "type: string, enum",
        "$ref: 'http://example.com', type: string, enum",
        "parameters.properties.service.$ref: no such key",
        id="schema-elsewhere",
    ),
    pytest.param(
        RESTART,
        "  properties:",
        "  additionalProperties: true\n  properties:",
        "parameters.additionalProperties: has to be false",
        id="anything-besides",
    ),
    pytest.param(RESTART, "risk: low", "risk: high", "risk: high needs a verification", id="risky-and-never-verified"),
    pytest.param(
        RESTART, "risk: low", "risk: critical", "risk: critical needs preconditions", id="risky-without-preconditions"
    ),
    pytest.param(
        RESTART,
        "causes:",
        "services: [shop]\ncauses:",
        "services.0: shop is not among the services",
        id="unknown-service",
    ),
    pytest.param(RESTART, "causes:", "cooldown: soon\ncauses:", "cooldown: is no duration", id="no-duration"),
    pytest.param(
        RESTART,
        "causes:",
        "cooldown_seconds: 9\ncauses:",
        "cooldown_seconds: write cooldown: 10m",
        id="seconds-by-another-name",
    ),
    pytest.param(
        RESTART,
        "causes:",
        "expires: 30d\ncauses:",
        "expires: has to be more than nothing and at most 7d",
        id="never-expires",
    ),
    pytest.param(
        RESTART, "causes:", "digest: abc\ncauses:", "digest: is made when the entry is read", id="digest-by-hand"
    ),
    pytest.param(
        RESTART,
        "causes:",
        "blast: {keep_healthy: 1}\ncauses:",
        "blast.keep_healthy: needs healthy",
        id="nobody-counts-the-healthy",
    ),
    pytest.param(RESTART, "causes:", "blast: {targets: .inf}\ncauses:", "blast.targets: is no number", id="infinite"),
    pytest.param(
        RESTART,
        "causes:",
        "undo: {remedy: start-it}\ncauses:",
        "undo.remedy: there is no remedy start-it",
        id="undone-by-nothing",
    ),
    pytest.param(
        RESTART,
        "causes:",
        "undo: {remedy: restart-service}\ncauses:",
        "undo: restart-service needs service",
        id="undone-without-its-parameter",
    ),
    pytest.param(
        RESTART,
        "causes:",
        "undo: {remedy: restart-service, parameters: {service: shop}}\ncauses:",
        "undo.parameters.service: 'shop' is not one of",
        id="undone-with-what-does-not-fit",
    ),
    pytest.param(ROLLBACK, "    above: 0\n", "", "18: preconditions.0: compares nothing", id="compares-nothing"),
    pytest.param(
        ROLLBACK, "    above: 0", "    says: '('", "preconditions.0.says: is no pattern", id="check-without-pattern"
    ),
    pytest.param(
        ROLLBACK,
        '{bad}"}})',
        '{pod}"}})',
        "preconditions.0.arguments.query: {pod} is no parameter",
        id="check-names-a-stranger",
    ),
    pytest.param(
        ROLLBACK,
        'because: "{bad} still runs"',
        "because: {zh: 仍在运行}",
        "preconditions.0.because: has to be there in English",
        id="check-without-english",
    ),
    pytest.param(ROLLBACK, "  every: 5s", "  every: 5m", "22: verification: every has to be", id="looks-too-seldom"),
    pytest.param(
        ROLLBACK,
        'bad: "{release}"}',
        'nope: "{release}"}',
        "undo.parameters.nope: is no parameter of rollback-release",
        id="undo-with-a-stranger",
    ),
]


@pytest.mark.parametrize(("entry", "old", "new", "told"), MISTAKES)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, entry: str, old: str, new: str, told: str) -> None:
    assert old in entry

    with pytest.raises(BadCatalogue) as bad:
        catalogue(tmp_path, entry.replace(old, new, 1))

    # Where nothing else is said it is the line that was changed.
    line = entry[: entry.index(old)].count("\n") + 1
    expected = f"{tmp_path}/remedies/entry0.yaml:{told if told[0].isdecimal() else f'{line}: {told}'}"
    assert [one for one in bad.value.mistakes if one.startswith(expected)], bad.value


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    one, other = RESTART.replace("low", "mild"), ROLLBACK.replace("executor: memory", "executor: none")

    with pytest.raises(BadCatalogue) as bad:
        catalogue(tmp_path, one, other, "- [no\n")

    assert [line.split("/")[-1].split(":")[0] for line in bad.value.mistakes] == [
        "entry2.yaml",
        "entry0.yaml",
        "entry1.yaml",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("id: [a", "1: is no YAML", id="unfinished"),
        pytest.param("- 1\n- 2", "1: a remedy is a mapping", id="no-mapping"),
        pytest.param("a: &a [x]\nb: !!python/name:os.system ''\n", "1: id: is missing", id="python-in-yaml"),
        pytest.param("&a [*a]", "1: is too", id="holds-itself"),
        pytest.param(
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
            "",
            id="much-of-little",
        ),
    ],
)
def test_what_is_no_catalogue_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadCatalogue) as bad:
        catalogue(tmp_path, text)

    assert any(f"entry0.yaml:{told}" in line for line in bad.value.mistakes), bad.value


def test_what_is_right_is_read(tmp_path: Path) -> None:
    found = catalogue(tmp_path, ROLLBACK, f"- {RESTART.replace(chr(10), chr(10) + '  ')}")

    assert list(found.remedies) == ["rollback-release", "restart-service"]
    remedy = found.remedies["rollback-release"]
    assert remedy.cooldown_seconds == 600
    assert remedy.verification
    assert remedy.verification.within_seconds == 120
    assert worded(remedy.title, "zh") == "Roll {service} back to {release}"
    assert remedy.parameters["required"] == ["service", "release", "bad"]
    assert remedy.place.endswith("entry0.yaml:1")


def test_an_id_belongs_to_one_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match=r"entry1.yaml:1: id: restart-service is also the id of .*entry0.yaml:1$"):
        catalogue(tmp_path, RESTART, RESTART)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        pytest.param("cooldown: 10m", "cooldown: 600", True, id="written-otherwise"),
        pytest.param("owners: [platform]", "owners:\n  - platform", True, id="laid-out-otherwise"),
        pytest.param("cooldown: 10m", "cooldown: 11m", False, id="another-cooldown"),
        pytest.param("deploy {service}", "delete {service}", False, id="does-something-else"),
        pytest.param("below: 0.05", "below: 0.5", False, id="verifies-less"),
        pytest.param("maxLength: 40", "maxLength: 41", False, id="takes-more"),
    ],
)
def test_an_entry_that_changes_has_another_digest(tmp_path: Path, old: str, new: str, same: bool) -> None:  # noqa: FBT001 - a table's column
    before = catalogue(tmp_path, ROLLBACK).remedies["rollback-release"]
    after = catalogue(tmp_path, f"# moved\n\n{ROLLBACK.replace(old, new)}").remedies["rollback-release"]

    assert (before.digest == after.digest) is same
    assert len(before.digest) == 64


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match="there is no such folder"):
        read_catalogue(tmp_path / "none", executors())


def test_other_files_and_empty_ones_are_no_mistake(tmp_path: Path) -> None:
    folder = write(tmp_path / "remedies", empty="", remarks="# nothing yet\n")
    (folder / "README.md").write_text("# Remedies", encoding="utf-8")

    assert len(read_catalogue(folder, executors(), GRAPH)) == 0
