"""Readers as LlamaHub has them: good, late, failing, and classes that are none."""

import asyncio
import sys
import time
from collections.abc import Iterable
from typing import Any

from llama_index.core.readers.base import BasePydanticReader, BaseReader
from llama_index.core.schema import Document

PAGES = [
    Document(
        id_="runbooks/disk",
        text="# Disk full\n\nDelete old segments.",
        metadata={"title": "Disk full", "url": "https://wiki.example/disk", "service": "logs", "seen": "today"},
        excluded_embed_metadata_keys=["seen"],
    ),
    Document(
        id_="runbooks/磁盘", text="# 磁盘已满\n\n删除旧的段。", metadata={"title": "磁盘已满", "url": "javascript:x"}
    ),
    Document(id_="runbooks/empty", text=" "),
]


class Pages(BasePydanticReader):
    """Three pages with ids, one of them empty."""

    def load_data(self) -> list[Document]:
        return PAGES


class Lazy(BaseReader):
    """One page after the other."""

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterable[Document]:
        yield from PAGES


class Async(BaseReader):
    """Only asynchronous."""

    async def aload_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        await asyncio.sleep(0)
        return PAGES


class Parts(BaseReader):
    """A file in three parts, of which two are alike; without ids of their own."""

    def load_data(self, *texts: str, **load_kwargs: Any) -> list[Document]:
        return [Document(text=text, metadata={"file_name": "a.csv"}) for text in ("one", "two", "one")]


class Locked(BaseReader):
    """Fails, and tells what it was given."""

    def __init__(self, token: str, pin: int = 7) -> None:
        self.token = token
        if token == "refused":
            raise ValueError(f"bad token {token}")

    def load_data(self, query: str = "", **load_kwargs: Any) -> list[Document]:
        raise KeyError(f"401 for https://x:{self.token}@host/?q={query}")


class Typed(BasePydanticReader):
    """Checks its arguments as pydantic does."""

    port: int
    token: str = ""


class Hanging(BaseReader):
    """Never comes back."""

    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        while True:
            time.sleep(60)


class Leaving(BaseReader):
    """Ends the program."""

    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        sys.exit(3)


class NoReader:
    """Not a reader."""
