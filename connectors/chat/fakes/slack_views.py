"""views.*: modals, one on the other, and home tabs (docs.slack.dev/surfaces/modals)."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.chat.fakes.slack_json import Json, mapping, mappings, text
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_rules import view_refusals
from connectors.chat.fakes.slack_web import Call, Method, Refused

_MOST_BYTES = 250_000
_MOST_STACKED = 3


@dataclass
class Views:
    """What is open on each person's screen: the last modal of a stack is on top."""

    platform: Platform
    modals: dict[str, list[Json]] = field(default_factory=dict)
    homes: dict[str, Json] = field(default_factory=dict)
    sent: deque[Json] = field(default_factory=lambda: deque(maxlen=2_000))
    """Every view that was accepted, for validators."""

    def methods(self) -> Mapping[str, Method]:
        """By name."""
        return {
            "views.open": Method(self.open, 4),
            "views.push": Method(self.push, 4),
            "views.update": Method(self.update, 4),
            "views.publish": Method(self.publish, 4),
        }

    async def open(self, call: Call) -> Json:
        view = self.checked(call.json("view", "invalid_arguments"), "modal")
        person = self.platform.tickets.exchange(call.required("trigger_id"))
        self.modals[person] = [self.opened(view, [])]
        return {"view": self.modals[person][-1]}

    async def push(self, call: Call) -> Json:
        view = self.checked(call.json("view", "invalid_arguments"), "modal")
        person = self.platform.tickets.exchange(call.required("trigger_id"))
        stack = self.modals.setdefault(person, [])
        if not stack:
            raise Refused("not_found")
        self.push_on(stack, view)
        return {"view": stack[-1]}

    def push_on(self, stack: list[Json], view: Json) -> None:
        """Put a view on top of the others."""
        if len(stack) >= _MOST_STACKED:
            raise Refused("push_limit_reached")
        stack.append(self.opened(view, stack))

    async def update(self, call: Call) -> Json:
        view = self.checked(call.json("view", "invalid_arguments"), "modal")
        for stack in self.modals.values():
            for place, old in enumerate(stack):
                if self._is(old, call):
                    self._unchanged(old, call)
                    stack[place] = self.replaced(old, view)
                    return {"view": stack[place]}
        raise Refused("not_found")

    def _is(self, view: Json, call: Call) -> bool:
        named = call.text("external_id")
        return view["id"] == call.text("view_id") or bool(named and view.get("external_id") == named)

    def _unchanged(self, view: Json, call: Call) -> None:
        if call.text("hash") and call.text("hash") != view["hash"]:
            raise Refused("hash_conflict")

    async def publish(self, call: Call) -> Json:
        person = call.required("user_id")
        if not self.platform.app.home:
            raise Refused("not_enabled")
        if person not in self.platform.workspace.people:
            raise Refused("invalid_arguments", "invalid `user_id`")
        view = self.checked(call.json("view", "invalid_arguments"), "home")
        old = self.homes.get(person)
        if old:
            self._unchanged(old, call)
        self.homes[person] = self.replaced(old, view) if old else self.opened(view, [])
        return {"view": self.homes[person]}

    def checked(self, view: object, kind: str) -> Json:
        """The view, when Slack would show it."""
        found: Json = view if isinstance(view, dict) else {}
        problems = view_refusals(found)
        if found.get("type") != kind:
            problems.append(f"`type` must be {kind} [json-pointer:/view/type]")
        if problems:
            raise Refused("invalid_arguments", *problems)
        if len(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")) > _MOST_BYTES:
            raise Refused("view_too_large")
        self.platform.contents.check_pictures(found)
        self.sent.append(found)
        return found

    def opened(self, view: Json, below: list[Json]) -> Json:
        """A view as Slack keeps it."""
        app, team, name = self.platform.app, self.platform.workspace.team, self.platform.workspace.new_id("V")
        blocks = [_with_actions(one) for one in self.platform.contents.numbered(view)]
        return {
            "close": None, "submit": None, "private_metadata": "", "callback_id": "", "external_id": "",
            "clear_on_close": False, "notify_on_close": False, **view, "blocks": list(blocks), "id": name,
            "team_id": team, "state": {"values": {}}, "hash": self._hash(),
            "root_view_id": below[0]["id"] if below else name, "previous_view_id": below[-1]["id"] if below else None,
            "app_id": app.id, "app_installed_team_id": team, "bot_id": app.bot.bot,
        }  # fmt: skip

    def replaced(self, old: Json, view: Json) -> Json:
        """A new view in the place of an old one; what people had filled in stays."""
        kept = {name: old[name] for name in ("id", "root_view_id", "previous_view_id", "state")}
        return {**self.opened(view, []), **kept, "hash": self._hash()}

    def _hash(self) -> str:
        return f"{int(self.platform.workspace.clock())}.{self.platform.workspace.new_id('')}"


def _with_actions(block: Json) -> Json:
    # Slack names what the app did not.
    element = mapping(block.get("element"))
    if element and "action_id" not in element:
        return {**block, "element": {**element, "action_id": f"a-{text(block.get('block_id'))}"}}
    return block


def inputs(view: Json) -> list[tuple[str, str, Json, bool]]:
    """Each field of a modal: block id, action id, element, and whether it may stay empty."""
    return [
        (text(one["block_id"]), text(mapping(one["element"]).get("action_id")), mapping(one["element"]),
         bool(one.get("optional")))
        for one in mappings(view.get("blocks")) if one.get("type") == "input"
    ]  # fmt: skip
