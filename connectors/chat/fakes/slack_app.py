"""The app under test as the workspace knows it: its ids, secrets, scopes and subscriptions."""

from dataclasses import dataclass, field

from connectors.chat.fakes.slack_workspace import Person

SCOPES = (
    "app_mentions:read", "assistant:write", "channels:history", "channels:join", "channels:read", "chat:write",
    "commands", "files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write",
    "mpim:history", "mpim:read", "reactions:read", "reactions:write", "team:read", "usergroups:read", "users:read",
    "users:read.email",
)  # fmt: skip
SUBSCRIPTIONS = (
    "app_home_opened", "app_mention", "assistant_thread_context_changed", "assistant_thread_started",
    "member_joined_channel", "message.channels", "message.groups", "message.im", "message.mpim", "reaction_added",
)  # fmt: skip


@dataclass
class App:
    """What the app's pages in Slack's console say; sets may be changed at any time."""

    bot: Person
    id: str = "A0FAKE0001"
    bot_token: str = "xoxb-fake-1111-bot"  # noqa: S105  # of a workspace that does not exist
    app_token: str = "xapp-fake-1111-app"  # noqa: S105  # the same
    signing_secret: str = "0123456789abcdef0123456789abcdef"  # noqa: S105  # the same
    verification: str = "fake-verification"
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    app_scopes: set[str] = field(default_factory=lambda: {"connections:write"})
    subscriptions: set[str] = field(default_factory=lambda: set(SUBSCRIPTIONS))
    home: bool = True
    agent: bool = True
    edit_minutes: float | None = None
    """How long messages may be edited in this workspace; None: for ever."""
    revoked: bool = False
