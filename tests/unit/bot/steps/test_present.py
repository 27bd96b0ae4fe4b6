"""From claims to a card."""

from datetime import UTC, datetime

from bot.rules.terms import content_terms
from bot.steps.present import Report, footer, present, present_unread
from bot.vocabulary import Answer, Claim, Entities, Evidence, Picture, Place, Query, RewrittenQuery, Spent
from connectors.chat.card_port import Card, Chart, Exhibits, PictureText, Table

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
A = Evidence(id="a", kind="document", title="Pool", text="The pool is 20.\n```\nls\n```", document_id="pool.md")
B = Evidence(id="b", kind="document", title="Limits", text="The limit is 400.", document_id="limits.md")
DOWN = Evidence(id="failure:metrics", kind="failure", title="metrics", text="timeout")


def card(
    *claims: Claim,
    route: str = "question",
    evidence: tuple[Evidence, ...] = (A, B),
    exhibits: Exhibits = Exhibits(),  # noqa: B008 - it never changes
) -> Card:
    query = Query(question_id="q", text="pool?", language="en", asked_at=NOON, author="ann")
    rewritten = RewrittenQuery(
        text="pool size", asked="pool?", searches=("pool size", "pool?"), language="en", asked_at=NOON,
        route=route, entities=Entities(),  # type: ignore[arg-type]  # a route
    )  # fmt: skip
    cost = footer([Spent()], 1.24, 1)
    report = Report(rewritten, Answer(claims=claims), evidence, rewritten.searches, exhibits)
    return present(query, report, content_terms, cost)


def test_citations_are_numbered_in_the_order_they_are_read() -> None:
    shown = card(Claim(text="The limit is 400.", cites=("b",)), Claim(text="The pool is 20.", cites=("a", "b")))

    assert shown.text == "The limit is 400 [1]. The pool is 20 [2][1]."
    assert [(c.number, c.document_id, c.quote) for c in shown.citations] == [
        (1, "limits.md", "The limit is 400."),
        (2, "pool.md", "The pool is 20."),
    ]


def test_figures_are_shown_beside_the_words() -> None:
    table = Table(title="Orders", columns=("n",), rows=(("1",),), total=1)
    chart = Chart(title="p95", file="0" * 64, says="Line chart.")

    shown = card(Claim(text="It is 1.", cites=("a",)), exhibits=Exhibits(tables=(table,), charts=(chart,)))

    assert (shown.tables, shown.charts) == ((table,), (chart,))


def test_of_a_passage_of_several_chunks_the_one_that_says_it_is_cited() -> None:
    places = (Place(at=0, chunk_id="c0", heading="Look"), Place(at=18, chunk_id="c1", heading="Mend"))
    wide = A.model_copy(update={"text": "The pool is full.\n\nRaise it to 40 at most.", "places": places})
    shown = card(
        Claim(text="Raise it to 40 at most.", cites=("a",)),
        Claim(text="The pool is full.", cites=("a",)),
        Claim(text="Raise it to 40.", cites=("a",)),
        evidence=(wide,),
    )

    assert shown.text == "Raise it to 40 at most [1]. The pool is full [2]. Raise it to 40 [1]."
    assert [(c.number, c.chunk_id, c.heading) for c in shown.citations] == [(1, "c1", "Mend"), (2, "c0", "Look")]


def test_a_claim_bears_a_number_once() -> None:
    twice = card(Claim(text="The limit is 400.", cites=("b", "b", "a")))

    assert twice.text == "The limit is 400 [1][2]."


def test_lists_code_and_sentences_stand_apart() -> None:
    shown = card(
        Claim(text="The pool is 20.", cites=("a",)),
        Claim(text="1. Look.", cites=("a",)),
        Claim(text="2. Wait.", cites=("a",)),
        Claim(text="```\nls\n```", cites=("a",)),
    )

    assert shown.text == "The pool is 20 [1].\n\n1. Look [1].\n2. Wait [1].\n\n```\nls\n```\n[1]"


def test_without_a_claim_it_says_what_was_looked_for() -> None:
    shown = card()

    assert (shown.kind, shown.looked_for) == ("insufficient", ("pool size", "pool?"))


def test_what_could_not_be_asked_is_said() -> None:
    assert card(evidence=(DOWN,)).notices == ("Could not ask metrics: timeout",)


def test_an_order_is_answered_with_what_was_not_done() -> None:
    assert (
        card(Claim(text="The pool is 20.", cites=("a",)), route="action").notices[0].startswith("Nothing was executed")
    )


def test_the_footer_adds_up_and_names_who_wrote_the_answer() -> None:
    rewriting = Spent(level="endpoint", model="big", tokens_in=100, tokens_out=10, cost=0.001, currency="USD")
    writing = Spent(level="local", model="small", tokens_in=900, tokens_out=90)

    total = footer([rewriting, writing], 3.21, 2)

    assert (total.level, total.model, total.tokens_in, total.tokens_out) == ("local", "small", 1000, 100)
    assert (total.seconds, total.cost, total.rounds) == (3.2, "0.0010 USD", 2)


def test_what_was_read_is_shown_back() -> None:
    pictures = (
        Picture(name="a.png", digest="a1", text="PoolTimeout", corrected=True),
        Picture(name="b.png", digest="b1", text="p99", description="It rises."),
    )
    query = Query(
        question_id="q", text="", language="zh", asked_at=NOON, author="ann", pictures=pictures, notices=("no",)
    )

    shown = present_unread(query)

    assert shown.readings == (
        PictureText(name="a.png", digest="a1", text="PoolTimeout", corrected=True),
        PictureText(name="b.png", digest="b1", text="p99", description="It rises."),
    )
    assert (shown.kind, shown.language, shown.notices) == ("notice", "zh", ("no",))
