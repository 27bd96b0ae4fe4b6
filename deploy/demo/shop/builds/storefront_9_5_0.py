"""Storefront 9.5.0: a page that was rendered once is kept, so that the same stock is not rendered again."""

import json

from deploy.demo.shop import services
from deploy.demo.shop.release import Release
from deploy.demo.shop.serving import Body, Place


class Storefront(services.Storefront):
    """Keeps rendered pages by what they show."""

    def __init__(self, place: Place, release: Release) -> None:
        super().__init__(place, release)
        self._rendered: dict[str, bytes] = {}

    def render(self, stock: Body) -> bytes:
        """The page that shows this stock."""
        key = json.dumps(stock)
        if key not in self._rendered:
            self._rendered[key] = super().render(stock)
        return self._rendered[key]
