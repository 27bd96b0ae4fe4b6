"""Settings of remedies: what may be proposed for an incident."""

from pathlib import Path

from knowledge.settings import Section


class Remedies(Section):
    """What may be proposed for an incident, from a catalogue of your own."""

    folder: Path | None = None
    """The folder with the catalogue, YAML files of remedies (`docs/remedies.md`). None: nothing is proposed."""
