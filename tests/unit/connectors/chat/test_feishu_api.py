"""The client of the open platform: tokens, waiting as told, and refusals by kind."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from pydantic import SecretStr

from connectors.chat.feishu_api import App, FeishuApi, Network, NoScope, Refusal, open_api
from connectors.chat.port import CannotFetch, ChatUnavailable

Answer = httpx.Response | Exception


def ok(**data: object) -> httpx.Response:
    return httpx.Response(200, json={"code": 0, "data": data})


def no(code: int, status: int = 400, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "msg": "said"}, headers=headers)


@dataclass
class Platform:
    """Answers in turn; hands out a new token at each request for one."""

    answers: list[Answer]
    token: Callable[[int], httpx.Response] = lambda n: httpx.Response(
        200, json={"code": 0, "tenant_access_token": f"t-{n}", "expire": 7200}
    )
    tokens: int = 0
    now: float = 1_000.0
    seen: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tenant_access_token/internal"):
            self.tokens += 1
            return self.token(self.tokens)
        self.seen.append(request.headers["authorization"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


@asynccontextmanager
async def calling(platform: Platform) -> AsyncIterator[FeishuApi]:
    app = App("https://open.feishu.cn", "cli_x", SecretStr("s3cret"), longest_wait_seconds=20)
    async with open_api(app, Network(httpx.MockTransport(platform), lambda: platform.now, platform.sleep)) as api:
        yield api


async def test_one_token_serves_until_shortly_before_its_end() -> None:
    platform = Platform([ok(), ok(), ok()])
    async with calling(platform) as api:
        await api.call("GET", "/a")
        await api.call("GET", "/a")
        platform.now += 7000
        await api.call("GET", "/a")

    assert platform.seen == ["Bearer t-1", "Bearer t-1", "Bearer t-2"]


@pytest.mark.parametrize("code", [99991663, 99991661])
async def test_a_token_that_is_refused_is_fetched_anew_once(code: int) -> None:
    platform = Platform([no(code), ok(x=1), no(code), no(code)])
    async with calling(platform) as api:
        assert await api.call("GET", "/a") == {"x": 1}
        with pytest.raises(ChatUnavailable, match="app_secret"):
            await api.call("GET", "/a")

    assert platform.tokens == 3
    assert platform.waited == []


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        pytest.param(no(99991400, 429, **{"x-ogw-ratelimit-reset": "7"}), 7.0, id="the-gateway-tells"),
        pytest.param(no(0, 429, **{"retry-after": "3"}), 3.0, id="a-proxy-tells"),
        pytest.param(no(230020), 0.5, id="nobody-tells"),
        pytest.param(no(200810), 0.5, id="a-click-is-on-its-way"),
        pytest.param(httpx.Response(502, text="<html>"), 0.5, id="a-broken-gateway"),
        pytest.param(httpx.ConnectError("gone"), 0.5, id="no-network"),
    ],
)
async def test_what_passes_is_waited_for_as_told(answer: Answer, pause: float) -> None:
    platform = Platform([answer, ok(x=1)])
    async with calling(platform) as api:
        assert await api.call("GET", "/a") == {"x": 1}

    assert platform.waited == [pause]


async def test_waiting_has_an_end() -> None:
    async with calling(Platform([no(99991400, 429, **{"x-ogw-ratelimit-reset": "21"})])) as api:
        with pytest.raises(ChatUnavailable, match="takes no more calls"):
            await api.call("GET", "/a")


async def test_a_network_that_stays_away_is_given_up() -> None:
    platform = Platform([httpx.ConnectError("gone")] * 9)
    async with calling(platform) as api:
        with pytest.raises(ChatUnavailable, match="does not answer"):
            await api.call("GET", "/a")

    assert len(platform.seen) == 4


async def test_who_is_not_patient_is_told_at_once() -> None:
    platform = Platform([no(230020)])
    async with calling(platform) as api:
        with pytest.raises(Refusal, match="230020 said"):
            await api.call("GET", "/a", patient=False)

    assert platform.waited == []


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param(no(230099), Refusal, "230099 said", id="content"),
        pytest.param(no(99991672), NoScope, "add the scope at https://open.feishu.cn/app/cli_x/auth", id="scope"),
        pytest.param(no(99991543), ChatUnavailable, "check app_id", id="another-app"),
        pytest.param(httpx.Response(404, text="no such page"), Refusal, "404", id="no-json"),
    ],
)
async def test_refusals_by_kind(answer: httpx.Response, kind: type[Exception], says: str) -> None:
    async with calling(Platform([answer])) as api:
        with pytest.raises(kind, match=says):
            await api.call("POST", "/a", {"b": 1})


async def test_a_wrong_secret_is_told_without_it() -> None:
    def refuse(number: int) -> httpx.Response:
        return httpx.Response(200, json={"code": 10014, "msg": "app secret invalid"})

    async with calling(Platform([], refuse)) as api:
        with pytest.raises(ChatUnavailable, match="Credentials & Basic Info") as told:
            await api.call("GET", "/a")

    assert "s3cret" not in str(told.value)


async def test_a_file_is_read_up_to_its_limit_and_never_from_elsewhere() -> None:
    elsewhere = httpx.Response(302, headers={"location": "https://evil.example/x"})
    platform = Platform([httpx.Response(200, content=b"x" * 11), httpx.Response(200, content=b"xy"), elsewhere])
    async with calling(platform) as api:
        with pytest.raises(CannotFetch, match="larger than 10 bytes"):
            await api.download("/f", 10)
        assert await api.download("/f", 10) == b"xy"
        with pytest.raises(CannotFetch, match="302"):
            await api.download("/f", 10)


async def test_an_upload_names_its_member_after_the_path() -> None:
    sent: list[bytes] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={"code": 0, "data": {"file_key": "f"}, "tenant_access_token": "t", "expire": 9})

    app = App("https://open.feishu.cn", "cli_x", SecretStr("s"))
    async with open_api(app, Network(httpx.MockTransport(keep))) as api:
        assert await api.upload("/open-apis/im/v1/files", {"file_type": "stream"}, "a.md", b"hi") == {"file_key": "f"}

    assert json.loads(sent[0])["app_id"] == "cli_x"
    assert b'name="file"; filename="a.md"' in sent[1]
