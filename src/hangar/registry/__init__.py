"""Registries: repositories as sources and destinations, over HTTP."""

from hangar.registry.harbor import Harbor
from hangar.registry.registries import Registries
from hangar.registry.repository import Repository
from hangar.registry.web import Web, WebAddress, url_without_secrets

__all__ = [
    "Harbor",
    "Registries",
    "Repository",
    "Web",
    "WebAddress",
    "url_without_secrets",
]
