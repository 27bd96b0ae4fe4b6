"""Where on a chat platform a message is read, as a web link, for platforms that document one."""

import re
from collections.abc import Mapping

# docs.slack.dev/interactivity/deep-linking and open.feishu.cn/document/applink-protocol/supported-protocol/open-a-chat
_OPENED: Mapping[str, tuple[re.Pattern[str], str]] = {
    "slack": (re.compile(r"[CDG][A-Z0-9]{6,20}"), "https://slack.com/app_redirect?channel={}"),
    "feishu": (re.compile(r"oc_[0-9a-z]{8,64}"), "https://applink.feishu.cn/client/chat/open?openChatId={}"),
}


def place_link(channel: str, conversation: str) -> str:
    """The link that opens a conversation in the platform's own program; empty where there is none."""
    pattern, address = _OPENED.get(channel, (None, ""))
    return address.format(conversation) if pattern and pattern.fullmatch(conversation) else ""
