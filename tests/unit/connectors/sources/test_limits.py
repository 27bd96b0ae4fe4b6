"""A limit in a file's head is kept or closes the file: no notation of it leaves a page open to everybody."""

import pytest

from connectors.sources.formats.files import read_document
from connectors.sources.formats.limits import of_parts
from connectors.sources.port import Document

BODY = "\n\n# Break glass\n\nThe safe opens with 4711.\n"


def labels(name: str, text: str) -> dict[str, str | list[str]]:
    document = read_document(name, text.encode(), name)
    assert isinstance(document, Document)
    return dict(document.labels)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        pytest.param("a.md", "+++\nreaders = ['sre']\n+++", id="toml"),
        pytest.param("a.md", '{\n  "readers": ["sre"]\n}', id="json"),
        pytest.param("a.md", "<!-- ours -->\n---\nreaders: sre\n---", id="behind-a-comment"),
        pytest.param("a.md", "---\ntitle: x\nreaders：sre\n---", id="chinese-colon"),
        pytest.param("a.md", "---\naccess:\n  readers: sre\n---", id="below-another-key"),
        pytest.param("a.md", "---\n'readers': [sre\n---", id="quoted-and-broken"),
        pytest.param("a.md", "---\n- readers: sre\n---", id="list"),
        pytest.param("a.md", "---\nreader: sre\n---", id="one-letter-less"),
        pytest.param("a.md", "---\n" + "x: y\n" * 600 + "readers: [sre\n---", id="long-and-broken"),
        pytest.param("a.html", "---\nreaders: sre\n---\n<p>", id="html"),
        pytest.param("a.html", '<head><meta name="readers" content="sre"></head><p>', id="html-meta"),
        pytest.param("a.rst", "Title\n=====\n\n:readers: sre", id="rst-field"),
        pytest.param("a.txt", "---\r\nreaders: sre\r\n---", id="text-of-windows"),
        pytest.param("a.adoc", "= Title\n:readers: sre", id="asciidoc"),
        pytest.param("a.org", "#+READERS: sre", id="org"),
    ],
)
def test_a_limit_that_its_format_cannot_read_is_one_that_nobody_meets(name: str, head: str) -> None:
    assert labels(name, head + BODY)["readers"] == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_front_matter_is_read_whatever_ends_its_lines(newline: str) -> None:
    assert labels("a.md", f"---\nreaders: sre\n---{BODY}".replace("\n", newline))["readers"] == "sre"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        pytest.param("a.md", "---\n\nReaders of this page: all.", id="a-rule-and-a-word"),
        pytest.param("a.md", "---\ntitle: x\n---\n\nreaders: see below", id="behind-front-matter"),
        pytest.param("a.md", "Groups: one, two", id="prose"),
        pytest.param("a.md", "---\nalert:\n  groups: [x]\n---", id="groups-of-something-else"),
        pytest.param("a.html", '<meta name="description" content="readers: all"><p>', id="a-description"),
    ],
)
def test_what_only_looks_like_a_limit_is_none(name: str, head: str) -> None:
    assert "readers" not in labels(name, head + BODY)


def test_parts_that_differ_in_who_may_read_them_are_for_nobody() -> None:
    assert of_parts([{"owner": "x"}, {"readers": "sre"}]) == {"owner": "x", "readers": []}
    assert of_parts([{"readers": "sre"}, {"readers": "sre", "owner": "x"}]) == {"readers": "sre"}
