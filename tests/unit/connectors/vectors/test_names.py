"""How payload keys are written as paths, and read back."""

import pytest

from connectors.vectors.names import key_of, path_of


@pytest.mark.parametrize(
    ("key", "path"),
    [("service", "service"), ("a-b", "a-b"), ("label.service", '"label.service"'), ("on call", '"on call"')],
)
def test_a_key_is_found_again_in_its_path(key: str, path: str) -> None:
    assert (path_of(key), key_of(path)) == (path, key)
