"""A small library on memory twins: three runbooks that the scenarios ask about."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from knowledge.chunk import chunk_id
from knowledge.library import Chunk, Library, StoredDocument

POOL = """The payments pool holds 40 connections in production and 10 in staging.

When the payments pool is exhausted, raise `DB_POOL_MAX` to 60 and watch `db_pool_in_use_connections`.

```bash
kubectl -n payments set env deploy/payments DB_POOL_MAX=60
```

Never restart the primary database."""
POOL_ZH = """支付服务的连接池在生产环境是 40 个连接，在预发环境是 10 个连接。

连接池耗尽时，把 `DB_POOL_MAX` 调到 60。"""
TLS = """Certificates are rotated every 90 days by cert-manager. Check them with:

```bash
kubectl get certificates -A
```"""


def page(name: str, title: str, heading: str, text: str) -> StoredDocument:
    """A document of one chunk."""
    chunk = Chunk(chunk_id(name, 0), name, 0, heading, text)
    return StoredDocument(name, title, f"https://wiki.example/{name}", {}, (chunk,))


SHELF = (
    page("pool.md", "Payments: connection pool exhausted", "Mitigate", POOL),
    page("pool.zh.md", "支付服务连接池耗尽", "处理", POOL_ZH),
    page("tls.md", "Rotate the TLS certificate", "How", TLS),
)


@asynccontextmanager
async def shelf(documents: Sequence[StoredDocument] = SHELF) -> AsyncIterator[Library]:
    """The library with these documents in it."""
    roots = Roots(home=Path("unused"), models=Path("unused"))
    async with load("embedding", "memory", {}, roots) as embedding, load("vectors", "memory", {}, roots) as vectors:
        library = Library(embedding, vectors)
        await library.add(documents, now=datetime(2026, 3, 1, tzinfo=UTC))
        yield library
