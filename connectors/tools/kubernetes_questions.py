"""What Kubernetes is asked, and which kinds of objects there are to ask for."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from connectors.tools.kubernetes_access import Cluster
from connectors.tools.port import BadArguments
from connectors.tools.questions import Asked

# Secrets are not among them, and neither is anything that holds or makes credentials.
KINDS: Mapping[str, str] = {
    "pods": "/api/v1",
    "services": "/api/v1",
    "endpoints": "/api/v1",
    "configmaps": "/api/v1",
    "persistentvolumeclaims": "/api/v1",
    "resourcequotas": "/api/v1",
    "limitranges": "/api/v1",
    "replicationcontrollers": "/api/v1",
    "nodes": "/api/v1",
    "namespaces": "/api/v1",
    "persistentvolumes": "/api/v1",
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1",
    "cronjobs": "/apis/batch/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
    "ingresses": "/apis/networking.k8s.io/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "storageclasses": "/apis/storage.k8s.io/v1",
    "volumeattachments": "/apis/storage.k8s.io/v1",
    "priorityclasses": "/apis/scheduling.k8s.io/v1",
}
CLUSTER_WIDE = {
    "nodes",
    "namespaces",
    "persistentvolumes",
    "storageclasses",
    "volumeattachments",
    "priorityclasses",
}
_SHORT = {
    "po": "pods",
    "svc": "services",
    "ep": "endpoints",
    "cm": "configmaps",
    "pvc": "persistentvolumeclaims",
    "quota": "resourcequotas",
    "limits": "limitranges",
    "rc": "replicationcontrollers",
    "no": "nodes",
    "ns": "namespaces",
    "pv": "persistentvolumes",
    "deploy": "deployments",
    "rs": "replicasets",
    "sts": "statefulsets",
    "ds": "daemonsets",
    "cj": "cronjobs",
    "hpa": "horizontalpodautoscalers",
    "ing": "ingresses",
    "netpol": "networkpolicies",
    "pdb": "poddisruptionbudgets",
    "sc": "storageclasses",
    "pc": "priorityclasses",
}
_NAME = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$"
_SELECTOR = r"^[A-Za-z0-9_./,=! ()-]*$"
Name = Annotated[str, Field(pattern=_NAME)]
Selector = Annotated[str, Field(pattern=_SELECTOR, max_length=500)]


class Settings(Cluster):
    """Which cluster, and what of it may be read."""

    namespaces: tuple[str, ...] = ()
    """Namespaces that may be read; all when empty, and then nodes and other kinds without a namespace as well."""

    kinds: Mapping[str, str] = Field(default_factory=dict)
    """Further kinds, the plural and its API path, such as ``rollouts = "/apis/argoproj.io/v1alpha1"``."""

    link: str = ""
    """Address of a page for people, with ``{namespace}``, ``{kind}`` and ``{name}`` in it."""

    @field_validator("kinds")
    @classmethod
    def _hold_no_secrets(cls, kinds: Mapping[str, str]) -> Mapping[str, str]:
        if any("secret" in kind.casefold() for kind in kinds):
            raise ValueError("secrets are never read")
        return kinds


class Get(Asked):
    """A list of objects with the columns that kubectl get shows; use kubernetes_describe for one of them in full."""

    kind: str = Field(max_length=63)
    """Which kind, such as pods, deployments, nodes, events, pvc, hpa."""

    namespace: Name = ""
    """The namespace; all when left out."""

    name: Name = ""
    """Only the object of this name."""

    labels: Selector = ""
    """Only objects with such labels, for example app=checkout,tier!=cache."""

    contains: str = Field(default="", max_length=100)
    """Only lines with this in them, for example CrashLoopBackOff."""


class Describe(Asked):
    """One object in full: what is wanted, what is, its conditions, its containers' states, its events."""

    kind: str = Field(max_length=63)
    """Which kind, such as pod, deployment, node, pvc."""

    name: Name = Field(min_length=1)
    """The object's name."""

    namespace: Name = ""
    """The namespace; not for nodes and other kinds without one."""


class Events(Asked):
    """Events of a namespace or of one object, warnings first; the cluster forgets them after about an hour."""

    namespace: Name = ""
    """The namespace; all when left out."""

    name: Name = ""
    """Only events of the object of this name."""

    warnings: bool = False
    """Only warnings."""


class Logs(Asked):
    """Logs of a pod, or of all pods with a label: patterns with counts, then the last lines."""

    namespace: Name = Field(min_length=1)
    """The namespace."""

    pod: Name = ""
    """The pod; or give labels instead."""

    labels: Selector = ""
    """Instead of a pod: all pods with such labels, for example app=checkout."""

    container: Name = ""
    """The container; all of a pod's containers when left out."""

    previous: bool = False
    """What the container wrote before it last restarted: ask this when a container crashes."""

    since: str = Field(default="", pattern=r"^([1-9]\d{0,4}[smhd])?$")
    """How far back, such as 30m; from the beginning when left out."""

    contains: str = Field(default="", max_length=200)
    """Only lines with this in them."""

    tail: int = Field(default=40, ge=0, le=500)
    """How many last lines to show word for word."""


class Rollout(Asked):
    """Revisions of a deployment, statefulset or daemonset: when each began and what it changed in the pods."""

    kind: str = Field(default="deployment", max_length=63)
    """deployment, statefulset or daemonset."""

    name: Name = Field(min_length=1)
    """Its name."""

    namespace: Name = Field(min_length=1)
    """The namespace."""


class Top(Asked):
    """CPU and memory in use now, of pods or nodes, beside what they requested and may have."""

    kind: str = Field(default="pods", pattern=r"^(pods|nodes)$")
    """pods or nodes."""

    namespace: Name = ""
    """The namespace; all when left out."""

    labels: Selector = ""
    """Only those with such labels."""


def kind_of(named: str, further: Mapping[str, str]) -> tuple[str, str]:
    """The plural of a kind and the API path that it lies under. Raises BadArguments for secrets and the unknown."""
    word = named.strip().casefold()
    known = {**KINDS, "events": "/api/v1", **further}
    plurals = (_SHORT.get(word, word), word + "s", word + "es", word[:-1] + "ies")
    found = next((one for one in plurals if one in known), None)
    if found:
        return found, known[found]
    if "secret" in word:
        raise BadArguments("Secrets are never read. To see whether one exists, look at the events of the pod.")
    raise BadArguments(f"There is no kind {named!r} to ask for; there are {', '.join(sorted(known))}.")
