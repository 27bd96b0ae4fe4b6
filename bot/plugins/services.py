"""What depends on what: asked of the service graph when a question names a service and its neighbours."""

import re
from dataclasses import dataclass

from bot.vocabulary import Evidence, Language, RewrittenQuery
from knowledge.service_graph import Service, ServiceGraph

_ABOUT_NEIGHBOURS = re.compile(
    r"\bdepend|\bupstream|\bdownstream|\bblast radius\b|\baffect|\bimpact"
    r"|\bwho (?:calls|uses)\b|\bwhat (?:calls|uses|breaks)\b"
    r"|\bdashboard\b|\brepo(?:sitory)?\b|\bwhich team\b|\bowns?\b|依赖|上游|下游|影响|调用|仪表盘|面板|仓库|哪个团队",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Services:
    """Evidence out of the service graph; it needs no network and no model."""

    graph: ServiceGraph
    name: str = "service graph"

    def wants(self, query: RewrittenQuery) -> bool:
        """Only for named services, and only when their neighbours or whereabouts are asked for."""
        return bool(query.entities.services) and any(_ABOUT_NEIGHBOURS.search(search) for search in query.searches)

    async def gather(self, query: RewrittenQuery) -> tuple[Evidence, ...]:
        """One piece of evidence per named service."""
        known = [self.graph.services[name] for name in query.entities.services if name in self.graph.services]
        return tuple(self._evidence(service, query.language) for service in known)

    def _evidence(self, service: Service, language: Language) -> Evidence:
        name = service.name
        needs, needed = self.graph.depends_on(name), self.graph.dependents(name)
        further = [one for one in self.graph.dependents(name, indirectly=True) if one not in needed]
        facts = [
            f"{name} depends on: {', '.join(needs) or 'nothing'}.",
            f"Services that depend on {name}: {', '.join(needed) or 'none'}.",
            f"Indirectly affected by {name}: {', '.join(further)}." if further else "",
            f"{name} is owned by team {service.team}." if service.team else "",
            f"Dashboard of {name}: {service.dashboard}" if service.dashboard else "",
            f"Repository of {name}: {service.repository}" if service.repository else "",
        ]
        if language == "zh":
            facts = [
                f"{name} 依赖：{'、'.join(needs) or '无'}。",
                f"依赖 {name} 的服务：{'、'.join(needed) or '无'}。",
                f"间接受 {name} 影响：{'、'.join(further)}。" if further else "",
                f"{name} 由 {service.team} 团队负责。" if service.team else "",
                f"{name} 的仪表盘：{service.dashboard}" if service.dashboard else "",
                f"{name} 的仓库：{service.repository}" if service.repository else "",
            ]
        text = "\n".join(fact for fact in facts if fact)
        title = "服务关系图" if language == "zh" else "Service graph"
        return Evidence(
            id=f"services:{name}",
            kind="services",
            title=title,
            heading=name,
            text=text,
            link=service.dashboard,
        )
