"""Texts that say the same in almost the same words are found, and others are not."""

from knowledge.duplicates import near_duplicates, shingles

WORDS = "when the broker disk fills up look at the largest topic first then shorten its retention and wait for the log "
LONG = " ".join(f"{WORDS} step {n} checks partition {n * 7}" for n in range(20))
OTHER = " ".join(f"a cart holds item {n} for some days and shoppers return number {n * 3}" for n in range(40))
CHINESE = "磁盘写满之后先看哪个主题最大，再缩短它的保留时间，等日志段滚动以后空间就会释放出来，不要手工删除文件。" * 3


def test_a_copy_with_small_changes_is_a_near_duplicate() -> None:
    found = near_duplicates({"a": LONG, "b": LONG.replace("step 3 ", "point three "), "c": OTHER})

    assert [group.documents for group in found] == [("a", "b")]
    assert 0.9 < found[0].resemblance < 1


def test_copies_of_copies_are_one_group() -> None:
    texts = {"a": LONG, "b": LONG + " the end", "c": LONG.replace("wait", "stop"), "d": OTHER, "e": OTHER}

    assert [group.documents for group in near_duplicates(texts)] == [("d", "e"), ("a", "b", "c")]


def test_chinese_texts_are_compared_sign_by_sign() -> None:
    found = near_duplicates({"a": CHINESE, "b": CHINESE.replace("主题", "话题"), "c": "完全不同的内容。" * 30})

    assert [group.documents for group in found] == [("a", "b")]


def test_markup_and_case_make_no_difference() -> None:
    assert shingles("# The **Broker** is `full` now") == shingles("the broker is full now")


def test_very_short_texts_are_no_duplicates() -> None:
    assert near_duplicates({"a": "see the other page please", "b": "see the other page please"}) == []
