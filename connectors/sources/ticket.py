"""What a ticket says, whichever tracker keeps it: its state, what is wrong, why, what helped, and who said what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.sources.formats.files import digest
from connectors.sources.port import Document, Kind

MOST_COMMENT_PAGES = 10
"""How many pages of comments are read, 100 each; who writes more than a thousand below one ticket is a program."""


@dataclass(frozen=True)
class Comment:
    """One comment in Markdown; ``when`` is ISO 8601."""

    author: str
    when: str
    text: str


@dataclass(frozen=True)
class Ticket:
    """One ticket in Markdown. ``facts`` become labels, where they are not empty; the text says its state alone."""

    id: str
    title: str
    link: str
    facts: Mapping[str, str]
    description: str
    sections: Mapping[str, str] = field(default_factory=dict)
    comments: Sequence[Comment] = ()
    labels: Mapping[str, list[str]] = field(default_factory=dict)
    kind: Kind = "ticket"
    readers: tuple[str, ...] = ()

    def document(self) -> Document:
        """The ticket as a document; its digest is that of the title and the Markdown."""
        text = self._text()
        facts = {key: value for key, value in self.facts.items() if value}
        return Document(
            id=self.id,
            title=f"{self.id.rpartition('/')[2]}: {self.title}",
            text=text,
            digest=digest(f"{self.title}\n{text}".encode(errors="replace")),
            link=self.link,
            media_type="text/markdown",
            labels={**facts, **{key: values for key, values in self.labels.items() if values}},
            kind=self.kind,
            readers=self.readers,
        )

    def _text(self) -> str:
        # As code, the tracker's own words do not make a Chinese ticket an English one.
        state = [f"{key.capitalize()}: `{self.facts[key]}`" for key in ("status", "resolution") if self.facts.get(key)]
        parts = [", ".join(state), self.description.strip()]
        parts += [f"## {heading}\n\n{text.strip()}" for heading, text in self.sections.items() if text.strip()]
        said = [f"### {one.author}, {one.when[:10]}\n\n{one.text.strip()}" for one in self.comments if one.text.strip()]
        parts += ["## Comments", *said] if said else []
        return "\n\n".join(part for part in parts if part)
