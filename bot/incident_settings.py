"""Settings of incidents: what becomes of alerts, where incidents are posted, and what one diagnosis may use."""

from typing import Annotated, Literal

from pydantic import Field

from knowledge.settings import Section

Mode = Literal["off", "shadow", "live"]


class ServiceIncidents(Section):
    """What becomes of the incidents of one service; what is unset is as it is for all."""

    mode: Mode | None = None
    """`off`, `shadow` or `live`."""

    channels: dict[str, tuple[str, ...]] = Field(default={})
    """Where they are posted, such as `slack = ["C0123456789"]`."""


class Incidents(Section):
    """What becomes of alerts."""

    mode: Mode = "live"
    """`off`: alerts are kept, nothing more; `shadow`: incidents are diagnosed and recorded, not posted; `live`."""

    channels: dict[str, tuple[str, ...]] = Field(default={})
    """Where incidents are posted: a platform and ids of its channels or group chats, such as
    `slack = ["C0123456789"]` and `feishu = ["oc_…"]`. Empty: nowhere but on the page."""

    services: dict[str, ServiceIncidents] = Field(default={})
    """What differs for a service, by its name."""

    language: Literal["en", "zh"] = "en"
    """The language of diagnoses, where the channel sets none."""

    wait_seconds: Annotated[float, Field(ge=0)] = 20.0
    """How long further alerts are waited for before an incident is diagnosed; they mostly come together."""

    deadline_seconds: Annotated[float, Field(gt=0)] = 300.0
    """A diagnosis that takes longer posts how far it is."""

    time_budget_seconds: Annotated[float, Field(gt=0)] = 600.0
    """After this long a diagnosis ends with what it has."""

    calls: Annotated[int, Field(ge=1)] = 120
    """How many questions to live systems one diagnosis may ask."""

    tokens: Annotated[int, Field(ge=0)] = 200_000
    """How many tokens of large models one diagnosis may use, in and out together; 0: none."""

    cost: Annotated[float, Field(ge=0)] | None = None
    """How much money one diagnosis may cost, in the currency of the models' prices; None: no limit of its own."""

    again_hours: Annotated[float, Field(gt=0)] = 72.0
    """An incident that comes back within this time is told as a repetition."""
