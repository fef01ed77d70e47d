"""A registry of our own: small, correct, and good enough for a site's first node."""

from hangar.serving.api import Api
from hangar.serving.directory import DirectoryStorage
from hangar.serving.passwords import Passwords
from hangar.serving.registry import Registry
from hangar.serving.server import Server, tls_context
from hangar.serving.storage import MemoryStorage

__all__ = [
    "Api",
    "DirectoryStorage",
    "MemoryStorage",
    "Passwords",
    "Registry",
    "Server",
    "tls_context",
]
