"""The manifest says where every model comes from, and which of them these settings need."""

import re

import pytest

from bot.model_files import UnknownModel, manifest, named, needed
from knowledge.setting_names import seams, vendors


def test_every_file_is_pinned_and_can_be_had() -> None:
    for model in manifest():
        assert model.licence
        assert model.purpose
        for file in model.file:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert all("==" in package for package in file.packages)
            assert file.packages or file.hub
            assert model.room > file.size_bytes > 0


def test_every_conversion_and_every_user_of_a_model_exists_or_is_a_seam() -> None:
    for model in manifest():
        assert set(model.convert) <= set(vendors("formats"))
        assert {user.partition(".")[0] for user in model.used_by} <= set(seams())


def test_only_models_of_enabled_connectors_are_needed() -> None:
    names = [model.name for model in needed(manifest(), [("embedding", "onnx"), ("state", "sql")])]

    assert names == ["multilingual-e5-small"]


def test_the_files_of_a_folder_lie_in_it() -> None:
    for model in manifest():
        if not model.convert:
            assert all(file.name == model.name or file.name.startswith(f"{model.name}/") for file in model.file)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match=r"no model gpt-9; there are qwen"):
        named(manifest(), ["gpt-9"])
