"""What a fake Feishu tells an app about itself: its scopes, events and callbacks (application-v6)."""

from connectors.chat.fakes.feishu_platform import Call, Platform, Route
from connectors.chat.fakes.feishu_terms import Json, Refused

_ONLINE = "oav_d317f090b7258ad0372aa53963cda70d"


def _scopes(platform: Platform) -> list[Json]:
    return [{"scope": one, "level": 1, "token_types": ["tenant"]} for one in sorted(platform.console.scopes)]


def application(platform: Platform, call: Call) -> Json:
    console = platform.console
    if call.path["app_id"] not in (console.app_id, "me"):
        raise Refused(210506, "no such app")
    app = {"app_id": console.app_id, "app_name": console.app_name, "status": 1, "online_version_id": _ONLINE}
    way = {"socket": "websocket"}.get(console.callbacks, console.callbacks)
    subscribed = ["card.action.trigger"] if console.callbacks else []
    clicks: Json = {"callback_type": way, "request_url": "", "subscribed_callbacks": subscribed}
    return {"app": {**app, "scopes": _scopes(platform), "callback_info": clicks}}


def version(platform: Platform, call: Call) -> Json:
    """The published version: its scopes and events, and where its clicks go."""
    console = platform.console
    if call.path.get("version_id", _ONLINE) != _ONLINE:
        raise Refused(211002, "no such version_id")
    events = sorted(console.events)
    shown: Json = {
        "app_id": console.app_id,
        "version": console.version,
        "version_id": _ONLINE,
        "app_name": console.app_name,
        "scopes": _scopes(platform),
        "events": events,
        "event_infos": [{"event_type": one, "event_name": one, "event_description": ""} for one in events],
        "status": 1,
        "ability": {"bot": {"card_request_url": "" if console.callbacks != "webhook" else "https://example.com/"}},
    }
    return {"app_version": shown} if "version_id" in call.path else {"items": [shown], "has_more": False}


def granted(platform: Platform, call: Call) -> Json:
    return {"scopes": [{"scope_name": one, "grant_status": 1} for one in sorted(platform.console.scopes)]}


_APP = "/open-apis/application/v6"
_SELF = ("application:application:self_manage", "admin:app.info:readonly")
ROUTES = (
    Route("GET", f"{_APP}/scopes", granted),
    Route("GET", f"{_APP}/applications/{{app_id}}", application, _SELF),
    Route("GET", f"{_APP}/applications/{{app_id}}/app_versions", version, _SELF),
    Route("GET", f"{_APP}/applications/{{app_id}}/app_versions/{{version_id}}", version, _SELF),
)
