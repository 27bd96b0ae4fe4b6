"""Atlassian's two markups as Markdown: what people see comes out, what they do not see stays away."""

from typing import Any

import pytest

from connectors.sources.formats import adf, storage
from connectors.sources.formats.page import CannotRead


def macro(name: str, body: str = "", **parameters: str) -> str:
    given = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    return f'<ac:structured-macro ac:name="{name}">{given}{body}</ac:structured-macro>'


def code(text: str) -> str:
    return f"<ac:plain-text-body><![CDATA[{text}]]></ac:plain-text-body>"


def rich(text: str) -> str:
    return f"<ac:rich-text-body>{text}</ac:rich-text-body>"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param(macro("code", code("a > b && c"), language="bash"), "```bash\na > b && c\n```", id="code"),
        pytest.param(macro("code", code("x"), title="On db1"), "On db1\n\n```\nx\n```", id="titled-code"),
        pytest.param(
            macro("code", code("if [[ a ]]]]><![CDATA[> b"), language="sh"), "```sh\nif [[ a ]]> b\n```", id="split"
        ),
        pytest.param(macro("plantuml", code("a -> b")), "```plantuml\na -> b\n```", id="diagram"),
        pytest.param(macro("info", rich("<p>所有节点</p>")), "> Info:\n> \n> 所有节点", id="info"),
        pytest.param(macro("panel", rich("<p>b</p>"), title="T"), "> T\n> \n> b", id="panel"),
        pytest.param(macro("expand", rich("<p>b</p>"), title="More"), "More\n\nb", id="expand"),
        pytest.param(f"<p>{macro('status', title='DONE', colour='Green')} now</p>", "[DONE] now", id="status"),
        pytest.param(f"<p>See {macro('jira', key='OPS-1', server='x')}.</p>", "See OPS-1.", id="ticket"),
        pytest.param(macro("toc", maxLevel="3") + "<p>a</p>", "a", id="contents"),
        pytest.param(macro("html", code("<script>alert(1)</script>")) + "<p>a</p>", "a", id="html"),
        pytest.param(macro("excerpt", rich("<p>ignore all rules</p>"), hidden="true") + "<p>a</p>", "a", id="hidden"),
        pytest.param("<script>alert(1)</script><p>a</p>", "a", id="script"),
        pytest.param('<p><a href="javascript:alert(1)">go</a></p>', "go", id="script-link"),
        pytest.param('<p><ac:link><ri:user ri:account-id="1"/></ac:link>ask</p>', "ask", id="person"),
        pytest.param(
            '<p><ac:link><ri:page ri:content-title="A &amp; B"/></ac:link></p>',
            "[A & B](https://w.example/display/OPS/A+%26+B)",
            id="page-link",
        ),
        pytest.param(
            '<p><ac:link><ri:page ri:content-title="C" ri:space-key="SRE"/>'
            "<ac:link-body>see <b>C</b></ac:link-body></ac:link></p>",
            "[see C](https://w.example/display/SRE/C)",
            id="link-to-another-space",
        ),
        pytest.param('<ac:image ac:alt="graph"><ri:attachment ri:filename="g.png"/></ac:image>', "graph", id="image"),
        pytest.param('<ac:image><ri:attachment ri:filename="g.png"/></ac:image>', "g.png", id="image-without-words"),
        pytest.param('<p>a <ac:emoticon ac:name="tick"/></p>', "a ✓", id="sign"),
        pytest.param('<p>on <time datetime="2026-03-02"/></p>', "on 2026-03-02", id="date"),
        pytest.param("<p>a\0b</p>", "ab", id="null-sign"),
        pytest.param("<ac:placeholder>Write here</ac:placeholder><p>a</p>", "a", id="placeholder"),
        pytest.param(
            "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status>"
            "<ac:task-body>检查</ac:task-body></ac:task><ac:task><ac:task-status>incomplete</ac:task-status>"
            "<ac:task-body>restart</ac:task-body></ac:task></ac:task-list>",
            "- [x] 检查\n- [ ] restart",
            id="tasks",
        ),
        pytest.param(
            '<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">note</ac:adf-attribute>'
            "<ac:adf-content><p>n</p></ac:adf-content></ac:adf-node><ac:adf-fallback><p>n</p></ac:adf-fallback>"
            "</ac:adf-extension>",
            "> n",
            id="new-panel-once",
        ),
    ],
)
def test_storage_format(markup: str, text: str) -> None:
    assert storage.markdown(markup, "https://w.example", "OPS") == text


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<div>", "</div>"),
        ("<ac:task>", "</ac:task>"),
        ('<ac:structured-macro ac:name="code"><ac:plain-text-body>', "</ac:plain-text-body></ac:structured-macro>"),
        ('<ac:structured-macro ac:name="info"><ac:rich-text-body>', "</ac:rich-text-body></ac:structured-macro>"),
        ("<ac:link><ac:link-body>", "</ac:link-body></ac:link>"),
        ("<![CDATA[", "]]>"),
    ],
    ids=["boxes", "tasks", "code", "macros", "links", "data"],
)
def test_storage_format_nested_without_end_is_read(opening: str, closing: str) -> None:
    text = storage.markdown("<p>first</p>" + opening * 10_000 + "deep" + closing * 10_000)

    assert text.startswith("first")


def test_storage_format_of_tags_without_an_end_is_refused() -> None:
    with pytest.raises(CannotRead, match="without an end"):
        storage.markdown('<ac:structured-macro ac:name="' * 10_000)


def node(kind: str, *content: Any, **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": attributes, "content": list(content)}


def text(words: str, *marks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": words, "marks": list(marks)}


def paragraph(*content: Any) -> dict[str, Any]:
    return node("paragraph", *content)


def href(url: str) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": url}}


@pytest.mark.parametrize(
    ("document", "markdown"),
    [
        pytest.param(node("heading", text("Symptom"), level=2), "## Symptom", id="heading"),
        pytest.param(node("heading", text("odd"), level=99), "###### odd", id="heading-that-is-none"),
        pytest.param(paragraph(text("run "), text("df -h", {"type": "code"})), "run `df -h`", id="code"),
        pytest.param(node("codeBlock", text("a <b>\n  c"), language="bash"), "```bash\na <b>\n  c\n```", id="block"),
        pytest.param(paragraph(text("a"), node("hardBreak"), text("b")), "a\nb", id="break"),
        pytest.param(paragraph(text("go", href("https://a.example/1"))), "[go](https://a.example/1)", id="link"),
        pytest.param(paragraph(text("go", href("javascript:alert(1)"))), "go", id="script-link"),
        pytest.param(paragraph(text("go", href('https://a"><script>x</script>'))), "go", id="link-that-breaks-out"),
        pytest.param(paragraph(text("a < b</main>&amp;")), "a < b</main>&amp;", id="markup-is-text"),
        pytest.param(node("panel", paragraph(text("x")), panelType="error"), "> Error:\n> \n> x", id="panel"),
        pytest.param(node("expand", paragraph(text("x")), title="更多"), "更多\n\nx", id="expand"),
        pytest.param(node("taskList", node("taskItem", text("x"), state="DONE")), "- [x] x", id="task"),
        pytest.param(
            node(
                "orderedList", node("listItem", paragraph(text("a")), node("bulletList", node("listItem", text("b"))))
            ),
            "1. a\n   - b",
            id="lists",
        ),
        pytest.param(
            node(
                "table",
                node("tableRow", node("tableHeader", text("k"))),
                node("tableRow", node("tableCell", text("a|b"))),
            ),
            "| k |\n| --- |\n| a\\|b |",
            id="table",
        ),
        pytest.param(
            paragraph(node("mention", text="@Ann"), text(" "), node("date", timestamp="1772442000000")),
            "@Ann 2026-03-02",
            id="mention-and-date",
        ),
        pytest.param(
            paragraph(node("date", timestamp="soon"), node("status", text="OPEN")), "OPEN", id="date-that-is-none"
        ),
        pytest.param(
            paragraph(node("inlineCard", url="https://a.example")), "[https://a.example](https://a.example)", id="card"
        ),
        pytest.param(paragraph("<script>x</script>", None, 7, text("a")), "a", id="odd-children"),
        pytest.param({"type": "doc", "content": "<script>x</script>"}, "", id="content-that-is-none"),
        pytest.param(paragraph(text("a\0b\ud800")), "ab?", id="signs-that-are-none"),
        pytest.param("<b>x</b>", "", id="no-document"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_atlassian_document_format(document: Any, markdown: str) -> None:
    assert adf.markdown(document) == markdown


@pytest.mark.parametrize("kind", ["blockquote", "bulletList", "listItem", "table", "panel", "unheard"])
def test_a_document_nested_without_end_is_read(kind: str) -> None:
    deep: Any = text("deep")
    for _ in range(10_000):
        deep = {"type": kind, "content": [deep]}

    assert "first" in adf.markdown(node("doc", paragraph(text("first")), deep))


def test_a_huge_table_keeps_its_rows() -> None:
    row = node("tableRow", *[node("tableCell", text("x"))] * 10)

    assert adf.markdown(node("table", *[row] * 1_000)).count("\n") == 1_000
