"""Step 4, label: what a document is about, from its front matter or by rules over names that are known."""

import re
from collections import Counter
from collections.abc import Mapping

from connectors.sources.port import Document
from knowledge.chunk import Labels
from knowledge.language import language_of
from knowledge.service_graph import ServiceGraph

# One word for what authors call by several.
_SAME = {"services": "service", "components": "component", "symptoms": "symptom", "lang": "language", "tag": "tags"}
_COMMON_SYMPTOMS: Mapping[str, str] = {
    "out of memory": r"\boom\w*|out of memory|memory leak|内存不足|内存溢出|内存泄漏|内存泄露",
    "disk full": r"disk (?:is )?(?:full|filling|pressure)|no space left|磁盘(?:已?满|空间不足|写满|将满)",
    "high latency": r"high latency|slow(?:ness| quer\w+| pages?)?\b|latency|延迟|变慢|缓慢|响应慢|慢查询",
    "errors": r"error rate|\b5xx\b|\b50[0234]\b|错误率|报错",
    "crash loop": r"crash ?loop\w*|keeps? restarting|反复重启|不断重启",
    "connections exhausted": r"pool exhausted|too many connections|connection pool|连接池|连接数",
    "certificate": r"certificate|\btls\b|证书",
    "lag": r"consumer lag|replica(?:tion)? lag|backlog|积压|堆积|复制延迟",
}
_MOST_VALUES, _LONGEST_VALUE = 20, 200


def label(document: Document, text: str, source: str, graph: ServiceGraph) -> Labels:
    """The document's own labels under plain keys, and source, language, service and symptom where it has none."""
    labels = _tidy(document.labels)
    labels["source"] = source
    labels["language"] = _language(labels.get("language"), text)
    labels.setdefault("service", list(_services(document.title, text, graph)))
    labels.setdefault("symptom", _symptoms(f"{document.title}\n{text[:1500]}"))
    return {key: value for key, value in labels.items() if value}


def _tidy(labels: Labels) -> dict[str, str | list[str]]:
    """At most 20 values of at most 200 characters under each key; a key is made of small letters, digits and ``_``."""
    tidy: dict[str, str | list[str]] = {}
    for name, value in list(labels.items())[: 2 * _MOST_VALUES]:
        key = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40]
        if key:
            short = [item[:_LONGEST_VALUE] for item in value[:_MOST_VALUES]] if isinstance(value, list) else value
            tidy[_SAME.get(key, key)] = short if isinstance(short, list) else short[:_LONGEST_VALUE]
    return tidy


def _language(named: str | list[str] | None, text: str) -> str:
    if isinstance(named, str) and named[:2].lower() in ("en", "zh"):
        return named[:2].lower()
    return language_of(text)


def _services(title: str, text: str, graph: ServiceGraph) -> tuple[str, ...]:
    """The services of the title; without any, those that the text names at least three times, most often first."""
    titled = graph.mentioned(title)
    if titled:
        return titled
    counts = Counter(name for line in text[:20_000].split("\n") for name in graph.mentioned(line))
    return tuple(name for name, count in counts.most_common(3) if count >= 3)


def _symptoms(text: str) -> list[str]:
    return [symptom for symptom, pattern in _COMMON_SYMPTOMS.items() if re.search(pattern, text, re.IGNORECASE)]
