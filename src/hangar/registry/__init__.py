"""Registries: repositories as sources and destinations, over HTTP."""

from hangar.registry.harbor import Harbor
from hangar.registry.registries import Registries
from hangar.registry.repository import Repository
from hangar.registry.web import Broken, Web, WebAddress, shown

__all__ = [
    "Broken",
    "Harbor",
    "Registries",
    "Repository",
    "Web",
    "WebAddress",
    "shown",
]
