"""Names that came from outside, made fit to be shown."""

from bot.rules.short_names import clean, file_name, told_apart


def test_a_name_cannot_steer_and_is_cut_in_its_middle() -> None:
    assert clean("a\x1b[31m\u202eb\nc\0") == "a [31m b c"
    assert clean("x" * 10**6, 11) == "xxxxx…xxxxx"
    assert clean("订单服务的延迟", 8) == "订单…迟"


def test_long_names_keep_what_tells_them_apart() -> None:
    names = [f'http_requests{{job="checkout",instance="10.0.0.{i}:8080",quantile="0.99"}}' for i in range(3)]

    assert told_apart(names, 30) == ["…10.0.0.0…", "…10.0.0.1…", "…10.0.0.2…"]
    assert told_apart(["same" * 20, "same" * 20], 20) == ["samesamesa…esamesame"] * 2
    assert told_apart(["api", "web"], 30) == ["api", "web"]


def test_a_title_becomes_the_name_of_a_file() -> None:
    assert file_name("数据库: orders/…/etc_passwd (8 of 12)") == "数据库-orders-etc-passwd-8-of-12"
    assert [file_name(odd) for odd in ("", "../..", "…")] == ["file"] * 3
    assert len(file_name("x" * 1000)) == 80
