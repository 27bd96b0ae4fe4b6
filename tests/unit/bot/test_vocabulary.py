"""What crosses the steps of a journey."""

import pytest
from pydantic import BaseModel, ValidationError

from bot.vocabulary import Answer
from connectors.chat.card_port import Card


@pytest.mark.parametrize("shape", [Answer, Card])
def test_a_mistake_in_what_was_kept_does_not_tell_what_was_said(shape: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as damaged:
        shape.model_validate_json('{"claims": "Refunds are not checked.", "text": 7}')

    assert "Refunds" not in str(damaged.value)
