"""Modals as people fill them in and send them, and what the app's answer does to them."""

from collections.abc import Mapping

from pydantic import JsonValue

from connectors.chat.fakes.slack_delivery import Answered
from connectors.chat.fakes.slack_json import Json, items, mapping, mappings, text
from connectors.chat.fakes.slack_platform import Platform
from connectors.chat.fakes.slack_reading import said
from connectors.chat.fakes.slack_views import Views, inputs
from connectors.chat.fakes.slack_web import Refused
from connectors.chat.fakes.slack_workspace import Person

Filled = Mapping[str, str | list[str]]
"""What a person fills in, by action id (or block id): text, the value of a choice, or several."""


class Forms:
    """The modals on people's screens; ``errors`` holds what the app last said against a form, by person."""

    def __init__(self, platform: Platform, views: Views) -> None:
        self._platform = platform
        self._views = views
        self.errors: dict[str, Json] = {}

    async def submit(self, person: Person, filled: Filled) -> Answered:
        """Send the modal on top; fields that are missing keep their first value. Empty ones that must be filled raise.

        A good answer closes it; errors leave it open, and the app may put another view in its place. An answer whose
        view Slack would not show is not ``ok``.
        """
        stack = self._views.modals.get(person.id, [])
        if not stack:
            raise LookupError("no modal is open")
        view = stack[-1]
        view["state"] = {"values": _values(view, filled)}
        payload = self._platform.interaction("view_submission", person) | {"view": dict(view), "response_urls": []}
        answer = await self._platform.deliveries.ask("interactive", payload)
        if answer.ok:
            try:
                self._follow(person, stack, answer.payload)
            except Refused as refused:
                answer.ok, answer.reason = False, str(refused.answer)
        return answer

    def _follow(self, person: Person, stack: list[Json], answer: Json) -> None:
        action, asked = answer.get("response_action"), answer.get("view")
        self.errors.pop(person.id, None)
        if action == "errors":
            self.errors[person.id] = mapping(answer.get("errors"))
        elif action == "update":
            stack[-1] = self._views.replaced(stack[-1], self._views.checked(asked, "modal"))
        elif action == "push":
            self._views.push_on(stack, self._views.checked(asked, "modal"))
        elif action == "clear":
            stack.clear()
        else:
            stack.pop()

    async def close_modal(self, person: Person) -> None:
        """Close the modal on top; the app hears of it when it asked to."""
        stack = self._views.modals.get(person.id, [])
        view = stack.pop()
        if view["notify_on_close"]:
            payload = self._platform.wording.interaction("view_closed", person) | {"view": view, "is_cleared": False}
            await self._platform.deliveries.ask("interactive", payload)


def _choices(element: Json) -> list[Json]:
    groups = [one for group in mappings(element.get("option_groups")) for one in mappings(group.get("options"))]
    return [*mappings(element.get("options")), *groups]


def chosen(element: Json, value: str) -> Json:
    """The option of a choice with this value or label; ``LookupError`` when there is none."""
    for option in _choices(element):
        if value in (option.get("value"), said(option.get("text"))):
            return option
    raise LookupError(f"no option is called {value}")


def _values(view: Json, filled: Filled) -> Json:
    known = {name for block, action, _, _ in inputs(view) for name in (block, action)}
    if not set(filled) <= known:
        raise LookupError(f"the modal has no field {', '.join(sorted(set(filled) - known))}")
    values: Json = {}
    for block, action, element, optional in inputs(view):
        held = _held(element, filled.get(action, filled.get(block)))
        if not optional and not any(held.get(name) for name in ("value", "selected_option", "selected_options")):
            raise ValueError(f"Slack does not send a modal whose field {action} is empty")
        values[block] = {action: held}
    return values


def _held(element: Json, given: str | list[str] | None) -> Json:
    kind = text(element.get("type"))
    if kind == "plain_text_input":
        return {
            "type": kind,
            "value": (given if isinstance(given, str) else text(element.get("initial_value"))) or None,
        }
    if kind in ("multi_static_select", "checkboxes"):
        several = [given] if isinstance(given, str) else given
        taken: list[JsonValue] = [chosen(element, one) for one in several or ()]
        return {"type": kind, "selected_options": items(element.get("initial_options")) if given is None else taken}
    one = chosen(element, given) if isinstance(given, str) else element.get("initial_option")
    return {"type": kind, "selected_option": one}
