"""What people see, and what was done: for tests, demos and validators."""

import re
from collections import deque

from connectors.chat.fakes.slack_assistant import AssistantThreads
from connectors.chat.fakes.slack_delivery import Delivery
from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_page import Page
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_rules import check_message, check_view
from connectors.chat.fakes.slack_transcript import transcript
from connectors.chat.fakes.slack_views import Views
from connectors.chat.fakes.slack_web import Request
from connectors.chat.fakes.slack_workspace import Channel, Message, Person, StoredFile


class Looking:
    """Everything is as of now; with a viewer as that person sees it, without one all there is."""

    def __init__(self, platform: Platform, views: Views, assistant: AssistantThreads) -> None:
        self._platform = platform
        self._views = views
        self.assistant = assistant

    def messages(self, channel: Channel, viewer: Person | None = None) -> list[Message]:
        """All of a channel, oldest first, answers too."""
        return self._platform.workspace.messages(channel.id, viewer.id if viewer else None)

    def thread(self, channel: Channel, root: Message | str, viewer: Person | None = None) -> list[Message]:
        """A message and the answers to it."""
        ts = root if isinstance(root, str) else root.thread_ts or root.ts
        return self._platform.workspace.thread(channel.id, ts, viewer.id if viewer else None)

    def answers(self, root: Message, viewer: Person | None = None) -> list[Message]:
        """What the app has written into a thread."""
        said = self.thread(self._platform.workspace.channels[root.channel], root, viewer)
        return [one for one in said if one.bot == self._platform.app.bot.bot]

    def find(self, channel: Channel, ts: str) -> Message | None:
        """One message."""
        return self._platform.workspace.find(channel.id, ts)

    def modal(self, person: Person) -> Json | None:
        """The modal on top of a person's screen."""
        stack = self._views.modals.get(person.id, [])
        return stack[-1] if stack else None

    def home(self, person: Person) -> Json | None:
        """A person's home tab of the app."""
        return self._views.homes.get(person.id)

    def status(self, channel: Channel, root: Message | str) -> str:
        """The status line of an assistant thread, while it is shown."""
        return self.assistant.showing(channel.id, root if isinstance(root, str) else root.ts)

    @property
    def posted(self) -> deque[Json]:
        """Every payload of a message that the app has posted or changed, with its method."""
        return self._platform.posted

    def problems(self) -> list[str]:
        """What any validator says against anything that the app has shown; nothing when all is well."""
        said = [f"{one['method']}: {problem}" for one in self.posted for problem in check_message(one)]
        # What is streamed may be longer than a text that is posted, and may begin with nothing.
        streamed = re.compile(r"chat\.\w+Stream: (?:.*json-pointer:/text\]$|no text, )")
        said = [one for one in said if not streamed.match(one)]
        return said + [f"view: {problem}" for view in self._views.sent for problem in check_view(view)]

    @property
    def requests(self) -> deque[Request]:
        """Every call of the Web API, with the error it got."""
        return self._platform.api.requests

    @property
    def deliveries(self) -> deque[Delivery]:
        """Every event and interaction that was sent to the app, and how that went."""
        return self._platform.deliveries.all

    @property
    def files(self) -> list[StoredFile]:
        """Every file."""
        return list(self._platform.workspace.files.values())

    @property
    def sockets(self) -> int:
        """How many websockets are open."""
        return self._platform.sockets.connections

    def transcript(self, channel: Channel, viewer: Person | None = None) -> str:
        """A channel as a play, threads under their first message."""
        said = self.messages(channel, viewer)
        roots = [one for one in said if not one.thread_ts or one.thread_ts == one.ts]
        ordered = [inner for one in roots for inner in self.thread(channel, one.ts, viewer)]
        return transcript(self._platform.workspace, ordered)

    def to_html(self, channel: Channel, viewer: Person, thread: Message | str | None = None) -> str:
        """A page that looks like Slack, complete in itself: the channel, a thread beside it, an open modal on top."""
        page = Page(self._platform, self.assistant)
        ts = thread.thread_ts or thread.ts if isinstance(thread, Message) else thread
        return page.channel(channel, viewer, ts or "", self.modal(viewer))

    def home_html(self, viewer: Person) -> str:
        """The same of the app's home tab."""
        return Page(self._platform, self.assistant).home(viewer, self.home(viewer), self.modal(viewer))
