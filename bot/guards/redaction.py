"""What must not leave a tool's answer: secrets, tokens and personal data are replaced, everything else stays."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# Beginnings and lengths as their issuers document them; what a name like password= shows is found by _NAMED.
_TOKENS = re.compile(
    r"""\b(?:
      (?:AKIA|ASIA)[0-9A-Z]{16}                       # AWS access key
    | LTAI[0-9A-Za-z]{12,24}                          # Alibaba Cloud access key
    | AKID[0-9A-Za-z]{32}                             # Tencent Cloud secret id
    | AIza[\w-]{35} | ya29\.[\w-]{20,400}             # Google API key, OAuth token
    | gh[opsur]_[0-9A-Za-z]{36,255} | github_pat_\w{40,255}
    | gl(?:pat|ptt|dt|rt|agent|soat)-[\w-]{20,100}    # GitLab
    | xox[abeoprs]-[\w-]{10,250} | xapp-\d-[\w-]{10,250}
    | eyJ[\w-]{10,4000}\.eyJ[\w-]{10,8000}\.[\w-]{10,2000}   # JSON web token
    | sk-(?:proj-|ant-|svcacct-)?[\w-]{20,250}        # OpenAI, Anthropic, DeepSeek
    | [rs]k_(?:live|test)_[0-9A-Za-z]{16,250}         # Stripe
    | SG\.[\w-]{16,32}\.[\w-]{16,64}                  # SendGrid
    | npm_[0-9A-Za-z]{36} | pypi-AgE[\w-]{50,300} | hf_[0-9A-Za-z]{30,40} | dop_v1_[0-9a-f]{64}
    | hv[bs]\.[\w-]{24,200}                           # HashiCorp Vault
    | [0-9]{8,10}:AA[\w-]{33}                         # Telegram
    )(?![\w-])""",
    re.VERBOSE,
)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.{0,20000}?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
)
_WEBHOOK = re.compile(
    r"(https://(?:hooks\.slack\.com/(?:services|workflows)|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook"
    r"|discord(?:app)?\.com/api/webhooks|oapi\.dingtalk\.com/robot/send\?access_token=|qyapi\.weixin\.qq\.com"
    r"/cgi-bin/webhook/send\?key=)/?)[\w/=-]{8,200}"
)
_IN_ADDRESS = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"]{0,100}:)([^\s@'\"]{1,300}?)(?=@[\w.\[-])", re.IGNORECASE
)
_HEADER = re.compile(
    r"(\b(?:proxy-)?authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?(?:bearer|basic|token|apikey|digest|aws4-\S{1,20})\s{1,3}"
    r"|\bbearer\s{1,3})([\w.~+/=:-]{8,8000})",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"(\b(?:set-)?cookie['\"]?\s{0,3}:\s{0,3}['\"]?)([^\r\n'\"]{6,4000})", re.IGNORECASE)
_TELLTALE = (
    r"(?:password|passwd|passphrase|passcode|(?<![a-z])pwd|(?<![a-z])pass|secret|token|credentials?|api[_-]?key"
    r"|access[_-]?key(?:[_-]?id)?|(?:secret|private|signing|encryption|account)[_-]?key|密码|口令|密钥)"
)
_NAMED = re.compile(
    rf"(?P<name>{_TELLTALE})(?P<sign>\\?['\"]?\s{{0,3}}(?:[=:：]|=>|\bis\b|是)\s{{0,3}})"
    r"(?P<quote>\\?['\"]?)(?P<value>[^\s'\"\\,;&<>()\[\]{}]{3,500})",
    re.IGNORECASE,
)
_FLAG = re.compile(
    rf"(?P<name>--?(?:[\w-]{{1,40}}-)?{_TELLTALE})(?P<sign>\s{{1,3}})(?P<quote>['\"]?)(?P<value>[^\s'\"-][^\s'\"]{{2,500}})",
    re.IGNORECASE,
)
# A variable of a container: its name on one line, its value on the next, in YAML or JSON.
_VARIABLE = re.compile(
    rf"(?P<name>\bname['\"]?\s{{0,3}}[:=]\s{{0,3}}['\"]?[\w.-]{{0,60}}{_TELLTALE})"
    r"(?P<sign>['\"]?,?\s{1,40}['\"]?value['\"]?\s{0,3}[:=]\s{0,3})(?P<quote>['\"]?)(?P<value>[^\s'\",}]{3,500})",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?:true|false|null|none|nil|undefined|empty|yes|no|on|off|ok|required|missing|invalid|expired?|incorrect|wrong|changed"
    r"|reset|rotated?|not|must|should|cannot|and|or|for|from|in|is|was|has|the|bearer|basic|string|bytes?|unknown|failed|error"
    r"|hidden|redacted|masked|secret|password|token|\*+|x+|\.+|…+|-+|<\w*>?|\$\{?\w+\}?|%[sdv]|\d{1,4}(?:\.\d+)?%?)[.!?]?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[a-z0-9-]{1,63}\.){1,6}([a-z]{2,24}))(?![\w-])", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?:git|no-?reply|root|postgres|admin|nobody|user|app|hg|svn|systemd-\S*|getty|serial-getty)", re.IGNORECASE
)
_NO_MAIL_ENDS = {
    "service",
    "socket",
    "timer",
    "mount",
    "target",
    "slice",
    "scope",
    "local",
    "internal",
    "svc",
    "js",
    "py",
    "example",
}
_PHONE = re.compile(
    r"(?<![\w.+/:=-])(?:\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d(?:[ -]?\d){6,12}|1[3-9]\d[ -]?\d{4}[ -]?\d{4})"
    r"(?![\w.-]|:\d)"
)
_AMOUNT = re.compile(
    r"(?:storage|bytes?|memory|size|offset|lag|count|total|usage|limit|capacity|duration|time|id|seq|version)['\"]?\W{1,4}$",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w.:/=-])[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w.-])")
_CHINESE_ID = re.compile(
    r"(?<![\w.-])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\w.-])"
)
_MOST = 1_000_000


@dataclass(frozen=True)
class Redacted:
    """The text without them, and how many there were of each kind."""

    text: str
    hidden: Mapping[str, int] = field(default_factory=dict)


def redact(text: str) -> Redacted:
    """The text with every secret and every person's data replaced by what it was; doing it twice changes nothing.

    Addresses of machines, names of services and identifiers stay: an answer is made of them. What lies beyond a
    million characters is cut off.
    """
    hidden: Counter[str] = Counter()

    def hide(kind: str) -> str:
        hidden[kind] += 1
        return f"[hidden: {kind}]"

    text = text[:_MOST]
    text = _KEY_BLOCK.sub(lambda _: hide("private key"), text)
    text = _WEBHOOK.sub(lambda found: found[1] + hide("webhook"), text)
    text = _IN_ADDRESS.sub(lambda found: found[1] + _unless_shown(found[2], hide, "password"), text)
    text = _HEADER.sub(lambda found: found[1] + hide("token"), text)
    text = _COOKIE.sub(lambda found: found[1] + _unless_shown(found[2], hide, "cookie"), text)
    text = _TOKENS.sub(lambda _: hide("token"), text)
    for named in (_VARIABLE, _NAMED, _FLAG):
        text = named.sub(lambda found: _without_value(found, hide), text)
    text = _CHINESE_ID.sub(lambda found: hide("identity number") if _is_chinese_id(found[0]) else found[0], text)
    text = _CARD.sub(lambda found: hide("card number") if _is_card(found[0]) else found[0], text)
    text = _MAIL.sub(lambda found: hide("e-mail") if _is_somebody(found) else found[0], text)
    text = _PHONE.sub(lambda found: hide("phone number") if _is_dialled(found) else found[0], text)
    return Redacted(text, dict(hidden))


def _unless_shown(value: str, hide: Callable[[str], str], kind: str) -> str:
    return value if value.startswith("[hidden:") or _WORDS.fullmatch(value) else hide(kind)


def _without_value(found: re.Match[str], hide: Callable[[str], str]) -> str:
    name, sign, quote, value = found["name"], found["sign"], found["quote"], found["value"]
    if not _telling(name, sign, quote, value):
        return found[0]
    kind = "password" if re.search(r"pass|pwd|密码|口令", name, re.IGNORECASE) else "secret"
    return f"{name}{sign}{quote}{hide(kind)}"


def _telling(name: str, sign: str, quote: str, value: str) -> bool:
    """Whether a value behind such a name is one: prose goes on after a colon, and a state is a word."""
    if _WORDS.fullmatch(value) or value.startswith(
        ("[hidden:", "/", "./", "$", "http://", "https://", "projects/", "arn:")
    ):
        return False
    written_as_setting = bool(quote) or "=" in sign or "value" in sign
    looks_made_up = bool(re.search(r"\d|[^\w.:/-]", value)) and len(value) >= 6
    is_password = bool(re.search(r"pass|pwd|密码|口令", name, re.IGNORECASE))
    if written_as_setting:
        return len(value) >= (4 if is_password else 8) or looks_made_up
    return looks_made_up and not value.endswith(":")


def _is_somebody(found: re.Match[str]) -> bool:
    return found[3].casefold() not in _NO_MAIL_ENDS and not _NOBODY.fullmatch(found[1])


def _is_dialled(found: re.Match[str]) -> bool:
    """Whether a number may be a telephone's: one that is named as an amount or identifier is none."""
    return found[0].startswith("+") or not _AMOUNT.search(found.string[max(0, found.start() - 30) : found.start()])


def _is_card(written: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, the Luhn formula)."""
    digits = [int(one) for one in written if one.isdigit()]
    doubled = [digit if n % 2 == 0 else sum(divmod(2 * digit, 10)) for n, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0


def _is_chinese_id(written: str) -> bool:
    """Whether the check character is right (GB 11643-1999, ISO 7064 MOD 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, written[:17], strict=True))
    return "10X98765432"[total % 11] == written[17].upper()
