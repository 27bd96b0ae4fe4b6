"""What every state promises, tried on the twin, on SQLite, and on PostgreSQL where one is reachable."""

import asyncio
from datetime import timedelta

from connectors.state.port import ATTEMPTS, Feedback, Rated, Received, State, StateUnavailable, Work
from tests.contracts.states import NOON, Word, idle, received


async def test_the_same_delivery_twice_is_one_question(state: State) -> None:
    first, fresh = await state.accept(received("e1"))
    second, again = await state.accept(received("e1"))

    assert (first == second, fresh, again) == (True, True, False)


async def test_the_same_event_id_on_another_channel_is_another_question(state: State) -> None:
    first, _ = await state.accept(received("e1"))
    other = Received("e1", "slack", "t1", "ann", "hello", "{}", NOON)

    assert (await state.accept(other))[0] != first


async def test_deliveries_racing_each_other_are_one_question(state: State) -> None:
    ids = await asyncio.gather(*(state.accept(received("e1")) for _ in range(20)))

    assert len({question_id for question_id, _ in ids}) == 1
    assert sum(fresh for _, fresh in ids) == 1


async def test_a_thread_keeps_its_order_and_its_latest_questions(state: State) -> None:
    for minute in (3, 1, 2):
        await state.accept(received(f"e{minute}", text=f"question {minute}", minutes=minute))

    assert [q.text for q in await state.thread("t1")] == ["question 1", "question 2", "question 3"]
    assert [q.text for q in await state.thread("t1", limit=2)] == ["question 2", "question 3"]
    assert (await state.thread("t1"))[0].received_at == NOON + timedelta(minutes=1)


async def test_threads_are_listed_latest_first_by_person(state: State) -> None:
    await state.accept(received("e1", text="first", thread="old"))
    await state.accept(received("e2", text="second", thread="new", minutes=5))
    await state.accept(received("e3", text="third", thread="old", minutes=1))

    listed = await state.threads("ann")

    assert [(t.id, t.title, t.questions) for t in listed] == [("new", "second", 1), ("old", "first", 2)]
    assert await state.threads("bob") == ()
    assert len(await state.threads(None)) == 2


async def test_an_answer_is_settled_once(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    assert await state.settle(question_id, '{"text":"a"}')
    assert not await state.settle(question_id, '{"text":"b"}')
    question = await state.question(question_id)
    assert question is not None
    assert question.card == '{"text":"a"}'


async def test_a_channel_has_one_receipt_and_an_undelivered_question_is_listed(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))
    assert await state.undelivered() == (question_id,)

    assert await state.record_delivery(question_id, "web", "card", "m1")
    assert not await state.record_delivery(question_id, "web", "card", "m1")
    assert await state.undelivered() == ()


async def test_an_answer_is_posted_by_one_at_a_time_until_it_has_arrived(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    assert [await state.claim(question_id) for _ in range(2)] == [True, False]
    await state.release(question_id)
    assert await state.claim(question_id)
    await state.record_delivery(question_id, "slack", "card", "m1")
    await state.release(question_id)
    assert not await state.claim(question_id)


async def test_a_follower_sees_every_frame_once_and_stops_at_the_card(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    async def follow() -> list[tuple[int, str, str]]:
        return [(f.sequence, f.kind, f.data) async for f in state.follow(question_id, after=0)]

    following = asyncio.create_task(follow())
    await state.append(question_id, "status", "looking")
    await state.append(question_id, "append", "be")
    await state.settle(question_id, "card")
    await state.append(question_id, "append", "too late")

    assert await following == [(1, "status", "looking"), (2, "append", "be"), (3, "card", "card")]


async def test_a_follower_resumes_behind_the_frame_it_saw_last(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))
    for text in ("a", "b", "c"):
        await state.append(question_id, "append", text)
    await state.settle(question_id, "card")

    assert [f.data async for f in state.follow(question_id, after=2)] == ["c", "card"]


async def test_following_ends_behind_the_card_too(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))
    await state.settle(question_id, "card")

    assert [f async for f in state.follow(question_id, after=7)] == []


async def test_a_persons_last_verdict_counts_and_needs_a_question(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    assert await state.record_feedback(Feedback(question_id, "ann", "down", "wrong service", NOON))
    assert await state.record_feedback(Feedback(question_id, "ann", "up", "", NOON))
    assert not await state.record_feedback(Feedback("nobody's", "ann", "up", "", NOON))


async def test_verdicts_come_back_with_the_answers_they_are_about_the_latest_first(state: State) -> None:
    ids = [(await state.accept(received(f"e{number}")))[0] for number in range(3)]
    for number, question_id in enumerate(ids[:2]):
        await state.settle(question_id, f"card {number}")
        await state.record_feedback(Feedback(question_id, "ann", "up", "", NOON + timedelta(minutes=number)))
    await state.record_feedback(Feedback(ids[0], "bob", "down", "", NOON + timedelta(minutes=9)))
    await state.record_feedback(Feedback(ids[2], "ann", "up", "", NOON))

    assert await state.rated() == (Rated("card 0", "down"), Rated("card 1", "up"), Rated("card 0", "up"))
    assert await state.rated(limit=1) == (Rated("card 0", "down"),)


async def test_accepted_work_is_done_with_steps_that_return_values(state: State) -> None:
    async def answer(question_id: str) -> None:
        async def think() -> Word:
            return Word(text="because")

        word = await state.step("think", Word, think)
        await state.settle(question_id, word.text)

    await state.start({"answer": Work(answer, answer)})
    question_id, _ = await state.accept(received("e1"))

    assert [f.data async for f in state.follow(question_id, after=0)] == ["because"]


async def test_work_accepted_before_the_start_is_taken_up(state: State) -> None:
    question_id, _ = await state.accept(received("e1"))

    async def answer(row_id: str) -> None:
        await state.settle(row_id, "late but here")

    await state.start({"answer": Work(answer, answer)})

    assert [f.data async for f in state.follow(question_id, after=0)] == ["late but here"]


async def test_work_that_the_database_failed_goes_on_a_little_later(state: State) -> None:
    tries = iter([StateUnavailable("the disk is full")])

    async def answer(question_id: str) -> None:
        async def think() -> Word:
            for failure in tries:
                raise failure
            return Word(text="because")

        await state.settle(question_id, (await state.step("think", Word, think)).text)

    await state.start({"answer": Work(answer, idle)})
    question_id, _ = await state.accept(received("e1"))

    assert [f.data async for f in state.follow(question_id, after=0)] == ["because"]


async def test_work_that_never_succeeds_is_given_up(state: State) -> None:
    begun: list[str] = []

    async def answer(question_id: str) -> None:
        begun.append(question_id)
        raise StateUnavailable("the database refuses this row")

    async def give_up(question_id: str) -> None:
        await state.settle(question_id, "sorry")

    await state.start({"answer": Work(answer, give_up)})
    question_id, _ = await state.accept(received("e1"))

    assert [f.data async for f in state.follow(question_id, after=0)] == ["sorry"]
    assert begun == [question_id] * ATTEMPTS


async def test_check_names_the_open_work(state: State) -> None:
    await state.accept(received("e1"))

    assert (await state.check())["open questions"] == "1"
