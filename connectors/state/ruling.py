"""What a ruling may change: the proposal that it is on, and nothing of what people saw when they approved it."""

from dataclasses import replace

from connectors.state.remedy_port import Execution, Ruling, StoredProposal
from connectors.state.storable import storable_row


def as_kept(ruling: Ruling, proposal: StoredProposal) -> Ruling:
    """The ruling as it is kept: its texts as every database takes them, the proposal's change counted.

    Raises ValueError where it is on another proposal, or puts another action in this one's place.
    """
    vote, changed = ruling.vote and storable_row(ruling.vote), ruling.proposal and storable_row(ruling.proposal)
    if vote and vote.proposal_id != proposal.id:
        raise ValueError(f"a ruling on proposal {proposal.id} holds a vote on {vote.proposal_id}")
    if changed and _offered(changed) != _offered(proposal):
        raise ValueError(f"a ruling must not change what proposal {proposal.id} offers")
    return replace(ruling, vote=vote, proposal=changed and replace(changed, version=proposal.version + 1))


def claimable(execution: Execution, proposal: StoredProposal) -> None:
    """Raise ValueError unless the execution is that of the proposal."""
    if (execution.target, execution.remedy) != (proposal.target, proposal.remedy):
        raise ValueError(f"an execution of proposal {proposal.id} is at another target, or of another remedy")


def _offered(proposal: StoredProposal) -> tuple[str, ...]:
    return proposal.id, proposal.incident_id, proposal.remedy, proposal.target, proposal.digest
