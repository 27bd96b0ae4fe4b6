"""Which of a small model's sentences are worth reading, and what becomes of those cut out of their place."""

import pytest

from bot.guards.summing import Summing
from bot.rules.sentences import pieces
from bot.rules.terms import content_terms
from bot.vocabulary import Claim, Evidence

QUEUE = Evidence(
    id="q",
    kind="document",
    title="Mail queue is growing",
    heading="Find the cause",
    text="""Most mails leave within 20 seconds.

The relay answers 421 when it is overloaded. That is the usual case.

- **Consumers idle, lag growing:** the workers hang on a lock. Restart them.
- **Lag flat:** nothing is broken

Pause the campaign sender:

```sh
# it is started again by `mailctl resume`
mailctl pause campaigns
```

When the relay is back, `mailctl flush --all` empties the queue.
Is it back? If not, page the mail team. Never delete the spool by hand.""",
)
NODES = Evidence(
    id="n",
    kind="document",
    title="节点磁盘写满",
    heading="处理",
    text="""镜像占满磁盘：先清理不再使用的镜像。

1. **日志占满磁盘。** 用 `journalctl --vacuum-size=1G` 缩小系统日志。
2. 恢复调度前先确认磁盘低于 70%：`kubectl uncordon NODE`。

如果清理后仍高于 85%，就扩容数据盘。扩容期间节点不会重启。

暂停清理任务：

```sh
kubectl -n ops patch cronjob image-sweep -p '{"spec":{"suspend":true}}'
```""",
)


def summing(asked: str = "why do mails leave late?", *shown: Evidence) -> Summing:
    return Summing(asked, shown or (QUEUE,), content_terms)


def said(*texts: str) -> list[Claim]:
    return [Claim(text=text, cites=("q",)) for text in texts]


def helps(text: str, *before: str, asked: str = "why do mails leave late?", follows: bool = True) -> bool:
    return summing(asked, QUEUE, NODES).helps(said(text)[0], said(*before), follows=follows)


RELAY = "The relay answers 421 when it is overloaded."


@pytest.mark.parametrize(
    ("before", "text", "kept"),
    [
        pytest.param(RELAY, "When overloaded, the relay answers 421.", False, id="again-in-another-order"),
        pytest.param(RELAY, "2. The relay is overloaded.", False, id="a-part-again"),
        pytest.param(RELAY, "The relay is overloaded for 20 seconds.", True, id="with-a-number"),
        pytest.param(RELAY, "The relay `smtp-out` is overloaded.", True, id="with-a-name"),
        pytest.param(
            "To flush all empties the mailctl queue.",
            "`mailctl flush --all` empties the queue.",
            True,
            id="with-a-command",
        ),
        pytest.param(RELAY, "Most mails leave within 20 seconds.", True, id="something-else"),
        pytest.param("Never delete the spool.", "Delete the spool.", True, id="the-opposite-is-no-repetition"),
        pytest.param("清理后仍高于 85% 就扩容数据盘。", "高于 85% 就扩容。", False, id="chinese-again"),
        pytest.param("清理后仍高于 85% 就扩容数据盘。", "低于 70% 才恢复调度。", True, id="chinese-something-else"),
    ],
)
def test_what_was_said_is_not_said_again(before: str, text: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    assert helps(text, before) is kept


@pytest.mark.parametrize(
    ("asked", "text", "kept"),
    [
        pytest.param("mails stuck?", "Mail queue is growing.", False, id="the-title"),
        pytest.param("mails stuck for 3 h?", "Mails are stuck for 3 h.", False, id="the-question"),
        pytest.param("mails stuck?", "The mail queue is growing by 20 seconds.", True, id="a-number-of-its-own"),
        pytest.param(
            "mailctl flush all empties it?", "`mailctl flush --all` empties the queue.", True, id="a-command-of-its-own"
        ),
        pytest.param("mails stuck?", "The workers hang on a lock.", True, id="an-answer"),
        pytest.param("can I delete the spool?", "Never delete the spool.", True, id="no"),
        pytest.param("should I pause the sender?", "Yes, pause the sender.", True, id="yes"),
        pytest.param("磁盘满了怎么办", "节点磁盘写满。", False, id="chinese-title"),
        pytest.param("要不要扩容数据盘", "需要扩容数据盘。", True, id="chinese-yes"),
    ],
)
def test_question_and_title_are_no_answer(asked: str, text: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    assert helps(text, asked=asked) is kept


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        pytest.param("Nothing is broken.", ["Lag flat: nothing is broken"], id="its-case-was-cut-off"),
        pytest.param(
            "Consumers idle, lag growing.",
            ["Consumers idle, lag growing: the workers hang on a lock."],
            id="a-case-without-what-it-says",
        ),
        pytest.param("`mailctl flush --all` empties the queue.", None, id="its-condition-was-cut-off"),
        pytest.param("Page the mail team.", ["If not, page the mail team."], id="its-if-was-cut-off"),
        pytest.param("The relay answers 421.", ["The relay answers 421."], id="a-beginning"),
        pytest.param("Restart them.", ["Restart them."], id="a-whole-sentence"),
        pytest.param("Workers wait for a lock.", ["Workers wait for a lock."], id="not-word-for-word"),
        pytest.param("Pause the campaign sender.", [], id="leads-in-code-that-is-quoted-below"),
        pytest.param("就扩容数据盘。", ["如果清理后仍高于 85%，就扩容数据盘。"], id="chinese-condition"),
        pytest.param("先清理不再使用的镜像。", ["镜像占满磁盘：先清理不再使用的镜像。"], id="chinese-case"),
        pytest.param("扩容期间节点不会重启。", ["扩容期间节点不会重启。"], id="chinese-whole-sentence"),
    ],
)
def test_a_fragment_gets_its_sentence_back(text: str, becomes: list[str] | None) -> None:
    found = [one.text for one in summing("q", QUEUE, NODES).whole(pieces(text)[0])]

    whole = ["When the relay is back, `mailctl flush --all` empties the queue."]
    assert found == (whole if becomes is None else becomes)


def test_what_the_question_says_is_not_missed() -> None:
    piece = pieces("`mailctl flush --all` empties the queue.")[0]

    assert summing("the relay is back, what now").whole(piece) == (piece,)


def test_a_sentence_that_leads_in_code_comes_with_it() -> None:
    found = summing("q", QUEUE, NODES).whole(pieces("暂停清理任务[2]。")[0])

    assert [(one.text.splitlines()[0], one.code) for one in found] == [("暂停清理任务：", False), ("```sh", True)]


@pytest.mark.parametrize(
    ("heading", "says", "kept"),
    [
        pytest.param("Send readers to the primary meanwhile", "Send readers to the primary.", True, id="an-order"),
        pytest.param("Timeline (UTC)", "Timeline (UTC).", False, id="a-label"),
        pytest.param("改读主库并限制报表查询", "改读主库，限制报表查询。", True, id="chinese-order"),
        pytest.param("时间线（+08:00）", "时间线（+08:00）。", False, id="chinese-label"),
    ],
)
def test_a_heading_that_is_not_shown_may_be_the_answer(heading: str, says: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    claim, other = said(says)[0], page(f"{says} It takes a minute.", heading)

    assert summing("replica behind, what now", QUEUE, other).helps(claim, [], follows=True) is kept
    assert not summing("replica behind, what now", other, QUEUE).helps(claim, [], follows=True)


def page(text: str, heading: str = "") -> Evidence:
    return QUEUE.model_copy(update={"text": text, "heading": heading})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"After {'word ' * 60}the queue drains.", id="sentence"),
        pytest.param("The queue drains:\n\n```sh\n" + "mailctl step\n" * 12 + "```", id="code"),
    ],
)
def test_what_is_too_long_to_be_given_back_is_dropped(text: str) -> None:
    assert summing("q", QUEUE, page(text)).whole(pieces("The queue drains.")[0]) == ()


@pytest.mark.parametrize(
    ("before", "text", "kept"),
    [
        pytest.param(["The relay answers 421 when overloaded."], "That is the usual case.", True, id="behind-its-own"),
        pytest.param(["Never delete the spool."], "That is the usual case.", False, id="behind-another"),
        pytest.param([], "That is the usual case.", False, id="first"),
        pytest.param(["Workers hang."], "They wait for a lock.", True, id="the-models-own-pronoun"),
        pytest.param(["如果清理后仍高于 85%，就扩容数据盘。"], "其他镜像先清理。", True, id="chinese-others"),
    ],
)
def test_it_must_have_something_to_point_at(before: list[str], text: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    assert helps(text, *before) is kept


@pytest.mark.parametrize(("before", "kept"), [([], True), (["Workers hang."], False)], ids=["first", "behind-another"])
def test_the_first_sentence_of_a_passage_points_at_its_heading(before: list[str], kept: bool) -> None:  # noqa: FBT001  # a table column
    text = "This alert fires when the lag is above 600."
    found = summing("what is MailLag?", page(text, "MailLag"))

    assert found.helps(said(text)[0], said(*before), follows=True) is kept


@pytest.mark.parametrize("text", ["They wait for a lock.", "它会清理镜像。"])
def test_a_pronoun_whose_sentence_was_dropped_goes_too(text: str) -> None:
    assert not helps(text, "Workers hang.", follows=False)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("Pause the campaign sender with `mailctl pause campaigns`.", True, id="the-text-before-it"),
        pytest.param("`mailctl pause campaigns`: the sender can be started again.", True, id="its-comment"),
        pytest.param("Run `mailctl pause campaigns`.", True, id="no-purpose"),
        pytest.param("Restart the workers with `mailctl pause campaigns`.", False, id="another-purpose"),
        pytest.param("Empty the queue with `mailctl flush --all` once the relay is back.", True, id="its-own-sentence"),
        pytest.param("Release the lock with `mailctl flush --all`.", False, id="another-purpose-in-the-text"),
        pytest.param("Watch `mailctl` closely while the relay is overloaded.", True, id="a-name-is-no-command"),
        pytest.param("系统日志占满磁盘时用 `journalctl --vacuum-size=1G` 缩小日志。", True, id="chinese-in-its-case"),
        pytest.param("用 `journalctl --vacuum-size=1G` 缩小系统日志。", True, id="chinese-the-case-is-named"),
        pytest.param("用 `kubectl uncordon NODE` 缩小系统日志。", False, id="chinese-another-item"),
        pytest.param("用 `kubectl uncordon NODE` 恢复节点调度。", True, id="chinese-its-item"),
        pytest.param("Restore scheduling with `kubectl uncordon NODE`.", True, id="across-languages"),
        pytest.param("Shrink the journal with `kubectl uncordon NODE`.", False, id="across-languages-wrong"),
    ],
)
def test_a_command_keeps_its_purpose(text: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    assert helps(text, asked="what now") is kept


@pytest.mark.parametrize(
    ("asked", "kept"), [("consumers idle, lag growing", True), ("lag flat", False)], ids=["its-case", "another-case"]
)
def test_a_command_for_one_case_is_not_for_another(asked: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    shown = page("1. **Consumers idle.** Restart one worker: `mailctl restart worker-1`.")
    claim = said("Restart one worker with `mailctl restart worker-1`.")[0]

    assert summing(asked, shown).helps(claim, [], follows=True) is kept


@pytest.mark.parametrize(("heading", "fits"), [("Restart the workers", True), ("Mail queue is growing", False)])
def test_a_heading_tells_what_a_command_is_for_and_a_title_does_not(heading: str, fits: bool) -> None:  # noqa: FBT001  # a table column
    words = "Restart the workers" if fits else "Growing mail queue"

    assert summing("q", page("```sh\nmailctl kick all\n```", heading)).fits("mailctl kick all", words) is fits


def test_a_list_is_for_what_its_opening_says() -> None:
    shown = page("Pause the senders of campaigns:\n- `mailctl pause a`\n- `mailctl pause b`")

    assert summing("q", shown).fits("mailctl pause b", "Pause the senders")


@pytest.mark.parametrize(
    ("shown", "kept"), [((QUEUE, NODES), False), ((NODES, QUEUE), True)], ids=["below", "not-below"]
)
def test_code_that_is_quoted_below_is_not_given_twice(shown: tuple[Evidence, ...], kept: bool) -> None:  # noqa: FBT001  # a table column
    code = said("```sh\nmailctl  pause campaigns\n```")[0]

    assert summing("q", *shown).helps(code, [], follows=True) is kept


@pytest.mark.parametrize(
    ("words", "fits"),
    [("Pause the sender:", True), ("Resume sending:", False), ("From a terminal:", False), ("Run this:", True)],
)
def test_words_in_front_of_code_say_what_the_source_says(words: str, fits: bool) -> None:  # noqa: FBT001  # a table column
    code = pieces("```sh\nmailctl pause campaigns\n```")[0]

    assert summing().introduces(words, code) is fits


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("The workers do not hang on a lock.", False, id="a-not-of-its-own"),
        pytest.param("The spool must never be deleted by hand.", True, id="a-not-of-the-source"),
        pytest.param("If it is not back, page the team of the mail.", True, id="a-not-beside-it"),
        pytest.param("清理镜像不需要扩容磁盘。", True, id="chinese-near-a-not"),
        pytest.param("Check the firewall settings and reinstall the mail client.", False, id="made-up"),
        pytest.param("| relay 421 | overloaded | the usual case |", False, id="a-row-without-its-table"),
        pytest.param("\ufffd清理镜像，释放磁盘。", False, id="garbled"),
    ],
)
def test_what_the_passages_do_not_say_is_no_help(text: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    assert helps(text) is kept


@pytest.mark.parametrize(
    ("asked", "text", "kept"),
    [
        pytest.param("why can't labels be printed?", "Labels cannot be printed during the lock.", True, id="asked-so"),
        pytest.param("when are labels printed?", "Labels cannot be printed during the lock.", False, id="not-asked"),
        pytest.param("要不要重启服务", "续期之后不需要重启服务。", False, id="chinese-whether-or-not"),
        pytest.param("为什么不能重启服务", "续期之后不能重启服务。", True, id="chinese-asked-so"),
    ],
)
def test_a_not_may_be_the_questions(asked: str, text: str, kept: bool) -> None:  # noqa: FBT001  # a table column
    shown = page("The printing of labels waits for the lock.\n续期之后重启服务。")

    assert summing(asked, shown).helps(said(text)[0], [], follows=True) is kept


@pytest.mark.parametrize("text", ["worker-1 is ready and has 0 restarts.", "worker-2 is not ready."])
def test_what_a_system_printed_can_be_summed_up(text: str) -> None:
    printed = page("```\nNAME READY RESTARTS\nworker-1 1/1 0\nworker-2 0/1 7\n```").model_copy(update={"kind": "tool"})

    assert summing("how are the workers?", printed).helps(said(text)[0], [], follows=True)


def test_said_in_full_it_takes_the_place_of_what_said_less() -> None:
    short, long = said("The relay answers 421.", "The relay answers 421 when overloaded.")

    assert summing().replaces(long, short)
    assert not summing().replaces(short, long)
    assert not summing().replaces(said(f"{long.text[:-1]} and the workers hang on a lock for 20 minutes.")[0], short)


LATE, LONG_QUEUE = "why do mails leave late?", "the queue is long, what now?"
CASES = Evidence(
    id="t",
    kind="document",
    title="Mail is slow",
    heading="Which is it",
    text="""| relay delay | queue | it is |
|---|---|---|
| above 2 s | short | the relay: page its team |
| normal | long | our workers: restart the stuck one |""",
)


@pytest.mark.parametrize(
    ("text", "asked", "kept"),
    [
        pytest.param("The stuck worker should be restarted.", LATE, False, id="one-cell"),
        pytest.param("It is the relay: page its team.", LATE, False, id="another-cell"),
        pytest.param("With a long queue restart the stuck worker.", LATE, True, id="with-its-case"),
        pytest.param("The stuck worker should be restarted.", LONG_QUEUE, True, id="case-was-asked"),
    ],
)
def test_a_cell_says_nothing_without_its_row(text: str, asked: str, *, kept: bool) -> None:
    assert summing(asked, CASES).helps(Claim(text=text, cites=("t",)), [], follows=True) is kept
