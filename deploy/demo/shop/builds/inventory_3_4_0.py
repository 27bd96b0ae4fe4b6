"""Inventory 3.4.0: what a bundle is made of comes from the new table of parts, which knows each article's place."""

from deploy.demo.shop import services

_SHELVES = {"anchor": "A1", "cleat": "A2", "compass": "B1", "fender": "B2", "halyard": "C1", "winch": "C2"}
_PARTS = {"starter": ("anchor-7kg", "cleat"), "regatta": ("compass", "halyard-8mm", "winch")}


class Inventory(services.Inventory):
    """Keeps the parts of a bundle back in the order of their shelves."""

    def parts(self, item: str) -> tuple[str, ...]:
        """The articles that an item is made of."""
        return tuple(sorted(_PARTS.get(item, (item,)), key=lambda part: _SHELVES[part]))
