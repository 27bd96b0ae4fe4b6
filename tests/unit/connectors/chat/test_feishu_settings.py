"""Settings that cannot work are refused before anything is opened."""

import pytest
from pydantic import ValidationError

from connectors.chat.feishu import Settings

APP = {"app_id": "cli_a1", "app_secret": "s"}


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("feishu", "https://open.feishu.cn"),
        ("lark", "https://open.larksuite.com"),
        ("https://open.company.example", "https://open.company.example"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ],
)
def test_where_the_platform_is(domain: str, url: str) -> None:
    assert Settings.model_validate({**APP, "domain": domain}).domain == url


def test_feishu_is_the_default() -> None:
    assert Settings.model_validate(APP).domain == "https://open.feishu.cn"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param({"domain": "http://open.feishu.cn"}, "https", id="in-clear-over-the-network"),
        pytest.param({"domain": "https://open.feishu.cn/x"}, "without a path", id="a-path"),
        pytest.param({"app_id": "xoxb"}, "app_id", id="another-platforms-id"),
        pytest.param({"app_secret": ""}, "app_secret", id="no-secret"),
        pytest.param({"events": "webhook"}, "forge", id="a-webhook-without-keys"),
        pytest.param({"events": "webhook", "encrypt_key": "k"}, "forge", id="a-webhook-without-its-token"),
        pytest.param({"public_url": "ops.example"}, "public_url", id="no-address"),
    ],
)
def test_what_cannot_work(more: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings.model_validate({**APP, **more})


def test_secrets_do_not_show() -> None:
    shown = repr(Settings.model_validate({**APP, "app_secret": "hush", "encrypt_key": "hush"}))

    assert "hush" not in shown
