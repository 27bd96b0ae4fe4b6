"""What untrusted Markdown may become."""

import pytest

from bot.web.rendering import to_html, web_link

HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("<img src=x onerror=alert(1)>", id="event-handler"),
    pytest.param("<svg><animate onbegin=alert(1)>", id="svg"),
    pytest.param("[go](javascript:alert(1))", id="javascript-link"),
    pytest.param("[go](  JaVaScRiPt:alert(1))", id="javascript-link-disguised"),
    pytest.param("[go](java&#10;script:alert(1))", id="javascript-link-with-entity"),
    pytest.param("[go](data:text/html;base64,PHNjcmlwdD4=)", id="data-link"),
    pytest.param("[go](vbscript:x)", id="vbscript-link"),
    pytest.param("[go](//evil.example)", id="link-without-scheme"),
    pytest.param("[go](/logout)", id="link-into-this-site"),
    pytest.param("<javascript:alert(1)>", id="autolink"),
    pytest.param("[1]: https://evil.example\n\nRoll back [1].", id="citation-turned-into-link"),
    pytest.param('<a href="https://evil.example" style="position:fixed">x</a>', id="raw-anchor"),
    pytest.param('<button class="citation" data-citation="1">', id="raw-button"),
    pytest.param("<style>*{display:none}</style>", id="style"),
    pytest.param("<iframe src=https://evil.example></iframe>", id="iframe"),
    pytest.param('<form action="https://evil.example"><input>', id="form"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_becomes_an_element(text: str) -> None:
    html = to_html(text)

    assert "<a " not in html
    assert not any(f"<{tag}" in html for tag in ("script", "img", "svg", "button", "style", "iframe", "form", "input"))


@pytest.mark.parametrize(
    "text", ["![alt](https://evil.example/x.png)", "![alt][1]\n\n[1]: https://evil.example/x.png", "![alt](data:,x)"]
)
def test_a_picture_is_never_fetched(text: str) -> None:
    assert "<img" not in to_html(text)
    assert "src=" not in to_html(text)


def test_a_picture_leaves_its_description() -> None:
    assert (
        to_html("See ![the latency graph](https://evil.example/x.png).") == "<p>See <em>the latency graph</em>.</p>\n"
    )


def test_a_link_to_the_web_cannot_reach_back() -> None:
    html = to_html("[wiki](https://wiki.example.com/a?b=1)")

    assert 'href="https://wiki.example.com/a?b=1"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_a_link_that_leads_nowhere_keeps_its_words() -> None:
    assert to_html("See [**the** runbook](../other.md) first.") == "<p>See <strong>the</strong> runbook first.</p>\n"


def test_a_mark_becomes_a_button_only_for_a_citation_of_the_card() -> None:
    html = to_html("Roll back [1], not [2].", frozenset({1}))

    assert html == ('<p>Roll back <button type="button" class="citation" data-citation="1">1</button>, not [2].</p>\n')


def test_a_mark_dressed_up_as_a_link_is_still_a_citation() -> None:
    html = to_html("Roll back [1](https://evil.example).", frozenset({1}))

    assert 'data-citation="1"' in html
    assert "href" not in html


def test_marks_in_code_are_code() -> None:
    assert "<button" not in to_html("`jobs[1]`\n\n```\nrows[1]\n```", frozenset({1}))


def test_tables_lists_and_code_come_out() -> None:
    html = to_html("| a | b |\n|---|---|\n| 1 | 2 |\n\n3. x\n\n```sh\nkubectl get pods\n```")

    assert "<td>2</td>" in html
    assert '<ol start="3">' in html
    assert "<pre><code>kubectl get pods\n</code></pre>" in html


@pytest.mark.parametrize("link", ["https://wiki.example.com/a", "HTTP://wiki.example.com"])
def test_a_link_to_a_web_page_is_kept(link: str) -> None:
    assert web_link(link) == link


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "runbooks/a.md", "https:///nowhere", "http://[broken", "ftp://a.example", ""]
)
def test_any_other_link_is_left_out(link: str) -> None:
    assert web_link(link) == ""
