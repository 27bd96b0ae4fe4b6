"""A model's Markdown in the Markdown of Feishu cards, where nothing mentions anybody and nothing is a picture.

https://open.feishu.cn/document/feishu-cards/card-json-v2-components/content-components/rich-text
"""

import re
from collections.abc import Iterator, Sequence

from connectors.chat.markdown import Block, Code, Grid, Heading, Listing, Paragraph, Quote, Rule, Run, plain

# The platform's own way to show such a character: as an entity.
_SPECIAL = re.compile(r"[<>*~`|$\\]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|\](?=[(:\[])|!(?=\[)|:(?=[A-Za-z]\w{0,40}:)")
_LINE_START = re.compile(r"^([#+=-]|\d{1,9}(?=[.)]))", re.MULTILINE)
_NUMBER_END = re.compile(r"^(\d{1,9})([.)])", re.MULTILINE)
_MENTION = re.compile(r"<(?=/?(?:at|person)\b)", re.IGNORECASE)
_UNSAFE_IN_ADDRESS = re.compile(r"[()<>\s\\\"'`|]")
_DEEPEST = 3
_LANGUAGES = frozenset(
    {"bash", "c", "cpp", "css", "diff", "dockerfile", "go", "graphql", "groovy", "html", "http", "java"}
    | {"javascript", "json", "kotlin", "lua", "makefile", "markdown", "nginx", "perl", "php", "powershell"}
    | {"properties", "protobuf", "python", "r", "ruby", "rust", "scala", "shell", "sql", "swift", "thrift"}
    | {"toml", "typescript", "xml", "yaml"}
)
_ALSO = {"sh": "bash", "zsh": "bash", "console": "shell", "py": "python", "yml": "yaml", "js": "javascript"}
_ALSO |= {"ts": "typescript", "golang": "go", "promql": "sql", "logql": "sql", "mysql": "sql", "postgresql": "sql"}


def escaped(text: str) -> str:
    """Text that shows as it is, whatever it holds."""
    shown = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", text)
    lines = _NUMBER_END.sub(lambda found: f"{found[1]}&#{ord(found[2])};", shown)
    return _LINE_START.sub(lambda found: found[1] if found[1].isdecimal() else f"&#{ord(found[1])};", lines)


def rendered(blocks: Sequence[Block]) -> str:
    """Blocks as card Markdown. A table among them becomes lines: as a component it stands for itself."""
    return "\n\n".join(_joined(_block(block, 0)) for block in blocks).strip("\n")


def _joined(lines: Iterator[str]) -> str:
    return "\n".join(lines)


def _block(block: Block, depth: int) -> Iterator[str]:
    match block:
        case Heading(level=level, runs=runs):
            # The platform's first two sizes are those of a poster.
            yield f"{'#' * (level + 2)} {_inline(runs)}" if level < 3 else f"**{_unstyled(runs)}**"
        case Paragraph(runs=runs):
            yield from _lines(_inline(runs))
        case Code(text=text, language=language):
            yield from _fenced(text, language)
        case Quote(blocks=blocks):
            yield from _quoted(blocks, depth)
        case Listing():
            yield from _listed(block, depth)
        case Grid():
            yield from _lines(escaped(plain([block])))
        case Rule():
            yield "---"


def _lines(text: str) -> Iterator[str]:
    # Leading blanks would make code of a line.
    yield from (line.strip() for line in text.split("\n") if line.strip())


def _fenced(text: str, language: str) -> Iterator[str]:
    """Code stands at the beginning of its lines, or it is not shown as such."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    named = _ALSO.get(language.lower(), language.lower())
    yield f"{ticks}{named if named in _LANGUAGES else 'plain_text'}"
    yield _disarmed(text)
    yield ticks


def _disarmed(code: str) -> str:
    # In code an entity would show as what it is; a blank without width keeps the tag from being one.
    return _MENTION.sub("<\u200b", code)


def _quoted(blocks: Sequence[Block], depth: int) -> Iterator[str]:
    for number, block in enumerate(blocks):
        if number:
            yield ">" if not isinstance(block, Code) else ""
        lines = list(_block(block, depth))
        yield from lines if isinstance(block, Code) else (f"> {line}" for line in lines)
    yield ""


def _listed(block: Listing, depth: int) -> Iterator[str]:
    indent = "    " * min(depth, _DEEPEST)
    for number, item in enumerate(block.items):
        mark = f"{block.start + number}." if block.ordered else "-"
        yield from _item(item, f"{indent}{mark} ", depth)


def _item(item: Sequence[Block], mark: str, depth: int) -> Iterator[str]:
    first = mark
    for block in item:
        for line in _block(block, depth + 1):
            if isinstance(block, Listing | Code | Quote):
                if first == mark:
                    yield mark.rstrip()
                    first = ""
                yield line
            else:
                yield f"{first or ' ' * len(mark)}{line}"
                first = ""
    if first == mark:
        yield mark.rstrip()


def _inline(runs: Sequence[Run]) -> str:
    shown = ""
    for number, run in enumerate(runs):
        following = runs[number + 1].text[:1] if number + 1 < len(runs) else ""
        shown += _run(run, shown[-1:], following)
    return shown


def _unstyled(runs: Sequence[Run]) -> str:
    return _inline([Run(run.text, code=run.code, href=run.href) for run in runs]).replace("\n", " ").strip()


def _run(run: Run, before: str, after: str) -> str:
    if run.href:
        return _link(run)
    if run.code:
        return _code(run.text)
    text = escaped(run.text) if not before or before == "\n" else escaped(f"x{run.text}")[1:]
    return _styled(text, run, before, after)


def _styled(text: str, run: Run, before: str, after: str) -> str:
    inner = text.strip()
    mark = "~~" * run.strike + "**" * run.bold + "*" * run.italic
    if not mark or not inner or "\n" in inner:
        return text
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    # A mark between a letter and a sign is no mark to the reader (CommonMark 6.2): then the text goes without.
    opens = inner[0].isalnum() or lead or not before or not before.isalnum()
    closes = inner[-1].isalnum() or tail or not after or not after.isalnum()
    return f"{lead}{mark}{inner}{mark[::-1]}{tail}" if opens and closes else text


def _code(text: str) -> str:
    shown = _disarmed(" ".join(text.split("\n")))
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    room = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{ticks}{room}{shown}{room}{ticks}" if shown.strip() else shown


def _link(run: Run) -> str:
    label = escaped(" ".join(run.text.split())).replace("[", "&#91;").replace("]", "&#93;")
    if not run.href.lower().startswith(("http://", "https://")):
        address = run.href.partition(":")[2]
        return label if address in run.text else f"{label} ({escaped(address)})"
    return f"[{label}]({address_in_link(run.href)})"


def address_in_link(href: str) -> str:
    """An address that ends where it should, whatever signs it holds."""
    return _UNSAFE_IN_ADDRESS.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), href)
