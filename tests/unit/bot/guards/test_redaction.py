"""What is taken out of a tool's answer, measured on lines as tools write them, and what has to stay."""

import time

import pytest

from bot.guards.redaction import redact

# Written in pieces, so that no scanner takes this file for a leak.
A36 = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
HIDE: list[tuple[str, str]] = [
    ("export AWS_ACCESS_KEY_ID={}", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = {}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("found {} in the layer", "ghp_" + A36),
    ("remote: https://x-access-token:{}@github.com/acme/shop.git", "ghs_" + A36),
    ("CI_JOB_TOKEN: {}", "glpat-" + A36[:20]),
    ("SLACK_BOT_TOKEN={}", "xoxb-" + "123456789012-abcdefGHIJKL"),
    ("posting to https://hooks.slack.com/services/{}", "T00000000/B00000000/XXXXabcdXXXX1234"),
    ("webhook: https://open.feishu.cn/open-apis/bot/v2/hook/{}", "0f1e2d3c-1111-2222-3333-444455556666"),
    ("url=https://oapi.dingtalk.com/robot/send?access_token={}", "f0e1d2c3b4a5968778695a4b3c2d1e0f"),
    ("Authorization: Bearer {}", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
    ("cookie jar: {}", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
    ('curl -H "Authorization: Basic {}" http://x', "YWRtaW46c3dvcmRmaXNo"),
    ("'authorization': 'Bearer {}'", "abcdef0123456789"),
    ("sent bearer {} to the gateway", "abc123def456ghi789"),
    ("Set-Cookie: {}", "session=8f14e45fceea167a5a36; Path=/"),
    ("postgres://shop:{}@db-1:5432/orders", "hunter2"),
    ("redis://:{}@cache:6379/0", "s3cr3t"),
    ("amqp://guest:{}@mq", "gu3st!pw"),
    ("mongodb+srv://svc:{}@cluster0.example.net", "p%40ssw0rd"),
    ("DB_PASSWORD={}", "swordfish"),
    ('{{"password": "{}"}}', "correct horse"[:7] + "1"),
    ('{{\\"db_password\\":\\"{}\\"}}', "swordfish9"),
    ("password: {}", "hunter2!"),
    ("spring.datasource.password={}", "tiger99"),
    ("passwd={}", "abcd"),
    ("root 的密码：{}", "Admin@123"),
    ("密码是{}", "Admin@123"),
    ("the password is {}", "Tr0ub4dor&3"),
    ("mysqldump --password {} shop", "hunter2"),
    ("tool --api-key {}", "0123456789abcdef"),
    ("--token={}", "0123456789abcdef"),
    ("client_secret: '{}'", "0123456789abcdefXYZ"),
    ("api_key={}", "0123456789abcdef"),
    ("X-Api-Key: {}", "0123456789abcdef"),
    ('"apiKey":"{}"', "0123456789abcdef"),
    ("AccountKey={};EndpointSuffix=core", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"),
    ("    - name: DB_PASSWORD\n      value: {}", "swordfish"),
    ('{{"name": "API_TOKEN", "value": "{}"}}', "swordfishes"),
    ("OPENAI key {}", "sk-proj-" + A36),
    ("stripe {}", "sk_live_" + A36[:24]),
    ("google {}", "AIza" + A36[:35]),
    ("vault token {}", "hvs." + A36),
    ("hf {}", "hf_" + A36[:34]),
    ("npm {}", "npm_" + A36),
    ("aliyun {}", "LTAI" + A36[:20]),
    ("telegram bot {}", "123456789:AA" + A36[:33]),
    ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\n{}", "b3BlbnNzaC1rZXktdjEAAAAA"),
    ("user {} could not log in", "ann.lee+ops@shop.example.com"),
    ("收件人 {}", "li.lei@example.cn"),
    ("call {} now", "+44 20 7946 0958"),
    ("call {} now", "+8613800138000"),
    ("手机 {}，", "138 0013 8000"),
    ("contact {} (oncall)", "13912345678"),
    ("card {} declined", "4111 1111 1111 1111"),
    ("card {} declined", "5500005555555559"),
    ("身份证 {} 无效", "11010519491231002X"),
]
KEEP: list[str] = [
    'level=error msg="token expired" service=checkout',
    'password authentication failed for user "shop"',
    "password: incorrect",
    "Error: password is required",
    "the password must be changed every 90 days",
    "token: expired",
    "invalid token: unexpected end of JSON input",
    "max_tokens=4096 prompt_tokens: 812",
    "tokens: 1234",
    "secretName: checkout-tls",
    "secretKeyRef:\n  name: db-credentials\n  key: password",
    'MountVolume.SetUp failed for volume "tls" : secret "checkout-tls" not found',
    "imagePullSecrets: [regcred]",
    "password_file: /run/secrets/db",
    "passwordPolicy=strong",
    "bypass=true",
    "compass: north-west-1",
    "sha256:3fa5d1f0c1e0d6b8f4a7d9e2c3b4a5968778695a4b3c2d1e0f0a1b2c3d4e5f60",
    "image: registry.example.com/shop/checkout@sha256:9b2c8f",
    "commit 8f14e45fceea167a5a36dedd4bea2543c1d2e3f4",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
    "pod checkout-7f9dd8b6c4-x7gr9 on ip-10-0-1-42.us-east-1.compute.internal",
    "GET /api/v1/users/12345678901 200 13ms",
    "connection to 10.0.0.12:5432 refused (attempt 3)",
    "ts=1700000000123 offset=18242267924 lag=0",
    "ephemeral-storage:  18242267924",
    "2026-03-02T09:00:00.123456789Z INFO started",
    "took 1384512345.22 ns",
    "git@github.com:acme/shop.git",
    "getty@tty1.service: Deactivated successfully.",
    "systemd-fsck@dev-sda1.service",
    "lodash@4.17.21 and @types/node@20.1.0",
    "postgres@db-1:5432/orders",
    "http://prometheus:9090/graph?g0.expr=up",
    'rate(http_requests_total{code=~"5.."}[5m])',
    "order 4111111111111112 failed",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "memory: 17179869184 bytes, cpu 250m",
    "exit code 137 (OOMKilled), restart count 14",
    "+0800 CST, UTC+8",
    "UPDATE orders SET status = 'settled' WHERE settlement_batch_id = $1",
    "api_key=${API_KEY}",
    "password=%s",
    "Authorization: required",
    "basic auth is enabled",
    "Cookie: none",
    "access_key not set",
    "令牌已过期",
    "密码错误",
    "订单号 202603021234567890 处理失败",
    "checkout 13812 requests in 1390 ms",
    "kubernetes.io/service-account-token",
    "serviceAccountToken: /var/run/secrets/kubernetes.io/serviceaccount/token",
    "token_type: bearer",
    "Processed session termination for sessionid: 0x14ede63a5a70002",
    "credentials: arn:aws:iam::123456789012:role/checkout",
]


@pytest.mark.parametrize(("line", "secret"), HIDE, ids=range(len(HIDE)))
def test_what_must_not_leave_is_replaced(line: str, secret: str) -> None:
    clean = redact(line.format(secret))

    assert secret not in clean.text
    assert sum(clean.hidden.values()) >= 1


@pytest.mark.parametrize("line", KEEP)
def test_what_an_answer_is_made_of_stays(line: str) -> None:
    assert redact(line).text == line


@pytest.mark.parametrize(("line", "secret"), HIDE, ids=range(len(HIDE)))
def test_doing_it_twice_changes_nothing(line: str, secret: str) -> None:
    once = redact(line.format(secret)).text

    assert redact(once).text == once


def test_says_how_many_of_which_kind() -> None:
    clean = redact("DB_PASSWORD=swordfish mail ann@shop.example.com and bo@shop.example.com")

    assert clean.hidden == {"password": 1, "e-mail": 2}
    assert clean.text == "DB_PASSWORD=[hidden: password] mail [hidden: e-mail] and [hidden: e-mail]"


@pytest.mark.parametrize(
    "unit", ["a", "password ", "password=", "://a:", "eyJ", "1 3-", "name: ", "-----BEGIN ", "a.b@"]
)
def test_hostile_text_does_not_take_long(unit: str) -> None:
    began = time.perf_counter()
    redact(unit * (200_000 // len(unit)))

    assert time.perf_counter() - began < 5
