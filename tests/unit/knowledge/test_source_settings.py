"""Sources in the settings: each one's table over its vendor's, checked, with the place to mend in every message."""

from pathlib import Path

import pytest

from connectors.configuration import BadSettings
from connectors.load import vendor
from ingest.settings import Settings, read_settings
from knowledge.setting_docs import effective
from knowledge.setting_names import vendors
from knowledge.source_settings import SourceTable, tidy_readers


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTSHIFT_PORTS__EMBEDDING", "memory")


def read(text: str) -> Settings:
    Path("nightshift.toml").write_text(text, encoding="utf-8")
    return read_settings()


FOLDER = '[ingest.sources.docs]\nvendor = "folder"\npath = "/docs"\n'


def test_a_source_is_its_own_table_over_its_vendors() -> None:
    shared = '[connectors.sources.folder]\nlink = "https://shared"\nmax_bytes = 7\n'
    source = read(FOLDER + 'link = "https://own"\nreaders = ["sre"]\nlabels = { owner = "sre" }\n' + shared).source(
        "docs"
    )

    assert source.table == {"name": "docs", "path": "/docs", "link": "https://own", "max_bytes": 7}
    assert (source.about.readers, source.about.labels) == (("sre",), {"owner": "sre"})


def test_files_keep_to_the_limit_for_all_files() -> None:
    assert read(FOLDER + "[ingest]\nmax_file_mb = 2\n").source("docs").table["max_bytes"] == 2_000_000


def test_variables_make_a_source_and_lay_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"VENDOR": "folder", "PATH": "/a", "READERS": "sre, dba", "LABELS__OWNER": "sre"}.items():
        monkeypatch.setenv(f"NIGHTSHIFT_INGEST__SOURCES__A__{name}", value)
    monkeypatch.setenv("NIGHTSHIFT_INGEST__SOURCES__DOCS__READERS", '["dba"]')
    settings = read(FOLDER + 'readers = ["sre"]\n')

    assert settings.source("a").about == SourceTable(vendor="folder", readers=("dba", "sre"), labels={"owner": "sre"})
    assert settings.source("docs").about.readers == ("dba",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param('[ingest.sources.docs]\nvendor = "foldr"', "docs.vendor: no connector 'foldr'; did", id="vendor"),
        pytest.param("[ingest.sources.docs]\npath = 1", "docs.vendor: Field required", id="no-vendor"),
        pytest.param(FOLDER + "reders = []", "docs.reders: no such setting; did you mean 'readers'?", id="key"),
        pytest.param(FOLDER + "lnk = ''", "docs.lnk: no such setting; did you mean 'link'?", id="vendors-key"),
        pytest.param(FOLDER + "name = 'x'", "docs.name: leave it out", id="name"),
        pytest.param(FOLDER + "labels = { groups = 'a' }", "docs.labels: who may read it is set by", id="limit"),
        pytest.param(FOLDER + "max_bytes = 0", "docs.max_bytes: Input should be greater", id="vendors-value"),
        pytest.param(FOLDER + "readers = ['']", "docs.readers: a group has no name; write", id="nameless-group"),
        pytest.param('[ingest.sources.backup]\nvendor = "folder"', "backup: choose another name", id="command"),
        pytest.param('[ingest.sources."a/b"]\nvendor = "folder"', "a/b: choose another name", id="slash"),
    ],
)
def test_a_mistake_names_the_source_and_the_key(text: str, line: str) -> None:
    with pytest.raises(BadSettings) as refused:
        read(text)

    assert str(refused.value).startswith(f"nightshift.toml: ingest.sources.{line}")


def test_a_mistake_in_the_shared_table_is_looked_for_there() -> None:
    with pytest.raises(BadSettings, match=r"nightshift.toml: connectors\.sources\.folder\.lnk: .* 'link'"):
        read(FOLDER + "[connectors.sources.folder]\nlnk = 1\n")


def test_a_mistake_in_a_variable_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_INGEST__SOURCES__DOCS__REDERS", "sre")

    with pytest.raises(BadSettings, match=r"^NIGHTSHIFT_INGEST__SOURCES__DOCS__REDERS: .* 'readers'"):
        read(FOLDER)


def test_values_are_shown_with_their_origin_and_secrets_as_stars() -> None:
    text = '[ingest.sources.notes]\nvendor = "llamahub"\nreader = "a.B"\narguments = { token = "hunter2" }\n'
    settings = read(FOLDER + text + '[connectors.sources.folder]\nlink = "https://shared"\n')
    rows = {row.name: (row.value, row.origin) for row in effective(settings)}

    assert rows["ingest.sources.docs.link"] == ("https://shared", "nightshift.toml")
    assert rows["ingest.sources.docs.readers"] == ([], "default")
    assert "hunter2" not in f"{rows} {settings!r} {settings.source('notes')!r}"


@pytest.mark.parametrize("name", vendors("sources"))
def test_what_a_sources_table_takes_for_itself_is_no_vendors_setting(name: str) -> None:
    fields = {*SourceTable.model_fields} & {*vendor("sources", name).Settings.model_fields}

    assert fields <= {"readers"}


def test_a_vendor_that_asks_for_readers_gets_the_sources() -> None:
    text = '[ingest.sources.notes]\nvendor = "llamahub"\nreader = "a.B"\n'
    shared = '[connectors.sources.llamahub]\nreaders = ["sre"]\n'

    for more, groups in (("", ("sre",)), ('readers = ["dba"]\n', ("dba",))):
        source = read(text + more + shared).source("notes")
        assert (source.about.readers, source.table["readers"]) == (groups, groups)


def test_everyone_is_no_limit() -> None:
    assert (tidy_readers(["sre", " dba", "sre"]), tidy_readers(["sre", "everyone"])) == (("dba", "sre"), ())
