"""A small library on memory twins: three runbooks that the scenarios ask about."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from connectors.configuration import Roots
from connectors.load import load
from knowledge.chunk import chunk_id
from knowledge.library import Chunk, Library, StoredDocument

NOW = datetime(2026, 3, 1, tzinfo=UTC)
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


LEAK = """## Summary

Each refund that the card provider refused left one connection checked out. After 20 of them a pod's pool was empty.

## Timeline

| time | event |
|---|---|
| 10:42 | `PaymentsPoolExhausted`, first pod at 20 of 20 |

## Root cause

The refund handler returned early, without commit or rollback."""
MIGRATION = """## 概述

加列的迁移等一份报表，所有支付查询都排在它后面，连接池被占满，结算变慢。

## 根本原因

迁移没有设置锁等待超时。"""
SCRAPER = """## Summary

A scraper asked for uncached search pages; the search pods were OOMKilled."""


def incident_page(name: str, title: str, text: str, **labels: str | list[str]) -> StoredDocument:
    """A past incident with its labels as ingest leaves them."""
    return replace(page(name, title, "", text), labels={"kind": "incident", "id": name.upper(), **labels})


INCIDENTS = (
    incident_page(
        "inc-3",
        "Nobody could pay: refunds leaked database connections",
        LEAK,
        service=["payments", "checkout"],
        symptom=["connections exhausted"],
        stated_symptom=["connection pool exhausted, checkout slow"],
        fix="rolled payments back to 5.8.6",
        severity="SEV1",
        started="2026-01-19T10:42:00+00:00",
        resolved="2026-01-19T11:31:00+00:00",
    ),
    incident_page(
        "inc-27",
        "支付连接池被等锁的迁移占满",
        MIGRATION,
        service=["payments"],
        symptom=["connections exhausted"],
        stated_symptom=["连接池耗尽"],
        cause="迁移等锁",
        fix="取消迁移",
        started="2026-02-18T14:12:00+00:00",
        resolved="2026-02-18T14:34:00+00:00",
    ),
    incident_page("inc-38", "Search pods killed", SCRAPER, service=["search"], symptom=["out of memory"]),
)


@asynccontextmanager
async def shelf(documents: Sequence[StoredDocument] = SHELF) -> AsyncIterator[Library]:
    """The library with these documents in it."""
    roots = Roots(home=Path("unused"), models=Path("unused"))
    async with load("embedding", "memory", {}, roots) as embedding, load("vectors", "memory", {}, roots) as vectors:
        library = Library(embedding, vectors)
        await library.add(documents, NOW)
        await library.finish(NOW)
        await library.finish(now=datetime(2026, 3, 1, tzinfo=UTC))
        yield library
