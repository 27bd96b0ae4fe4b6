"""Time windows in English and Chinese, from words to moments; no model is ever asked for one."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.vocabulary import Window

_UNITS = {
    "second": timedelta(seconds=1), "sec": timedelta(seconds=1), "秒": timedelta(seconds=1),
    "minute": timedelta(minutes=1), "min": timedelta(minutes=1), "m": timedelta(minutes=1),
    "分钟": timedelta(minutes=1),
    "hour": timedelta(hours=1), "hr": timedelta(hours=1), "h": timedelta(hours=1),
    "小时": timedelta(hours=1), "个小时": timedelta(hours=1), "钟头": timedelta(hours=1),
    "day": timedelta(days=1), "d": timedelta(days=1), "天": timedelta(days=1), "日": timedelta(days=1),
    "week": timedelta(weeks=1), "w": timedelta(weeks=1), "周": timedelta(weeks=1), "个星期": timedelta(weeks=1),
    "星期": timedelta(weeks=1), "month": timedelta(days=30), "个月": timedelta(days=30),
}  # fmt: skip
_WORDS = {
    "one": 1, "a": 1, "an": 1, "two": 2, "couple of": 2, "three": 3, "few": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "ten": 10, "twelve": 12, "half an": 0.5, "half a": 0.5,
    "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "十": 10, "几": 3, "半": 0.5,
}  # fmt: skip
_NUMBER = r"(?P<number>\d+(?:\.\d+)?|" + "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)) + ")"
_LAST = re.compile(
    rf"\b(?:(?:in|over|during|within|for)\s+)?(?:the\s+)?(?:last|past|previous)\s+(?:{_NUMBER}\s*)?"
    r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|[mhdw])\b"
    rf"|(?:最近|过去|近|前)(?:的)?{_NUMBER.replace('number', 'zh_number')}\s*"
    r"(?P<zh_unit>秒|分钟|个小时|小时|钟头|天|日|周|个星期|星期|个月)",
    re.IGNORECASE,
)
_AGO = re.compile(
    rf"\b(?:since\s+)?{_NUMBER}\s*(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|[mhd])\s+ago\b"
    rf"|{_NUMBER.replace('number', 'zh_number')}\s*(?P<zh_unit>秒|分钟|个小时|小时|天|周|个星期|个月)(?:之)?前",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?:since|from|after|at|around)\s+(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))?\s*(?P<half>am|pm)?\b"
    r"|从?(?P<zh_half>凌晨|早上|上午|中午|下午|晚上)?(?P<zh_hour>[01]?\d|2[0-3])[点:：](?P<zh_minute>[0-5]\d)?分?(?:开始|以来|起|之后|左右)?",
    re.IGNORECASE,
)


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(
    rf"\b(?:since|from)\s+(?P<last>last\s+)?(?P<day>{'|'.join(_WEEKDAYS)})\b"
    r"|从?(?P<zh_last>上)?(?:周|星期|礼拜)(?P<zh_day>[一二三四五六日天])(?:以来|开始|起|至今)",
    re.IGNORECASE,
)
_SINCE_DATE = re.compile(
    r"\b(?:since|from|after)\s+(?P<date>20\d\d-[01]\d-[0-3]\d)|(?P<zh_date>20\d\d-[01]\d-[0-3]\d)\s*(?:以来|开始|起|至今)"
)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _days_ago(now: datetime, days: int) -> datetime:
    return _midnight(now) - timedelta(days=days)


def _monday(now: datetime) -> datetime:
    return _midnight(now) - timedelta(days=now.weekday())


def _evening(now: datetime) -> tuple[datetime, datetime]:
    start = _midnight(now) - timedelta(hours=6)
    return start, min(now, start + timedelta(hours=12))


_NAMED: tuple[tuple[str, Callable[[datetime], tuple[datetime, datetime]]], ...] = (
    (r"\bsince yesterday\b|昨天(?:以来|开始|起)", lambda now: (_days_ago(now, 1), now)),
    (r"\blast night\b|\bovernight\b|昨晚|昨夜|夜里", _evening),
    (r"\bday before yesterday\b|前天", lambda now: (_days_ago(now, 2), _days_ago(now, 1))),
    (r"\byesterday\b|昨天|昨日", lambda now: (_days_ago(now, 1), _midnight(now))),
    (r"\btomorrow\b|明天", lambda now: (_midnight(now) + timedelta(days=1), _midnight(now) + timedelta(days=2))),
    (r"\bnext week\b|下周|下星期", lambda now: (_monday(now) + timedelta(weeks=1), _monday(now) + timedelta(weeks=2))),
    (r"\blast week\b|上周|上星期|上个星期", lambda now: (_monday(now) - timedelta(weeks=1), _monday(now))),
    (r"\bthis week\b|本周|这周|这个星期", lambda now: (_monday(now), now)),
    (r"\blast month\b|上个?月", lambda now: (_days_ago(now, 30), now)),
    (r"\bthis morning\b|今早|今天早上|今天上午", lambda now: (_midnight(now) + timedelta(hours=6), now)),
    (r"\b(?:since|from) (?:noon|midday)\b|中午(?:以来|开始|起|之后)", lambda now: (_since_clock(now, 12, 0), now)),
    (r"\b(?:since|from|at) midnight\b|零点|半夜", lambda now: (_midnight(now), now)),
    (r"\btoday\b|今天|今日", lambda now: (_midnight(now), now)),
    (r"\btonight\b|今晚", lambda now: (_midnight(now) + timedelta(hours=18), _midnight(now) + timedelta(days=1))),
)  # fmt: skip


def find_window(text: str, now: datetime) -> Window | None:
    """The first span of time that the text names, read at ``now`` in the zone of ``now``; None when it names none."""
    # Before the names: a week is part of how Chinese names a day of the last one.
    if since := _from_weekday(text, now):
        return since
    for pattern, span in _NAMED:
        if match := re.search(pattern, text, re.IGNORECASE):
            start, end = span(now)
            return Window(start=min(start, end), end=end, words=match.group(0))
    if match := _LAST.search(text) or _AGO.search(text):
        return Window(start=now - _length(match), end=now, words=match.group(0).strip())
    return _from_date(text, now) or _from_clock(text, now)


def _from_weekday(text: str, now: datetime) -> Window | None:
    """Since the last such day before today; on such a day itself, since a week ago."""
    match = _WEEKDAY.search(text)
    if not match:
        return None
    zh = match["zh_day"]
    day = "一二三四五六日".index("日" if zh == "天" else zh) if zh else _WEEKDAYS.index(match["day"].lower())
    back = (now.weekday() - day) % 7 or 7
    return Window(start=_days_ago(now, back), end=now, words=match.group(0).strip())


def _from_date(text: str, now: datetime) -> Window | None:
    match = _SINCE_DATE.search(text)
    try:
        day = datetime.fromisoformat(match["date"] or match["zh_date"]) if match else None
    except ValueError:
        return None
    start = day.replace(tzinfo=now.tzinfo) if day else now
    return Window(start=start, end=now, words=match.group(0).strip()) if match and start < now else None


def _length(match: re.Match[str]) -> timedelta:
    number = (match["number"] or match["zh_number"] or "1").lower()
    unit = (match["unit"] or match["zh_unit"]).lower()
    length = _UNITS.get(unit) or _UNITS[unit.rstrip("s")]
    return length * (_WORDS[number] if number in _WORDS else float(number))


def _from_clock(text: str, now: datetime) -> Window | None:
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"] or match["zh_hour"])
        minute = match["minute"] or match["zh_minute"]
        half = (match["half"] or match["zh_half"] or "").lower()
        if match["hour"] and not (minute or half):
            # "at 5" is as often a count as a time of day.
            continue
        if half in ("pm", "下午", "晚上") and hour < 12:
            hour += 12
        return Window(start=_since_clock(now, hour, int(minute or 0)), end=now, words=match.group(0).strip())
    return None


def _since_clock(now: datetime, hour: int, minute: int) -> datetime:
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at if at <= now else at - timedelta(days=1)
