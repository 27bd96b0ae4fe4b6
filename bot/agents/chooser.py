"""The choice of a remedy with a large model: among those that fit the cause, and only as far as the guard lets it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from pydantic import BaseModel, Field, JsonValue

from bot.agents.allowance import Allowance, ask_once, large
from bot.agents.prompts import instruction, one_line, section
from bot.catalogue import Catalogue
from bot.guards.action import NotAdmitted, admit
from bot.incident import Diagnosis
from bot.ladder import Ladder
from bot.parameters import Schema, properties
from bot.remedy import Choice, Remedy, worded
from bot.rules.offers import MOST_OFFERED, Fitting, fitting
from bot.vocabulary import Evidence, Spent
from connectors.llm.port import Prompt
from connectors.remediation.port import Action
from knowledge.service_graph import ServiceGraph

MOST_REMEDIES, MOST_FINDINGS, MOST_EVIDENCE, LONGEST_EVIDENCE = 20, 12, 8, 1_500
REPLY_TOKENS = 400

_log = structlog.get_logger()


class Chosen(BaseModel):
    """What the model is asked for."""

    remedy: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


@dataclass(frozen=True)
class Offered:
    """What may be proposed, the best first: actions that the guard admitted.

    ``model`` is what chose the first of them, with the version of its prompt; empty where rules did.
    """

    actions: tuple[Action, ...] = ()
    model: str = ""
    spent: Spent = field(default_factory=Spent)


async def choose(
    diagnosis: Diagnosis, catalogue: Catalogue, graph: ServiceGraph, ladder: Ladder, allowance: Allowance | None = None
) -> Offered:
    """At most three actions for a diagnosis: what rules offer, before it what a large model chose among the fitting.

    Every one has passed the guard. Without a large model, or where it chooses nothing that is admitted, the rules'
    choice stands. It never raises for what a model says.
    """
    fits = fitting(diagnosis, catalogue, graph)
    by_rules = [one for fit in fits if fit.choice and (one := _admitted(fit.choice, diagnosis, catalogue, graph))]
    if not fits or large(ladder) is None:
        return Offered(tuple(by_rules[:MOST_OFFERED]))
    asked = ladder.for_question()
    prompt = Prompt(instruction("chooser"), _material(diagnosis, fits, by_rules))
    reply = await ask_once(asked, prompt, Chosen, REPLY_TOKENS, allowance)
    best = _taken(reply, fits, diagnosis, catalogue, graph) if reply and reply.remedy else None
    if best is None:
        return Offered(tuple(by_rules[:MOST_OFFERED]), spent=asked.spent())
    others = [one for one in by_rules if one.digest != best.digest]
    version = hashlib.sha256(instruction("chooser").encode()).hexdigest()[:8]
    spent = asked.spent()
    return Offered((best, *others)[:MOST_OFFERED], f"{spent.model} chooser@{version}", spent)


def _taken(
    reply: Chosen, fits: Sequence[Fitting], diagnosis: Diagnosis, catalogue: Catalogue, graph: ServiceGraph
) -> Action | None:
    """The action that a model chose; None unless its remedy fits the cause, aims at its service, and is admitted."""
    fit = next((one for one in fits[:MOST_REMEDIES] if one.remedy.id == reply.remedy), None)
    if fit is None:
        _log.warning("remedy refused", remedy=reply.remedy[:80], reason="does not fit the cause")
        return None
    action = _admitted(Choice(remedy=reply.remedy, parameters=reply.parameters), diagnosis, catalogue, graph)
    if action is not None and not fit.aims(action.parameters):
        _log.warning("remedy refused", remedy=reply.remedy[:80], reason="aims elsewhere than at the cause")
        return None
    return action


def _admitted(choice: Choice, diagnosis: Diagnosis, catalogue: Catalogue, graph: ServiceGraph) -> Action | None:
    try:
        return admit(choice, catalogue, diagnosis.evidence, graph)
    except NotAdmitted as why:
        _log.info("remedy refused", remedy=choice.remedy[:80], reason=str(why)[:200])
        return None


def _material(diagnosis: Diagnosis, fits: Sequence[Fitting], by_rules: Sequence[Action]) -> str:
    leading = diagnosis.verdict.hypotheses[0]
    findings = [one for one in diagnosis.findings if one.id in leading.supports]
    findings += [one for one in diagnosis.findings if one not in findings]
    cited = {id for one in findings for id in one.cites}
    evidence = sorted((one for one in diagnosis.evidence if one.kind == "tool"), key=lambda one: one.id not in cited)
    parts = {
        "CAUSE": f"{leading.cause} at {leading.service} ({diagnosis.verdict.outcome}): {one_line(leading.says, 400)}",
        "FINDINGS": "\n".join(f"- {one_line(f'{one.says} {one.quote}', 400)}" for one in findings[:MOST_FINDINGS]),
        "EVIDENCE": "\n\n".join(map(_shown, evidence[:MOST_EVIDENCE])),
        "REMEDIES": "\n".join(_described(one.remedy) for one in fits[:MOST_REMEDIES]),
        "OFFERED": "\n".join(f"- {one.remedy} {dict(one.parameters)}" for one in by_rules[:MOST_OFFERED]),
    }
    return "\n\n".join(section(name, text) for name, text in parts.items())


def _shown(evidence: Evidence) -> str:
    return f"{evidence.title}: {one_line(evidence.heading, 120)}\n{evidence.text[:LONGEST_EVIDENCE]}"


def _described(remedy: Remedy) -> str:
    takes = "; ".join(f"{name}: {_bounds(one)}" for name, one in properties(remedy.parameters).items())
    about = f"{worded(remedy.title, 'en')}. {one_line(worded(remedy.description, 'en'), 300)}"
    return f"- {remedy.id} (risk {remedy.risk}): {about} Parameters: {takes or 'none'}"


def _bounds(schema: Schema) -> str:
    shown = {key: schema[key] for key in ("enum", "const", "minimum", "maximum", "pattern", "default") if key in schema}
    return f"{schema.get('type')} {shown}"
