"""How a cluster is reached by an account that may change something: always one of its own, never the pod's."""

import base64
import binascii
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, JsonValue, SecretStr, TypeAdapter, ValidationError

from connectors.configuration import HomePath
from connectors.remediation.calls import Access, Line, Outside, open_line, trusted
from connectors.remediation.port import RemediationUnavailable

_TABLE = "connectors.remediation.kubernetes"
_KUBECONFIG: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Cluster(BaseModel):
    """Where the cluster is, and the account; give it the verbs that your remedies need and no others."""

    url: str = ""
    """Address of the API server; with it, token or token_file, and ca_file count instead of a kubeconfig."""

    token: SecretStr | None = None
    """A service account's token; not that of the tools that read."""

    token_file: HomePath | None = None
    """A file with the token, read before every call, for one that is renewed."""

    ca_file: HomePath | None = None
    """The cluster's certificate (PEM)."""

    kubeconfig: HomePath | None = None
    """A kubeconfig file; not that of the tools that read."""

    context: str = ""
    """Which context of the kubeconfig; its current one when empty."""

    timeout_seconds: float = Field(default=15, gt=0)
    """How long one answer may take."""


@dataclass(frozen=True)
class _Entry:
    url: str
    token: Callable[[], str]
    trust: ssl.SSLContext | None
    secrets: tuple[str, ...] = ()


@asynccontextmanager
async def open_cluster(settings: Cluster, outside: Outside) -> AsyncIterator[Line]:
    """The cluster's API. Raises RemediationUnavailable when what is set does not lead to one."""
    entry = _entry(settings)
    access = Access(url=entry.url.rstrip("/"), secrets=entry.secrets, max_bytes=20_000_000)
    async with open_line("Kubernetes", access, outside, entry.trust, entry.token) as line:
        yield line


def _entry(settings: Cluster) -> _Entry:
    if settings.url:
        trust = trusted(settings.ca_file, "Kubernetes") if settings.url.startswith("https") else None
        if file := settings.token_file:
            return _Entry(settings.url, lambda: _read(file).strip(), trust)
        token = settings.token.get_secret_value() if settings.token else ""
        return _Entry(settings.url, lambda: token, trust, (token,))
    if settings.kubeconfig:
        return _from_kubeconfig(settings.kubeconfig, settings.context)
    # The pod's own account is what the tools read with.
    raise RemediationUnavailable(f"No cluster may be changed: set {_TABLE}.kubeconfig, or url and token.")


def _from_kubeconfig(file: Path, context: str) -> _Entry:
    try:
        config = _KUBECONFIG.validate_python(yaml.safe_load(_read(file)))
    except (ValidationError, yaml.YAMLError):
        raise RemediationUnavailable(f"{file} is no kubeconfig; check {_TABLE}.kubeconfig.") from None
    name = context or str(config.get("current-context", ""))
    chosen = _named(config, "contexts", "context", name, file)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster", ""), file)
    user = _named(config, "users", "user", chosen.get("user", ""), file)
    if not {"token", "tokenFile", "client-certificate", "client-certificate-data"} & user.keys():
        raise RemediationUnavailable(
            f"The user of context {name!r} in {file} signs in through another program, which is not started here: "
            "give a service account's token instead (kubectl create token)."
        )

    def token() -> str:
        return user.get("token") or (_read(file.parent / user["tokenFile"]).strip() if "tokenFile" in user else "")

    server = cluster.get("server", "")
    trust = _trust(file.parent, cluster, user) if server.startswith("https") else None
    return _Entry(server, token, trust, tuple(filter(None, (user.get("token"),))))


def _named(config: Mapping[str, JsonValue], many: str, one: str, name: str, file: Path) -> dict[str, str]:
    listed = config.get(many)
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(found := entry.get(one), dict):
            return {key: value for key, value in found.items() if isinstance(value, str)}
    raise RemediationUnavailable(f"{file} has no {one} {name!r}; check {_TABLE}.context.")


def _trust(folder: Path, cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext:
    try:
        if data := cluster.get("certificate-authority-data"):
            trust = ssl.create_default_context(cadata=_decoded(data))
        else:
            ca = cluster.get("certificate-authority")
            trust = trusted(folder / ca if ca else None, "Kubernetes")
        cert, key = (_pem(folder, user, name) for name in ("client-certificate", "client-key"))
        if cert:
            # OpenSSL takes a client's certificate from a file only; this one is gone again before the first call.
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(f"{cert}\n{key}\n")
                file.flush()
                trust.load_cert_chain(file.name)
    except ssl.SSLError as damaged:
        raise RemediationUnavailable(f"The certificates of the kubeconfig cannot be used: {damaged}") from damaged
    return trust


def _pem(folder: Path, user: Mapping[str, str], name: str) -> str:
    data = user.get(f"{name}-data")
    return _decoded(data) if data else _read(folder / user[name]) if name in user else ""


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as damaged:
        raise RemediationUnavailable(f"A certificate or key of the kubeconfig is damaged: {damaged}") from damaged


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise RemediationUnavailable(f"Cannot read {file}: {unreadable}; check [{_TABLE}].") from unreadable
