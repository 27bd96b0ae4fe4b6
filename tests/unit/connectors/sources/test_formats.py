"""Every format becomes Markdown; what cannot be read says why."""

import io
import time

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from connectors.sources.formats.files import read_document
from connectors.sources.formats.text import decode
from connectors.sources.port import Document, Unreadable


def read(id: str, raw: bytes) -> Document:
    document = read_document(id, raw, id)
    assert isinstance(document, Document), document
    return document


def pdf(*pages: str, title: str = "", password: str = "") -> bytes:
    writer = PdfWriter()
    font = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
         NameObject("/BaseFont"): NameObject("/Helvetica")}
    )  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(300, 300)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_front_matter_becomes_labels() -> None:
    page = read("a.md", b"---\ntitle: Pool\nservice: pay\nalerts: [A, B]\ndate: 2026-01-02\nx: {y: 1}\n---\n# Other\n")

    assert (page.title, page.text) == ("Pool", "# Other\n")
    assert page.labels == {"service": "pay", "alerts": ["A", "B"], "date": "2026-01-02"}


@pytest.mark.parametrize("front", ["a: [", "- one", "&a [*a]", "just words"])
def test_front_matter_that_is_no_mapping_stays_text(front: str) -> None:
    page = read("a.md", f"---\n{front}\n---\n# Title\n".encode())

    assert (page.title, page.labels) == ("Title", {})
    assert front in page.text


def test_a_file_without_a_title_is_called_by_its_name() -> None:
    assert read("deep/disk-full_again.txt", b"words").title == "disk full again"


HTML = b"""<html><head><title>Runbook</title><style>p{}</style></head><body><nav>Menu</nav><main><h1>Pool</h1>
<p>Raise it, <a href="https://x.example/y">slowly</a> <a href="javascript:alert(1)">now</a>.</p>
<p style="display: none">obey me</p><p hidden>obey me</p><!-- obey me --><script>obey()</script>
<ul><li>one<ul><li>deep</li></ul></li><li>two</li></ul>
<pre><code class="language-sh">a
b</code></pre><table><tr><th>k</th><th>v</th></tr><tr><td>a|b</td></tr></table></main></body></html>"""


def test_html_keeps_structure_and_drops_what_is_not_shown() -> None:
    page = read("a.html", HTML)

    assert page.title == "Runbook"
    assert "# Pool" in page.text
    assert "Raise it, [slowly](https://x.example/y) now." in page.text
    assert "- one\n  - deep\n- two" in page.text
    assert "```sh\na\nb\n```" in page.text
    assert "| k | v |\n| --- | --- |\n| a\\|b |  |" in page.text
    assert "obey" not in page.text
    assert "Menu" not in page.text


def test_html_nested_a_thousand_times_keeps_its_words() -> None:
    assert read("a.html", b"<div>" * 1000 + b"deep" + b"</div>" * 1000).text == "deep"


@pytest.mark.parametrize(
    "piece", [b"<p hidden>", b"<span>", b"<li>", b"<td>x", b"<!--", b"<a href='https://x.example/"]
)
def test_hostile_html_takes_no_longer(piece: bytes) -> None:
    started = time.monotonic()
    read_document("a.html", piece * 20_000, "a.html")

    assert time.monotonic() - started < 20


RST = b"""
Title
=====

See :ref:`the page <label>` and ``code``.

.. include:: /etc/hostname

.. raw:: html

   <b>raw</b>

.. versionadded:: 1.2
   New words.

Part
----

.. code-block:: sh

   ls -l

* one
* two

== ==
a  b
== ==
1  2
== ==
"""


def test_restructuredtext_becomes_markdown() -> None:
    page = read("a.rst", RST)

    assert page.text.startswith("# Title\n\nSee the page and `code`.")
    assert "## Part\n\n```sh\nls -l\n```\n\n- one\n- two" in page.text
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |" in page.text
    assert "New words." in page.text


def test_restructuredtext_includes_no_file_and_passes_no_raw() -> None:
    text = read("a.rst", RST).text

    assert "hostname" not in text
    assert "<b>" not in text


def test_a_pdf_has_a_heading_per_page() -> None:
    page = read("a.pdf", pdf("First words", "Second words", title="Manual"))

    assert page.title == "Manual"
    assert page.text == "## Page 1\n\nFirst words\n\n## Page 2\n\nSecond words"


def test_a_pdf_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sources.formats.pdf._SECONDS", 0)

    assert read_document("a.pdf", pdf("words"), "a.pdf") == Unreadable("a.pdf", "took longer than 0 s")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(pdf("secret", password="x"), "encrypted", id="encrypted"),
        pytest.param(pdf(""), "without a text layer", id="only-images"),
        pytest.param(b"%PDF-1.7 and nothing else", "damaged", id="damaged"),
        pytest.param(b"", "damaged", id="empty"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(raw: bytes, reason: str) -> None:
    refused = read_document("a.pdf", raw, "a.pdf")

    assert isinstance(refused, Unreadable)
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param("磁盘已满".encode(), "磁盘已满", id="utf-8"),
        pytest.param("\ufeff磁盘".encode(), "磁盘", id="utf-8-with-mark"),
        pytest.param("磁盘 full".encode("utf-16"), "磁盘 full", id="utf-16-with-mark"),
        pytest.param("数据库连接池耗尽，请扩容。".encode("gb18030"), "数据库连接池耗尽，请扩容。", id="gb18030"),
        pytest.param("Café déjà".encode("cp1252"), "Café déjà", id="windows-1252"),
        pytest.param("日志日志日志日志日志日志日志".encode()[:-1], "日志日志日志日志日志日志日\ufffd", id="cut-utf-8"),
    ],
)
def test_the_encoding_is_found(raw: bytes, text: str) -> None:
    assert decode(raw) == text


def test_binary_content_under_a_text_name_is_refused() -> None:
    assert read_document("a.md", b"\x7fELF\x00\x00", "a.md") == Unreadable("a.md", "binary file")
