"""The journey of a question, top to bottom. Each step is stored: a crash resumes behind the last finished one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.announcing import Announcer
from bot.errors import NotAllowed, Outsider
from bot.living import Living, living
from bot.narration import Narrator
from bot.ports import Ports
from bot.reported import Asked, answer_report
from bot.rules.conversations import for_all, is_outsider, may_ask, rules_for, shown_to
from bot.rules.live import leads
from bot.rules.reported import reports_trouble
from bot.steps.answer import Room, answer, summing_prompt
from bot.steps.compose import compose
from bot.steps.deliver import begin, deliver, recipient
from bot.steps.exhibit import exhibit
from bot.steps.fetch import Fetched, fetch, with_files
from bot.steps.gather import gather
from bot.steps.judge import Found, judge
from bot.steps.present import Report, footer, present, present_chat, present_unread
from bot.steps.read import Readings, read, with_readings
from bot.steps.receive import receive
from bot.steps.recollect import recollect
from bot.steps.refine import refine
from bot.steps.retrieve import Wanted, retrieve
from bot.steps.rewrite import rewrite, rewriting_prompt
from bot.steps.vary import Varied, vary
from bot.steps.wording import BEGUN
from bot.vocabulary import Answer, Begun, Done, Evidence, Findings, Language, Query, RewrittenQuery, Verdict
from connectors.chat.card_port import Card, Exhibits
from connectors.chat.port import IncomingMessage
from connectors.directory.port import DirectoryUnavailable
from connectors.llm.port import Prompt, estimate_tokens
from connectors.state.incident_port import StoredIncident
from connectors.state.port import Question

PULLED = ("web", "terminal")
"""Front ends that come for their answers."""

WIDEST_SHARE = 3
"""One part in so many of the prompt's room is what a widened passage may take."""


@dataclass(frozen=True)
class Investigation:
    """What was found for a question and as numbered for the prompt, all that was searched, each round's verdict."""

    evidence: tuple[Evidence, ...]
    looked_for: tuple[str, ...]
    numbered: Mapping[int, Evidence]
    verdicts: tuple[Verdict, ...]


async def answer_question(question: Question, ports: Ports) -> None:
    """From a stored question to a delivered card."""
    started, step = ports.clock(), ports.state.step
    query = await heard(question, ports)
    shown = await begun(question, query.language, ports)
    async with living(ports.state, question.id, shown):
        query = await look_at_files(question, query, ports)
        card = await answered(question, query, started, ports) if query.text else present_unread(query)
    await step(
        "deliver", Done, partial(deliver, question, card, ports.chats, ports.state, shown.message_id if shown else "")
    )


async def answered(question: Question, query: Query, started: float, ports: Ports) -> Card:
    """From a query to the card that answers it."""
    step = ports.state.step
    narrator = Narrator(ports.state, query.question_id, query.language, ports.clock)
    await narrator.doing("rewrite")
    rewritten = await step("rewrite", RewrittenQuery, partial(rewrite, query, ports.services, ports.ladder))
    looking = [one.spent for one in query.pictures]
    if rewritten.route == "chat":
        return present_chat(query, footer([*looking, rewritten.spent], ports.clock() - started, rounds=0))
    if reports_trouble(rewritten) and ports.toolbox.owners:
        reported = await answer_report(Asked(question, query, rewritten, [*looking, rewritten.spent]), ports)
        if reported:
            return reported
    varied = await step("vary", Varied, partial(vary, rewritten, ports.ladder))
    searched = rewritten.model_copy(update={"searches": varied.searches})
    found = await investigate(searched, ports, narrator, until=started + ports.limits.seconds)
    said = Answer()
    if found.verdicts[-1].enough:
        await narrator.doing("answer")
        said = await step("answer", Answer, partial(write, rewritten, found.numbered, ports, narrator))
    on_the_way = (*(one.spent for one in found.evidence), *(verdict.spent for verdict in found.verdicts))
    spent = [*looking, rewritten.spent, varied.spent, *on_the_way, said.spent]
    cost = footer(spent, ports.clock() - started, len(found.verdicts))
    showing = partial(exhibit, query, said, found.evidence, ports.charts, ports.state)
    exhibits = await step("exhibit", Exhibits, showing)
    report = Report(rewritten, said, found.evidence, found.looked_for, exhibits)
    return present(query, report, ports.terms, cost)


async def heard(question: Question, ports: Ports) -> Query:
    """The query of a stored message, as its author asked it where it was asked. Raises UserFacing."""
    message = IncomingMessage.model_validate_json(question.body)
    rules, groups = rules_for(message, ports.conversations), await groups_of(question.author, ports)
    if is_outsider(question.author) and not rules.outsiders:
        raise Outsider
    if not may_ask(groups or (), rules):
        raise NotAllowed
    shown = shown_to(message, groups, rules) if groups is not None else None
    thread = await ports.state.thread(question.thread_id)
    query = receive(question, await remembered(thread, message, groups, ports), shown, rules)
    announcer = Announcer(ports.state, ports.membership, ports.public_url, ports.conversations)

    async def told_here(incident: StoredIncident) -> str:
        return (await announcer.card(incident, message.conversation)).text

    return await recollect(query, question.thread_id, ports.state, told_here)


async def begun(question: Question, language: Language, ports: Ports) -> Living | None:
    """The message that shows how far the answer is; None where the asker's own page shows it."""
    if question.channel in PULLED:
        return None
    first = await ports.state.step("begin", Begun, partial(begin, question, ports.chats, BEGUN[language]))
    chat = ports.chats.get(question.channel)
    return Living(chat, recipient(question), first.message_id) if chat and first.message_id else None


async def look_at_files(question: Question, query: Query, ports: Ports) -> Query:
    """The query with its files, and with what stands on pictures and in quotes."""
    if query.unfetched:
        fetching = partial(fetch, question, query, ports.chats, ports.state)
        query = with_files(query, await ports.state.step("fetch", Fetched, fetching))
    if not query.pictures and not query.quotes:
        return query
    await Narrator(ports.state, query.question_id, query.language, ports.clock).doing("read")
    reading = partial(read, query, ports.ocr, ports.state, ports.ladder)
    readings = await ports.state.step("read", Readings, reading)
    return with_readings(query, readings, ports.services, ports.known)


async def groups_of(author: str, ports: Ports) -> tuple[str, ...] | None:
    """The groups of an author; None when nobody can tell."""
    try:
        return await ports.membership.groups(author)
    except DirectoryUnavailable:
        return None


async def remembered(
    thread: Sequence[Question], message: IncomingMessage, groups: Sequence[str] | None, ports: Ports
) -> tuple[Question, ...]:
    """The thread as far as the readers of the answer may know it.

    What somebody was told alone, there or on the page, stays with them. Where each reads for themselves, what was
    answered to those who may read more is left out; what everybody in a channel was answered, everybody there has read.
    """
    said = {one.id: IncomingMessage.model_validate_json(one.body) for one in thread}
    # What its author has edited into another question was never said.
    replaced = {message.replaces, *(one.replaces for one in said.values())}
    thread = [one for one in thread if said[one.id].event_id not in replaced]
    if message.audience == "conversation":
        return tuple(one for one in thread if for_all(said[one.id]))
    own = [one for one in thread if one.author == message.author or not said[one.id].ephemeral]
    others = {one.author for one in own if said[one.id].audience == "author"} - {message.author}
    known = {other: await groups_of(other, ports) for other in others}
    secret = {other for other, of in known.items() if of is None or not set(of) <= set(groups or ())}
    return tuple(replace(one, card=None) if one.author in secret else one for one in own)


async def investigate(query: RewrittenQuery, ports: Ports, narrator: Narrator, until: float) -> Investigation:
    """Look and judge, ever narrower, until it is enough, nothing new comes, or rounds or time are used up."""
    evidence: dict[str, Evidence] = {}
    verdicts: list[Verdict] = []
    looked_for, searches = query, list[str]()
    while True:
        searches += looked_for.searches
        found = await ports.state.step("look", Findings, partial(look, looked_for, ports, narrator))
        fresh = {one.id: one for one in found.evidence if one.id not in evidence}
        evidence |= fresh
        numbered = compose(list(evidence.values()), *budget(ports))
        await narrator.doing("judge")
        weigh = partial(
            judge, query, Found(tuple(evidence.values()), numbered), ports.terms, ports.services, ports.ladder
        )
        verdicts.append(await ports.state.step("judge", Verdict, weigh))
        narrower = refine(looked_for, verdicts[-1])
        out_of_budget = len(verdicts) >= ports.limits.rounds or ports.clock() > until
        if verdicts[-1].enough or not fresh or narrower is None or out_of_budget:
            everything = tuple(evidence.values())
            return Investigation(everything, tuple(dict.fromkeys(searches)), numbered, tuple(verdicts))
        looked_for = narrower
        await narrator.doing("refine", ", ".join(verdicts[-1].missing))


async def look(query: RewrittenQuery, ports: Ports, narrator: Narrator) -> Findings:
    """One round: the plugins, then the library."""
    await narrator.doing("gather")
    asked = await gather(query, ports.plugins)
    await narrator.doing("retrieve", query.searches[0])
    room, count = budget(ports)
    wanted = Wanted(ports.limits.hits, room // WIDEST_SHARE, count)
    led = query.model_copy(update={"searches": (*query.searches, *leads(asked.evidence))})
    found = await retrieve(led, ports.library, wanted, await ports.standing.votes())
    return Findings(evidence=(*asked.evidence, *found.evidence))


async def write(query: RewrittenQuery, numbered: Mapping[int, Evidence], ports: Ports, narrator: Narrator) -> Answer:
    """The answer; a draft that a crash cut off begins anew."""
    await narrator.redraft("")
    best, limits = ports.ladder.best, ports.limits
    small = best is None or best.level == "local"
    most = limits.local_output_tokens if small else limits.output_tokens
    room = Room(most, limits.local_evidence_tokens, best.count_tokens if best else estimate_tokens)
    return await answer(query, numbered, ports.terms, ports.ladder, narrator, room)


def fixed_prompts() -> list[Prompt]:
    """The parts of prompts that never change, for models that read them ahead of the first question."""
    return [rewriting_prompt(), summing_prompt("en"), summing_prompt("zh")]


def budget(ports: Ports) -> tuple[int, Callable[[str], int]]:
    """Tokens of evidence that are looked at, and how they are counted."""
    best = ports.ladder.best
    if best is None:
        return ports.limits.evidence_tokens, estimate_tokens
    return min(ports.limits.evidence_tokens, best.context_tokens // 2), best.count_tokens
