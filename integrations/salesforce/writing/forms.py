"""The part of the mapping form that says which way each field goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.salesforce.writing.fields import BY_KEY, RECORD_KEY, RECORDS


def ways_of(posted: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The settings that the boxes say; one that was not sent keeps its value, all of them go with a reset."""
    if posted.get("reset") == "1":
        return {"directions": {}, "master": {}, "write_map": {}}
    names = (*BY_KEY, *RECORDS, RECORD_KEY)
    boxes = {"directions": "way", "master": "master", "write_map": "write"}
    return {
        setting: {
            **settings.get(setting, {}),
            **{key: posted[f"{box}_{key}"].strip() for key in names if f"{box}_{key}" in posted},
        }
        for setting, box in boxes.items()
    }
