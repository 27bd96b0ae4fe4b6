"""Looks that change nothing: a dry run once more, and how things are after what nobody knows the end of."""

from dataclasses import replace

from pydantic import JsonValue

from bot.guards.cases import kept_proposal, offer_of
from bot.guards.redaction import redact
from bot.proposing import rehearse
from bot.remedy_ports import RemedyPorts, Shown, all_met, noted, with_card
from bot.steps.offer import outcome_of
from connectors.remediation.port import Rehearsal, RemediationUnavailable
from connectors.state.remedy_port import Ruling, Standing


async def rehearse_again(proposal_id: str, ports: RemedyPorts) -> None:
    """Put what the dry run says now in the place of what it said."""
    stored = await ports.state.proposal(proposal_id)
    proposal = kept_proposal(stored) if stored else None
    if proposal is None:
        return
    try:
        dry = await rehearse(proposal.action, ports)
    except RemediationUnavailable as away:
        dry = Rehearsal(ok=False, text=redact(str(away)).text)
    if dry is None:
        return
    detail: dict[str, JsonValue] = {"ok": dry.ok, "text": dry.text[:500]}
    entry, people = noted("rehearsed", proposal_id, ports.now(), detail), await ports.people_if_known() or ()

    def rule(standing: Standing) -> Ruling:
        kept = kept_proposal(standing.proposal)
        if kept is None or standing.proposal.status != "pending":
            return Ruling("rehearsed", (entry,))
        body = kept.model_copy(update={"rehearsed": dry}).model_dump_json()
        changed = replace(standing.proposal, body=body)
        return with_card(Ruling("rehearsed", (entry,), proposal=changed), standing, Shown(people))

    await ports.state.rule(proposal_id, "", rule)
    ports.changed()


async def probe(proposal_id: str, ports: RemedyPorts) -> None:
    """Look how things are; what is unknown stays so, and is told together with what was seen."""
    stored, begun = await ports.state.proposal(proposal_id), await ports.state.execution(proposal_id)
    offer = offer_of(stored, ports.approval.rules.remedies) if stored else None
    if begun is None or offer is None or offer.remedy.verification is None:
        return
    action, language = offer.proposal.action, offer.proposal.language
    looked = await ports.look(offer.remedy.verification.checks, action.parameters, language)
    detail: dict[str, JsonValue] = {"looked": [one.model_dump(mode="json") for one in looked]}
    entry = noted("probed", proposal_id, ports.now(), detail)
    begun = await ports.state.execution(proposal_id)
    outcome = outcome_of(begun)
    if begun is None or begun.status != "unknown" or outcome is None:
        await ports.state.audit([entry])
        return
    known = outcome.model_copy(update={"looked": looked, "verified": all_met(looked)})
    await ports.state.settle_execution(replace(begun, outcome=known.model_dump_json()), [entry])
    people = await ports.people_if_known() or ()

    def rule(standing: Standing) -> Ruling:
        return with_card(Ruling("probed", ()), standing, Shown(people))

    await ports.state.rule(proposal_id, "", rule)
    ports.changed()
