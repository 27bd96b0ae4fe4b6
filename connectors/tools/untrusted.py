"""What other systems say, fit for a line: no sign that cannot be seen, no address but a web page's."""

import re


def one_line(text: str | None, most: int = 200) -> str:
    """The text without line breaks and signs that cannot be seen, at most ``most`` characters of it."""
    seen = "".join(sign if sign.isprintable() else " " for sign in (text or "")[: 10 * most])
    words = " ".join(seen.split())
    return words if len(words) <= most else words[: most - 1] + "…"


def headline(message: str | None) -> str:
    """The first line of a commit's message."""
    return one_line(next(iter((message or "").strip().splitlines()), "")) or "(no message)"


def web_link(address: str | None) -> str:
    """The address when it is a web page's, else nothing."""
    return address if address and len(address) <= 2000 and re.fullmatch(r"https?://[^\s<>\"]+", address) else ""
