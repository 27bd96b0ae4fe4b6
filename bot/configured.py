"""What the settings mean to the journeys: their limits and rules as plain values."""

from bot.ports import Limits
from bot.rules.conversations import Conversation, Conversations
from bot.rules.incident_modes import IncidentRules, OfService
from bot.settings import Settings
from bot.vocabulary import Scope


def conversations_of(settings: Settings) -> Conversations:
    """The rules of channels, as the journeys take them."""
    return {
        id: Conversation(
            one.language, one.readers, one.askers, one.outsiders, Scope(knowledge=one.knowledge, tools=one.tools)
        )
        for id, one in settings.channels.items()
    }


def limits_of(settings: Settings) -> Limits:
    """How far one answer may go."""
    most = settings.answer
    return Limits(
        rounds=most.max_rounds,
        seconds=most.time_budget_seconds,
        evidence_tokens=most.evidence_tokens,
        local_evidence_tokens=most.local_evidence_tokens,
        output_tokens=most.max_output_tokens,
        local_output_tokens=most.local_max_output_tokens,
        hits=most.hits,
    )


def incident_rules_of(settings: Settings) -> IncidentRules:
    """What becomes of incidents."""
    one = settings.incidents
    return IncidentRules(
        mode=one.mode,
        channels=one.channels,
        services={name: OfService(of.mode, of.channels) for name, of in one.services.items()},
        modes={id: of.incidents for id, of in settings.channels.items() if of.incidents},
        languages={id: of.language for id, of in settings.channels.items() if of.language},
        language=one.language,
        wait_seconds=one.wait_seconds,
        deadline_seconds=one.deadline_seconds,
        budget_seconds=one.time_budget_seconds,
        calls=one.calls,
        tokens=one.tokens,
        cost=one.cost,
        again_hours=one.again_hours,
    )
