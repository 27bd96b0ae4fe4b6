"""CardKit of a fake Feishu: cards that live apart from messages, and stream (open.feishu.cn, cardkit-v1)."""

from collections.abc import Callable
from typing import Any

from connectors.chat.fakes.feishu_cards import Part, faults, parts
from connectors.chat.fakes.feishu_im import expired, known, required
from connectors.chat.fakes.feishu_messages import Entity, copied, keys_of
from connectors.chat.fakes.feishu_platform import Call, Platform, Route
from connectors.chat.fakes.feishu_terms import Json, Refused, compact, parsed

_PACKED = frozenset({"elements", "element", "partial_element", "settings", "element_ids"})
_BUTTONS = frozenset({"button", "overflow", "form", "input", "select_static"})


def create(platform: Platform, call: Call) -> Json:
    required(call.body, "type", "data")
    if call.body["type"] != "card_json":
        raise Refused(10002, "Your request contains an invalid request parameter.")
    card = parsed(call.body["data"], _bad())
    _checked(platform, card, len(str(call.body["data"]).encode()))
    entity = Entity(platform.company.new_number(), card, platform.clock.now())
    _set_streaming(platform, entity)
    platform.entities[entity.card_id] = entity
    return {"card_id": entity.card_id}


def id_convert(platform: Platform, call: Call) -> Json:
    """The card id of a card that was sent as a message."""
    required(call.body, "message_id")
    message = platform.own(str(call.body["message_id"]))
    if message.entity is None or message.card().get("schema") != "2.0":
        raise Refused(300303, "Only schema 2.0 is supported")
    if not message.entity.card_id:
        message.entity.card_id = platform.company.new_number()
        platform.entities[message.entity.card_id] = message.entity
    return {"card_id": message.entity.card_id}


def replace(platform: Platform, call: Call) -> Json:
    card_body = call.body.get("card") or {}
    required(card_body, "type", "data")
    card = parsed(card_body["data"], _bad())

    def change(entity: Entity) -> Json:
        if (card.get("config") or {}).get("streaming_mode"):
            _no_new_buttons(platform, entity, card)
        return card

    return _operate(platform, call, change, "card_update")


def settings(platform: Platform, call: Call) -> Json:
    change_to = parsed(call.body.get("settings"), Refused(300122, "Failed to update card configuration"))
    return _operate(platform, call, lambda entity: _with_settings(entity.card, change_to), "settings")


def _with_settings(card: Json, change_to: Json) -> Json:
    card = copied(card)
    card["config"] = {**(card.get("config") or {}), **(change_to.get("config") or {})}
    if "card_link" in change_to:
        card["card_link"] = change_to["card_link"]
    return card


def content(platform: Platform, call: Call) -> Json:
    """Stream the whole text so far into an element."""
    text = call.body.get("content")
    if not isinstance(text, str) or not 1 <= len(text) <= 100_000:
        raise Refused(99992402, "field validation failed: content has 1 to 100000 characters")

    def change(entity: Entity) -> Json:
        _streams(platform, entity)
        card, part = _found(entity.card, call.path["element_id"])
        if part.tag not in ("markdown", "plain_text"):
            raise Refused(300310, "Only update text")
        part.element["content"] = text
        return card

    return _operate(platform, call, change, "element")


def _streams(platform: Platform, entity: Entity) -> None:
    if entity.streaming_since is None:
        raise Refused(300309, "Card streaming closed")
    if platform.clock.now() - entity.streaming_since > platform.limits.streaming_seconds:
        raise Refused(200850, "Card streaming timeout")


def _one_action(name: str) -> Callable[[Platform, Call], Json]:
    """The method that does one action, whose parameters are in the path and the body."""

    def handle(platform: Platform, call: Call) -> Json:
        act = {"action": name, "params": {**call.body, **call.path}}
        return _operate(platform, call, lambda entity: _acted(platform, entity, [act]), name)

    return handle


def batch(platform: Platform, call: Call) -> Json:
    acts = parsed('{"all":' + str(call.body.get("actions")) + "}", Refused(10002, "actions is not JSON"))["all"]
    return _operate(platform, call, lambda entity: _acted(platform, entity, acts), "batch_update")


def _acted(platform: Platform, entity: Entity, acts: list[Json]) -> Json:
    card = copied(entity.card)
    for act in acts:
        do = _ACTS.get(str(act.get("action")))
        if do is None:
            raise Refused(10002, "Your request contains an invalid request parameter.")
        params = {name: _unpacked(name, value) for name, value in (act.get("params") or {}).items()}
        card = do(card, params)
    if (card.get("config") or {}).get("streaming_mode"):
        _no_new_buttons(platform, entity, card)
    return card


def _unpacked(name: str, value: object) -> Any:
    """A parameter that comes as JSON inside a string from one method, and as it is from the other."""
    packed = name in _PACKED and isinstance(value, str)
    return parsed('{"all":' + str(value) + "}", _bad())["all"] if packed else value


def _bad() -> Refused:
    return Refused(200220, "Failed to generate card content")


def _add(card: Json, params: Json) -> Json:
    new, how = params.get("elements"), params.get("type")
    if not isinstance(new, list) or how not in ("insert_before", "insert_after", "append"):
        raise Refused(300315, "Failed to add element")
    if how == "append" and not params.get("target_element_id"):
        card.setdefault("body", {}).setdefault("elements", []).extend(new)
        return card
    if how == "append":
        _, part = _found(card, params["target_element_id"], Refused(300315, "Failed to add element"), fresh=False)
        part.element.setdefault("elements", []).extend(new)
        return card
    around, at = _holder(card, params.get("target_element_id"), Refused(300315, "Failed to add element"))
    at += how == "insert_after"
    around[at:at] = new
    return card


def _delete(card: Json, params: Json) -> Json:
    for one in params.get("element_ids") or [params.get("element_id")]:
        around, at = _holder(card, one, Refused(300314, "Failed to delete element"))
        del around[at]
    return card


def _change(card: Json, params: Json) -> Json:
    new = params.get("partial_element")
    _, part = _found(
        card, params.get("element_id"), Refused(300313, "Failed to update element properties"), fresh=False
    )
    if not isinstance(new, dict):
        raise Refused(300313, "Failed to update element properties")
    if new.get("tag", part.tag) != part.tag:
        raise Refused(300312, "Unable to update element tag")
    part.element.update(new)
    return card


def _swap(card: Json, params: Json) -> Json:
    around, at = _holder(card, params.get("element_id"), Refused(300121, "Failed to replace element"))
    if not isinstance(params.get("element"), dict):
        raise Refused(300121, "Failed to replace element")
    around[at] = params["element"]
    return card


def _reset(card: Json, params: Json) -> Json:
    return _with_settings(card, params.get("settings") or {})


_ACTS: dict[str, Callable[[Json, Json], Json]] = {
    "add_elements": _add,
    "delete_elements": _delete,
    "partial_update_element": _change,
    "update_element": _swap,
    "partial_update_setting": _reset,
}


def _found(card: Json, element_id: object, refusal: Refused | None = None, *, fresh: bool = True) -> tuple[Json, Part]:
    """A copy of the card (or the card) and the element with this id in it."""
    card = copied(card) if fresh else card
    for part in parts(card):
        if part.element.get("element_id") == element_id:
            return card, part
    raise refusal or Refused(300313, "Failed to update element properties: the element does not exist")


def _holder(card: object, element_id: object, refusal: Refused) -> tuple[list[Any], int]:
    """The list that an element is in, and where."""
    stack: list[object] = [card]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            for at, inner in enumerate(one):
                if isinstance(inner, dict) and inner.get("element_id") == element_id:
                    return one, at
            stack += one
    raise refusal


def _no_new_buttons(platform: Platform, entity: Entity, card: Json) -> None:
    def pressed(one: Json) -> int:
        return sum(part.tag in _BUTTONS for part in parts(one))

    streaming = entity.streaming_since is not None
    if streaming and not platform.limits.buttons_while_streaming and pressed(card) > pressed(entity.card):
        raise Refused(99992402, "field validation failed: the card is in streaming mode")


def _operate(platform: Platform, call: Call, change: Callable[[Entity], Json], kind: str) -> Json:
    """Change a card by one call, when its number is higher than the last and the card that comes out is good."""
    entity = _admitted(platform, call)
    card = change(entity)
    _checked(platform, card, len(compact(card).encode()))
    entity.sequence = int(call.body["sequence"])
    entity.card = card
    if kind in ("card_update", "settings", "batch_update", "partial_update_setting"):
        _set_streaming(platform, entity)
    if (message := platform.messages.get(entity.message_id)) is not None:
        message.keys = keys_of(card)
        message.updated = platform.clock.milliseconds()
        platform.remember(kind, message, copied(card), call.size)
    return {}


def _admitted(platform: Platform, call: Call) -> Entity:
    entity = platform.entities.get(call.path["card_id"])
    if entity is None:
        raise Refused(200740, "The card entity does not exist")
    if expired(platform, entity):
        raise Refused(200750, "The card entity has expired")
    message = platform.messages.get(entity.message_id)
    if message and message.locked:
        raise Refused(200810, "The card is in an ongoing interaction and cannot be updated")
    if platform.over(f"card {entity.card_id}", platform.limits.cardkit_per_second, 1.0):
        raise Refused(230020, "This operation triggers the frequency limit.")
    sequence = call.body.get("sequence")
    if not isinstance(sequence, int) or not 1 <= sequence <= 2_147_483_647:
        raise Refused(99992402, "field validation failed: sequence is required")
    if sequence <= entity.sequence:
        raise Refused(300317, "The sequence number for operating on the card did not increment consecutively")
    uuid = str(call.body.get("uuid") or "")
    if uuid in entity.uuids:
        raise Refused(200770, "UUID conflict")
    entity.uuids |= {uuid} - {""}
    return entity


def _set_streaming(platform: Platform, entity: Entity) -> None:
    on = bool((entity.card.get("config") or {}).get("streaming_mode"))
    was = entity.streaming_since if entity.streaming_since is not None else platform.clock.now()
    entity.streaming_since = was if on else None


def _checked(platform: Platform, card: Json, size: int) -> None:
    for fault in faults(card, platform.limits, size=size, known=known(platform)):
        sub = fault.code not in (200860, 300301, 300302, 300303, 300305, 300307)
        said = f"ErrCode: {fault.code}; ErrMsg: {fault.what}; ErrorValue: {fault.where}; "
        if fault.code == 11310:
            raise Refused(230099, f"Failed to create card content, ext={said.replace(fault.what, _TABLES)}")
        raise (
            Refused(200220, f"Failed to generate card content, ext={said}") if sub else Refused(fault.code, fault.what)
        )


_TABLES = "card table number over limit"
_WRITE = ("cardkit:card:write",)
_CARDS = "/open-apis/cardkit/v1/cards"
_ELEMENT = f"{_CARDS}/{{card_id}}/elements/{{element_id}}"
ROUTES = (
    Route("POST", _CARDS, create, _WRITE),
    Route("POST", f"{_CARDS}/id_convert", id_convert, _WRITE),
    Route("PUT", f"{_CARDS}/{{card_id}}", replace, _WRITE),
    Route("PATCH", f"{_CARDS}/{{card_id}}/settings", settings, _WRITE),
    Route("POST", f"{_CARDS}/{{card_id}}/batch_update", batch, _WRITE),
    Route("POST", f"{_CARDS}/{{card_id}}/elements", _one_action("add_elements"), _WRITE),
    Route("PUT", _ELEMENT, _one_action("update_element"), _WRITE),
    Route("PATCH", _ELEMENT, _one_action("partial_update_element"), _WRITE),
    Route("DELETE", _ELEMENT, _one_action("delete_elements"), _WRITE),
    Route("PUT", f"{_ELEMENT}/content", content, _WRITE),
)
