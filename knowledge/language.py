"""Which of the two languages a text is in, by its script."""

import re
from typing import Literal

Language = Literal["en", "zh"]

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def language_of(text: str) -> Language:
    """``zh`` when Chinese carries the text, also between English names and commands; else ``en``.

    A Chinese word is two signs long on average, and code counts only when there is nothing else.
    """
    prose = _CODE.sub(" ", text)
    han, words = len(_HAN.findall(prose)), len(_WORD.findall(prose))
    if not han and not words:
        han, words = len(_HAN.findall(text)), len(_WORD.findall(text))
    return "zh" if han / 2 > words * 0.4 else "en"
