"""Who and what there is in a fake Feishu: companies with their people, departments, groups, chats and other bots."""

import hashlib
import itertools
from dataclasses import dataclass, field

from connectors.chat.fakes.feishu_terms import Console, Refused, invalid


@dataclass
class Person:
    """Somebody with an account. ``available`` is whether the app may write to them."""

    name: str
    open_id: str
    user_id: str
    union_id: str
    tenant: str
    email: str = ""
    departments: list[str] = field(default_factory=list)
    available: bool = True
    resigned: bool = False

    def ids(self, *, user_id: bool = True) -> dict[str, str]:
        return {"union_id": self.union_id, "open_id": self.open_id} | ({"user_id": self.user_id} if user_id else {})


@dataclass(frozen=True)
class Bot:
    """An app that speaks."""

    app_id: str
    name: str
    open_id: str


@dataclass
class Department:
    """A department, with the key the company chose and the one the platform made."""

    department_id: str
    open_department_id: str
    name: str
    parent: str = "0"


@dataclass
class Group:
    """A user group of the contact book."""

    group_id: str
    name: str
    members: list[str]
    departments: list[str] = field(default_factory=list)


@dataclass
class Chat:
    """A group chat or, when it is ``p2p``, the conversation of one person with the bot."""

    chat_id: str
    name: str
    kind: str = "group"
    members: list[str] = field(default_factory=list)
    bots: set[str] = field(default_factory=set)
    topic: bool = False
    external: bool = False
    dissolved: bool = False


class Company:
    """The people and places; ids are the same in every run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.people: dict[str, Person] = {}
        self.bots: dict[str, Bot] = {}
        self.departments: dict[str, Department] = {}
        self.groups: dict[str, Group] = {}
        self.chats: dict[str, Chat] = {}
        self._count = itertools.count(1)
        self.bots[console.app_id] = Bot(console.app_id, console.app_name, console.bot_open_id)

    def new_id(self, prefix: str, length: int = 32) -> str:
        """A new id in the platform's form."""
        digest = hashlib.sha256(f"{prefix}{next(self._count)}".encode()).hexdigest()
        return prefix + digest[:length]

    def new_number(self) -> str:
        return str(7_355_372_766_134_157_313 + next(self._count) * 65_536)

    def person(self, name: str, *, departments: tuple[str, ...] = (), email: str = "", tenant: str = "") -> Person:
        for key in departments:
            if key not in self.departments:
                self.department(key)
        made = Person(
            name,
            self.new_id("ou_"),
            self.new_id("", 8),
            self.new_id("on_"),
            tenant or self.console.tenant_key,
            email,
            list(departments),
        )
        self.people[made.open_id] = made
        return made

    def department(self, key: str, *, name: str = "", parent: str = "0") -> Department:
        self.departments[key] = Department(key, self.new_id("od-"), name or key, parent)
        return self.departments[key]

    def group_of(self, name: str, *, members: tuple[Person, ...] = (), departments: tuple[str, ...] = ()) -> Group:
        made = Group(self.new_id("g"), name, [person.open_id for person in members], list(departments))
        self.groups[made.group_id] = made
        return made

    def bot(self, name: str) -> Bot:
        made = Bot(self.new_id("cli_", 16), name, self.new_id("ou_"))
        self.bots[made.app_id] = made
        return made

    def chat(self, name: str, *, members: tuple[Person, ...] = (), bot: bool = True, topic: bool = False) -> Chat:
        made = Chat(self.new_id("oc_"), name, topic=topic)
        made.members = [person.open_id for person in members]
        made.external = any(person.tenant != self.console.tenant_key for person in members)
        if bot:
            made.bots.add(self.console.app_id)
        self.chats[made.chat_id] = made
        return made

    def direct(self, person: Person) -> Chat:
        """The conversation of this person with the bot, which is made by the first message."""
        for chat in self.chats.values():
            if chat.kind == "p2p" and chat.members == [person.open_id]:
                return chat
        chat = self.chat(person.name, members=(person,))
        chat.kind = "p2p"
        return chat

    def someone(self, key: str, kind: str = "") -> Person | None:
        """The person with this id of any kind, or of one kind only."""
        for person in self.people.values():
            keys = {**person.ids(), "email": person.email}
            if key in ([keys.get(kind)] if kind else keys.values()):
                return person
        return None

    def name_of(self, sender: str) -> str:
        """The name of the person with this open_id, or of the bot with this app id."""
        return self.people[sender].name if sender in self.people else self.bots[sender].name

    def may_write_to(self, person: Person) -> None:
        """Raise the refusal when the app may not."""
        if person.resigned:
            raise Refused(230029, "User has resigned.")
        if person.tenant != self.console.tenant_key:
            raise Refused(230038, "Cross tenant p2p chat operate forbid.")
        if not person.available:
            raise Refused(230013, "Bot has NO availability to this user.")

    def chat_for(self, kind: str, key: str) -> Chat:
        """The chat that ``receive_id_type`` and ``receive_id`` name, when the app may write there."""
        if kind == "chat_id":
            chat = self.chats.get(key)
            if chat is None:
                raise invalid("invalid receive_id")
            self.may_speak(chat)
            return chat
        person = self.someone(key, kind)
        if person is None:
            raise invalid("invalid receive_id")
        self.may_write_to(person)
        return self.direct(person)

    def may_speak(self, chat: Chat) -> None:
        """Raise the refusal when the app is not in the chat, or the chat is no more."""
        if chat.dissolved:
            raise Refused(232009, "Your request specifies a chat which has already been dissolved.")
        if self.console.app_id not in chat.bots:
            raise Refused(230002, "The bot can not be outside the group.")
        if chat.kind == "p2p":
            self.may_write_to(self.people[chat.members[0]])
