"""Registries: repositories as sources and destinations, over HTTP."""

from hangar.registry.harbor import Harbor
from hangar.registry.registries import Registries
from hangar.registry.repository import Repository

__all__ = ["Harbor", "Registries", "Repository"]
