"""How a cluster is reached: by settings, by a kubeconfig, and what is said when neither leads to one."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.tools.api import Outside
from connectors.tools.kubernetes_access import Cluster, open_cluster
from connectors.tools.port import ToolUnavailable
from tests.contracts.recordings import Exchange, Replay
from tests.contracts.tool_vendors import NOW
from tests.unit.connectors.tools.certificates import self_signed


def config(**user: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": {"server": "http://cluster:6443"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    }


async def sent(settings: Cluster) -> str | None:
    """The Authorization header of a call to the cluster."""
    replay = Replay(Exchange("GET /version", {}), now=NOW)
    async with open_cluster(settings, Outside(replay)) as api:
        await api.get("/version")
    return replay.asked[0].headers.get("authorization")


def written(folder: Path, content: object) -> Cluster:
    (folder / "config").write_text(yaml.safe_dump(content), "utf-8")
    return Cluster(kubeconfig=folder / "config")


async def test_a_token_of_the_kubeconfig(tmp_path: Path) -> None:
    assert await sent(written(tmp_path, config(token="abc"))) == "Bearer abc"


async def test_a_token_file_is_read_anew_for_every_call(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n", "utf-8")
    settings = written(tmp_path, config(tokenFile="token"))

    replay = Replay(Exchange("GET /version", {}), now=NOW)
    async with open_cluster(settings, Outside(replay)) as api:
        await api.get("/version")
        (tmp_path / "token").write_text("second\n", "utf-8")
        await api.get("/version")
    assert [one.headers["authorization"] for one in replay.asked] == ["Bearer first", "Bearer second"]


async def test_a_client_certificate_of_the_kubeconfig(tmp_path: Path) -> None:
    pem = base64.b64encode(self_signed(tmp_path, "ann", days=1).read_bytes()).decode()
    settings = written(tmp_path, config(**{"client-certificate-data": pem, "client-key-data": pem}))

    assert await sent(settings) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(config(exec={"command": "aws"}), "signs in through another program", id="exec"),
        pytest.param({**config(token="x"), "current-context": "test"}, "no context 'test'; it has prod", id="context"),
        pytest.param({**config(token="x"), "users": []}, "names a cluster or user that is not in it", id="user"),
        pytest.param({"kind": "Config"}, "is no kubeconfig", id="no-kubeconfig"),
        pytest.param(
            config(**{"client-certificate-data": "%%%", "client-key-data": "x"}), "is damaged", id="damaged-data"
        ),
        pytest.param(
            config(**{"client-certificate-data": base64.b64encode(b"x").decode(), "client-key-data": "eA=="}),
            "cannot be used",
            id="no-certificate",
        ),
    ],
)
async def test_what_does_not_lead_to_a_cluster_says_why(content: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(ToolUnavailable, match=said):
        await sent(written(tmp_path, content))


async def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolUnavailable, match=r"Cannot read .*nowhere"):
        await sent(Cluster(kubeconfig=tmp_path / "nowhere"))


async def test_without_anything_it_says_what_to_set() -> None:
    with pytest.raises(ToolUnavailable, match="No cluster is set"):
        await sent(Cluster())
