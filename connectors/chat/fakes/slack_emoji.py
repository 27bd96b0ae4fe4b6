"""Emoji by Slack's names, and drawings of the most common ones: few servers have a font with them."""

import re

NAMES = {
    "white_check_mark": "✅", "heavy_check_mark": "✔", "warning": "⚠", "x": "❌", "eyes": "👀", "thumbsup": "👍",
    "+1": "👍", "thumbsdown": "👎", "-1": "👎", "rotating_light": "🚨", "hourglass_flowing_sand": "⏳", "mag": "🔍",
    "red_circle": "🔴", "large_green_circle": "🟢", "large_yellow_circle": "🟡", "lock": "🔒", "memo": "📝",
    "page_facing_up": "📄", "books": "📚", "robot_face": "🤖", "fire": "🔥", "tada": "🎉",
}  # fmt: skip
_HAND = "M2 11h4v10H2zM8 21V11l4-8c2 0 3 1 3 3l-1 4h6c1.5 0 2.3 1 2 2l-2 7c-.3 1-1 2-2 2z"
_PAGE = '<path fill="#fff" stroke="#616061" stroke-width="1.5" d="M5 2h10l4 4v16H5z"/>' \
        '<path stroke="#616061" stroke-width="1.5" d="M8 9h8M8 13h8M8 17h5"/>'  # fmt: skip


def _disc(colour: str) -> str:
    return f'<circle cx="12" cy="12" r="9" fill="{colour}"/>'


_DRAWN = {
    "👍": f'<path fill="#ecb22e" d="{_HAND}"/>',
    "👎": f'<path fill="#ecb22e" transform="rotate(180 12 12)" d="{_HAND}"/>',
    "✅": '<rect x="2" y="2" width="20" height="20" rx="4" fill="#2eb67d"/>'
    '<path fill="none" stroke="#fff" stroke-width="3" d="M6 12l4 5 8-10"/>',
    "✔": '<path fill="none" stroke="#2eb67d" stroke-width="4" d="M4 12l6 7L20 5"/>',
    "❌": '<path stroke="#e01e5a" stroke-width="4" d="M4 4l16 16M20 4L4 20"/>',
    "⚠": '<path fill="#ecb22e" d="M12 2l11 20H1z"/><path stroke="#1d1c1d" stroke-width="2.5" d="M12 9v7M12 18v2"/>',
    "👀": '<ellipse cx="7" cy="12" rx="5" ry="8" fill="#fff" stroke="#616061"/><circle cx="8" cy="13" r="2.5"/>'
    '<ellipse cx="17" cy="12" rx="5" ry="8" fill="#fff" stroke="#616061"/><circle cx="18" cy="13" r="2.5"/>',
    "👁": '<ellipse cx="12" cy="12" rx="10" ry="6" fill="#fff" stroke="#616061"/><circle cx="12" cy="12" r="3"/>',
    "🔍": '<circle cx="10" cy="10" r="7" fill="#d6eaf5" stroke="#616061" stroke-width="2.5"/>'
    '<path stroke="#616061" stroke-width="3" d="M15 15l7 7"/>',
    "🔒": '<path fill="none" stroke="currentColor" stroke-width="2.5" d="M7 11V7a5 5 0 0 1 10 0v4"/>'
    '<rect x="4" y="11" width="16" height="11" rx="2" fill="currentColor"/>',
    "⏳": '<path fill="#ecb22e" stroke="#616061" d="M5 2h14l-6 10 6 10H5l6-10z"/>',
    "🚨": '<path fill="#e01e5a" d="M5 17a7 7 0 0 1 14 0z"/><rect x="3" y="17" width="18" height="4" fill="#616061"/>',
    "📄": _PAGE,
    "📝": _PAGE,
    "📚": _PAGE,
    "🔴": _disc("#e01e5a"),
    "🟢": _disc("#2eb67d"),
    "🟡": _disc("#ecb22e"),
}
_CHARACTERS = re.compile(f"([{''.join(_DRAWN)}])\ufe0f?")


def drawn(page: str) -> str:
    """The same page with its emoji drawn; what stands inside a tag is left alone."""
    parts = re.split(r"(<[^>]*>)", page)
    return "".join(one if n % 2 else _CHARACTERS.sub(_svg, one) for n, one in enumerate(parts))


def _svg(found: re.Match[str]) -> str:
    return f'<svg class="emoji" viewBox="0 0 24 24" role="img" aria-label="{found[1]}">{_DRAWN[found[1]]}</svg>'
