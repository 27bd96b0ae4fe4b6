"""What an answer may say, given what was found."""

import re

import pytest

from bot.guards.citation import admit, hard_facts, quote
from bot.rules.sentences import Piece, pieces
from bot.vocabulary import Claim, Evidence

POOL = Evidence(
    id="a",
    kind="document",
    title="Payments: connection pool exhausted",
    text="The pool holds 40 connections in production and 10 in staging.\n"
    "Raise `DB_POOL_MAX` to 60, then watch `db_pool_in_use_connections`.\n"
    "```bash\nkubectl -n payments set env deploy/payments DB_POOL_MAX=60\n```\n"
    "Do not restart the primary database.",
)
TLS = Evidence(id="b", kind="document", title="TLS", text="Certificates are rotated every 90 days by cert-manager.")
NUMBERED = {1: POOL, 2: TLS}


def terms(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z_]{3,}|\d+|[\u4e00-\u9fff]", text.lower())) - {"the", "and", "then", "for"}


@pytest.mark.parametrize(
    ("draft", "cites"),
    [
        pytest.param("The pool holds 40 connections in production [1].", ("a",), id="cited-and-said"),
        pytest.param("The pool holds 40 connections in production.", ("a",), id="said-but-not-cited-is-attributed"),
        pytest.param("The pool holds 40 connections in production [2].", ("a",), id="cited-wrongly-is-mended"),
        pytest.param("The pool holds 400 connections in production [1].", None, id="wrong-number"),
        pytest.param("The pool holds 40 connections in production [9].", ("a",), id="citation-of-nothing-is-mended"),
        pytest.param("Raise `DB_POOL_SIZE` to 60 [1].", None, id="invented-identifier"),
        pytest.param("Raise `DB_POOL_MAX` to 60 [1].", ("a",), id="identifier-word-for-word"),
        pytest.param("Restart the primary database [1].", None, id="a-warning-keeps-its-not"),
        pytest.param("Do not restart the primary database [1].", ("a",), id="warning-kept"),
        pytest.param("Cats are popular animals [1].", None, id="cited-but-not-said"),
        pytest.param("See https://evil.example/x for the pool in production [1].", None, id="invented-link"),
        pytest.param("I raised `DB_POOL_MAX` to 60 for you [1].", None, id="nobody-acted"),
        pytest.param("已为您把 `DB_POOL_MAX` 调到 60[1]。", None, id="nobody-acted-chinese"),
        pytest.param("OK.", None, id="says-nothing"),
        pytest.param("Puzzle [1].", None, id="one-word"),
    ],
)
def test_sentences(draft: str, cites: tuple[str, ...] | None) -> None:
    claim = admit(pieces(draft)[0], NUMBERED, terms)

    assert (claim.cites if claim else None) == cites


@pytest.mark.parametrize(
    ("code", "admitted"),
    [
        ("kubectl -n payments set env deploy/payments DB_POOL_MAX=60", True),
        ("kubectl  -n payments   set env deploy/payments DB_POOL_MAX=60", True),
        ("kubectl -n payments set env deploy/payments DB_POOL_MAX=600", False),
        ("kubectl -n payments delete deploy/payments", False),
        ("kubectl -n payments set env deploy/payments DB_POOL_MAX=60\nrm -rf /", False),
        ("# only a comment", False),
    ],
)
def test_a_command_is_admitted_only_word_for_word(code: str, admitted: bool) -> None:  # noqa: FBT001  # a table column
    piece = Piece(f"```bash\n{code}\n```", code=True)

    assert (admit(piece, NUMBERED, terms) is not None) is admitted


def test_two_pieces_of_evidence_may_support_a_claim_together() -> None:
    one = Evidence(id="x", kind="document", title="Checkout", text="checkout calls payments for every order")
    two = Evidence(id="y", kind="document", title="Northbank", text="northbank throttles after twenty requests")
    piece = Piece("checkout calls payments northbank throttles requests", cites=(1, 2))

    claim = admit(piece, {1: one, 2: two}, terms)

    assert claim is not None
    assert claim.cites == ("x", "y")


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("Raise `DB_POOL_MAX.", "Raise `DB_POOL_MAX`."),
        (
            "Raise it: `kubectl -n payments set env deploy/payments",
            "Raise it: `kubectl -n payments set env deploy/payments`",
        ),
        ("Restart the primary database: `kubectl -n payments delete", None),
    ],
    ids=["a-name", "a-command", "an-invented-command"],
)
def test_a_code_span_left_open_is_checked_and_closed(text: str, claimed: str | None) -> None:
    claim = admit(Piece(text), NUMBERED, terms)

    assert (claim.text if claim else None) == claimed


def test_two_passages_of_one_piece_of_evidence_are_cited_once() -> None:
    sizes = POOL.model_copy(update={"text": "The pool holds 40 connections in production."})
    raise_it = POOL.model_copy(update={"text": "Raise `DB_POOL_MAX` to 60 and watch it."})
    piece = Piece("The pool holds 40 connections in production; raise `DB_POOL_MAX` to 60 and watch it.", cites=(1, 2))

    claim = admit(piece, {1: sizes, 2: raise_it}, terms)

    assert claim is not None
    assert claim.cites == ("a",)


def test_words_from_all_over_a_page_are_no_support() -> None:
    lines = ["Checkout takes the order.", *("Nothing of interest is said in this line." for _ in range(9))]
    page = Evidence(
        id="p", kind="document", title="Page", text="\n".join([*lines, "It was restored within 45 minutes."])
    )

    assert admit(Piece("Checkout was restored within 45 minutes."), {1: page}, terms) is not None
    assert admit(Piece("Checkout takes 45 order minutes restored."), {1: page}, terms) is None


def test_the_quote_is_the_passage_that_says_it() -> None:
    claim = Claim(text="Raise `DB_POOL_MAX` to 60.", cites=("a",))

    assert quote(claim, POOL, terms) == "Raise `DB_POOL_MAX` to 60, then watch `db_pool_in_use_connections`."


def test_hard_facts_are_what_can_be_typed_or_counted() -> None:
    assert hard_facts("Set `a b` to 60 s on order-api/v2 via CheckoutHigh, see 99.9%") == (
        "a b",
        "60 s",
        "api/v2",
        "CheckoutHigh",
        "99.9%",
    )


@pytest.mark.parametrize("end", [".", ",", ""])
def test_a_time_at_the_end_of_a_sentence_is_the_time_in_the_source(end: str) -> None:
    assert hard_facts(f"It began at 09:45{end}") == ("09:45",)
