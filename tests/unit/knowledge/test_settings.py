"""One file, the environment and the command line become checked settings whose origins are known."""

from pathlib import Path

import pytest

from bot.settings import Settings, read_settings
from connectors.configuration import BadSettings
from ingest.settings import read_settings as read_ingest_settings

QUIET = {"ports": {"llm": [], "weights": ["folder"]}}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str = "", **variables: str) -> Settings:
    Path("nightshift.toml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(f"NIGHTSHIFT_{name}", value)
        return read_settings(overrides=QUIET)


def refusal(text: str = "", **variables: str) -> str:
    with pytest.raises(BadSettings) as refused:
        read(text, **variables)
    return str(refused.value)


def test_defaults_need_no_file() -> None:
    settings = read_settings(overrides=QUIET)

    assert (settings.web.port, settings.origin(("web", "port"))) == (8080, "default")
    assert settings.roots.home == Path.cwd() / ".nightshift"


def test_command_line_beats_environment_beats_file_and_each_value_knows_its_origin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("nightshift.toml").write_text('home = "a"\n[web]\nport = 1\nhost = "localhost"\n[answer]\nhits = 3\n')
    monkeypatch.setenv("NIGHTSHIFT_WEB__PORT", "2")
    monkeypatch.setenv("NIGHTSHIFT_ANSWER__HITS", "4")

    settings = read_settings(overrides={**QUIET, "web": {"port": 5}})

    assert (settings.web.port, settings.origin(("web", "port"))) == (5, "command line")
    assert (settings.answer.hits, settings.origin(("answer", "hits"))) == (4, "NIGHTSHIFT_ANSWER__HITS")
    assert (settings.web.host, settings.origin(("web", "host"))) == ("localhost", "nightshift.toml")


def test_a_variable_can_hold_a_list_and_a_vendors_secret() -> None:
    settings = read(
        WEB__ALLOWED_ORIGINS="https://a.example, https://b.example",
        CONNECTORS__WEIGHTS__MIRROR__TOKEN="12345",
        CONNECTORS__WEIGHTS__MIRROR__PARTS="[1, 2]",
    )

    assert settings.web.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.table("weights", "mirror") == {"token": "12345", "parts": [1, 2]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("[web]\nprot = 1", "web.prot: no such setting; did you mean 'port'?", id="key"),
        pytest.param("[wbe]\nport = 1", "wbe: no such setting; did you mean 'web'?", id="section"),
        pytest.param("[connectors.vektors.edge]\nx = 1", "connectors.vektors: no such setting; did you", id="seam"),
        pytest.param("[connectors.vectors.egde]\nx = 1", "connectors.vectors.egde: no such setting; did", id="vendor"),
        pytest.param(
            "[connectors.vectors.edge]\nfoldr = 1",
            "connectors.vectors.edge.foldr: no such setting; did you mean 'folder'?",
            id="key-of-a-vendor",
        ),
        pytest.param('[ports]\nvectors = "egde"', "ports.vectors: no connector 'egde'; did you mean", id="port"),
        pytest.param("[web]\nport = 99999", "web.port: Input should be less than or equal to 65535", id="value"),
        pytest.param("[web]\nport = ", "not TOML: Invalid value (at end of document).", id="not-toml"),
        pytest.param('[web]\nhost = "0.0.0.0"', "web: 0.0.0.0 lets other machines in: set web.token", id="unguarded"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_with_file_key_and_remedy(text: str, line: str) -> None:
    said = refusal(text)

    assert said.startswith(f"nightshift.toml: {line}")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        pytest.param(
            "WEB__PROT", "1", "NIGHTSHIFT_WEB__PROT: no such setting; did you mean NIGHTSHIFT_WEB__PO", id="key"
        ),
        pytest.param("HOEM", "x", "NIGHTSHIFT_HOEM: no such setting; did you mean NIGHTSHIFT_HOME?", id="top"),
        pytest.param(
            "WBE__PORT", "1", "NIGHTSHIFT_WBE__PORT: no such setting; did you mean NIGHTSHIFT_WEB__PO", id="section"
        ),
        pytest.param("WEB__PORT", "x", "NIGHTSHIFT_WEB__PORT: Input should be a valid integer", id="value"),
        pytest.param("CONFIG", "gone.toml", "gone.toml: no such file; correct --config or NIGHT", id="file"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(name: str, value: str, line: str) -> None:
    assert refusal(**{name: value}).startswith(line)


def test_all_mistakes_are_told_at_once() -> None:
    assert refusal("hoem = 1\n[web]\nprot = 1").count("no such setting") == 2


def test_a_secret_is_in_no_repr_and_in_no_message() -> None:
    token = "[web]\ntoken = 'hunter2'\n"
    settings = read(token, CONNECTORS__WEIGHTS__MIRROR__TOKEN="hunter2")

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in refusal(token + "port = 'hunter2'", CONNECTORS__WEIGHTS__MIRROR__TOKEN="hunter2")


def test_an_endpoint_comes_before_the_local_model() -> None:
    table = {"connectors": {"llm": {"endpoint": {"model": "m"}}}}

    assert Settings(**table).ports.llm == ("endpoint", "local")
    assert Settings(**table, ports={"llm": ["local"]}).ports.llm == ("local",)
    assert Settings().ports.llm == ("local",)


def test_ingest_reads_the_same_file_without_knowing_the_assistants_tables() -> None:
    Path("nightshift.toml").write_text("demo = true\n[web]\nport = 1\n[ports]\nllm = []\n[ingest]\nbatch = 7\n")

    assert read_ingest_settings().ingest.batch == 7


def test_ingest_still_refuses_a_slip_in_what_it_reads() -> None:
    Path("nightshift.toml").write_text('hoem = "x"\n[ports]\nembeding = "onnx"\n')

    with pytest.raises(BadSettings, match=r"did you mean 'home'\?\n.*did you mean 'embedding'\?"):
        read_ingest_settings()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            '[knowledge]\ntaxonomy = "gone.toml"', "knowledge.taxonomy: Path does not point to a file", id="file"
        ),
        pytest.param(
            '[ingest]\nlabel_with = "endpiont"', "ingest.label_with: no connector 'endpiont'; valid", id="model"
        ),
    ],
)
def test_a_teams_words_and_their_model_must_be_there(text: str, line: str) -> None:
    assert refusal(text).startswith(f"nightshift.toml: {line}")
