"""How a cluster is reached: the address, whom to trust and what to show, from settings, a kubeconfig, or the pod."""

import base64
import binascii
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, SecretStr, ValidationError

from connectors.configuration import HomePath
from connectors.tools.api import Access, Api, Outside, open_api, trusted
from connectors.tools.port import ToolUnavailable

# https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_POD_URL = "https://kubernetes.default.svc"


class Cluster(BaseModel):
    """Where the cluster is. Use an account that may only get, list and watch, and not secrets."""

    url: str = ""
    """Address of the API server; with it, token and ca_file count instead of a kubeconfig."""

    token: SecretStr | None = None
    """A service account's token."""

    ca_file: HomePath | None = None
    """The cluster's certificate (PEM)."""

    kubeconfig: HomePath | None = None
    """A kubeconfig file; without it and without ``url``, the account of the pod that this runs in."""

    context: str = ""
    """Which context of the kubeconfig; its current one when empty."""

    timeout_seconds: float = Field(default=15, gt=0)
    """How long one answer may take."""

    max_bytes: int = Field(default=20_000_000, gt=0)
    """Answers above this size are not read, in bytes."""


@dataclass(frozen=True)
class _Entry:
    url: str
    token: Callable[[], str]
    trust: ssl.SSLContext


class _ClusterPart(BaseModel):
    server: str
    ca: str = Field(default="", alias="certificate-authority")
    ca_data: str = Field(default="", alias="certificate-authority-data")


class _UserPart(BaseModel):
    token: str = ""
    token_file: str = Field(default="", alias="tokenFile")
    cert: str = Field(default="", alias="client-certificate")
    cert_data: str = Field(default="", alias="client-certificate-data")
    key: str = Field(default="", alias="client-key")
    key_data: str = Field(default="", alias="client-key-data")


class _ContextPart(BaseModel):
    cluster: str
    user: str


class _NamedCluster(BaseModel):
    name: str
    cluster: _ClusterPart


class _NamedUser(BaseModel):
    name: str
    user: _UserPart


class _NamedContext(BaseModel):
    name: str
    context: _ContextPart


class _Kubeconfig(BaseModel):
    """https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/."""

    current: str = Field(default="", alias="current-context")
    clusters: tuple[_NamedCluster, ...]
    users: tuple[_NamedUser, ...]
    contexts: tuple[_NamedContext, ...]


@asynccontextmanager
async def open_cluster(settings: Cluster, outside: Outside) -> AsyncIterator[Api]:
    """The cluster's API. Raises ToolUnavailable when what is set does not lead to one."""
    entry = _entry(settings)
    access = Access(
        url=entry.url,
        timeout_seconds=settings.timeout_seconds,
        max_bytes=settings.max_bytes,
    )
    async with open_api("Kubernetes", access, outside, entry.trust, entry.token) as api:
        yield api


def _entry(settings: Cluster) -> _Entry:
    if settings.url:
        token = settings.token.get_secret_value() if settings.token else ""
        return _Entry(settings.url, lambda: token, trusted(settings.ca_file))
    if settings.kubeconfig:
        return _from_kubeconfig(settings.kubeconfig, settings.context)
    if not _POD.is_dir():
        raise ToolUnavailable("No cluster is set: set connectors.tools.kubernetes.kubeconfig, or url and token.")
    # The kubelet renews this token every hour or so.
    return _Entry(_POD_URL, lambda: _read(_POD / "token").strip(), trusted(_POD / "ca.crt"))


def _from_kubeconfig(file: Path, context: str) -> _Entry:
    try:
        config = _Kubeconfig.model_validate(yaml.safe_load(_read(file)))
    except (ValidationError, yaml.YAMLError) as damaged:
        raise ToolUnavailable(f"{file} is no kubeconfig: {str(damaged).splitlines()[0]}") from None
    name = context or config.current
    contexts = {one.name: one.context for one in config.contexts}
    if name not in contexts:
        raise ToolUnavailable(f"{file} has no context {name!r}; it has {', '.join(contexts) or 'none'}. Set context.")
    chosen = contexts[name]
    cluster = next((one.cluster for one in config.clusters if one.name == chosen.cluster), None)
    user = next((one.user for one in config.users if one.name == chosen.user), None)
    if cluster is None or user is None:
        raise ToolUnavailable(f"The context {name!r} of {file} names a cluster or user that is not in it.")
    if not (user.token or user.token_file or user.cert or user.cert_data):
        raise ToolUnavailable(
            f"The user {chosen.user!r} of {file} signs in through another program, which is not started here: "
            "give a service account's token instead (kubectl create token)."
        )

    def token() -> str:
        return user.token or (_read(file.parent / user.token_file).strip() if user.token_file else "")

    return _Entry(cluster.server, token, _trust(file.parent, cluster, user))


def _trust(folder: Path, cluster: _ClusterPart, user: _UserPart) -> ssl.SSLContext:
    ca = _decoded(cluster.ca_data, "certificate-authority-data") if cluster.ca_data else ""
    try:
        file = folder / cluster.ca if cluster.ca else None
        context = ssl.create_default_context(cadata=ca) if ca else trusted(file)
        cert = _decoded(user.cert_data, "client-certificate-data") if user.cert_data else ""
        key = _decoded(user.key_data, "client-key-data") if user.key_data else ""
        if cert or user.cert:
            _show(context, cert or _read(folder / user.cert), key or _read(folder / user.key))
    except ssl.SSLError as damaged:
        raise ToolUnavailable(f"The certificates of the kubeconfig cannot be used: {damaged}") from damaged
    return context


def _show(context: ssl.SSLContext, cert: str, key: str) -> None:
    # OpenSSL takes a client's certificate from a file only; this one is gone again before the first call.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(f"{cert}\n{key}\n")
        file.flush()
        context.load_cert_chain(file.name)


def _decoded(data: str, what: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as damaged:
        raise ToolUnavailable(f"{what} of the kubeconfig is damaged: {damaged}") from damaged


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as unreadable:
        raise ToolUnavailable(f"Cannot read {file}: {unreadable.strerror}; check kubeconfig.") from unreadable
