"""How a model is brought to reply in a shape, and how its reply is read."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, JsonValue, ValidationError

from connectors.llm.port import ModelNonsense, Prompt, T, Usage

Mode = Literal["json_schema", "json_object", "prompt"]
"""What an endpoint can hold a reply to: a schema, any JSON object, or nothing but what the prompt says."""

MODES: tuple[Mode, ...] = ("json_schema", "json_object", "prompt")
"""From the strictest down."""

_FENCED = re.compile(r"```\w*\s(.*?)```", re.DOTALL)
_ORDER = "Reply with one JSON object that fits this JSON schema, and with nothing else:"


def wording(prompt: Prompt, shape: type[BaseModel], mode: Mode) -> Prompt:
    """The prompt, with the schema in its instruction where the endpoint does not enforce it."""
    if mode == "json_schema":
        return prompt
    schema = json.dumps(shape.model_json_schema(), ensure_ascii=False)
    return replace(prompt, instruction=f"{prompt.instruction}\n\n{_ORDER}\n{schema}")


def response_format(shape: type[BaseModel], mode: Mode, longest_text: int | None) -> dict[str, JsonValue]:
    """The request's fields for a mode (OpenAI API reference, ``response_format``)."""
    if mode == "prompt":
        return {}
    if mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema: JsonValue = shape.model_json_schema()
    if longest_text is not None:
        schema = _bounded(schema, longest_text)
    return {"response_format": {"type": "json_schema", "json_schema": {"name": shape.__name__, "schema": schema}}}


def _bounded(schema: JsonValue, longest: int) -> JsonValue:
    """The schema with every free text in it cut at ``longest`` characters: a small model may never end one itself."""
    if isinstance(schema, list):
        return [_bounded(part, longest) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    bounded = {key: _bounded(part, longest) for key, part in schema.items()}
    if bounded.get("type") == "string" and not {"enum", "const", "pattern", "format"} & bounded.keys():
        most = bounded.get("maxLength")
        bounded["maxLength"] = min(most, longest) if isinstance(most, int) else longest
    return bounded


def read(text: str, shape: type[T], usage: Usage) -> T:
    """The value in a reply: bare, in a fenced block, or between other words. Raises ModelNonsense with the text."""
    problem: ValidationError | None = None
    for candidate in (text, *_FENCED.findall(text), text[text.find("{") : text.rfind("}") + 1]):
        try:
            return shape.model_validate_json(candidate.strip())
        except ValidationError as mistake:
            # A value of the wrong shape says more than text that is no JSON at all.
            if problem is None or problem.errors()[0]["type"] == "json_invalid":
                problem = mistake
    raise ModelNonsense(text, usage) from problem
