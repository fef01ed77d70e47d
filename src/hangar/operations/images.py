"""One image, wherever it is: names with transports, as skopeo's users write them.

    NAME  docker://NAME          in a registry
    oci:DIR[:NAME]               in an OCI layout
    dir:DIR                      in a directory that skopeo wrote
    docker-archive:FILE[:NAME]   in a file that 'docker save' wrote
    docker-daemon:NAME           in docker, or where DOCKER_HOST says

``docker:dind`` is a name in a registry, for ``docker:`` is a transport only before
``//``. An image that is called ``oci`` or ``dir`` needs its transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hangar.copying import read_config
from hangar.errors import InvalidDigest, Unsupported
from hangar.layouts import (
    Daemon,
    DockerArchive,
    LayoutRepository,
    OciLayout,
    SkopeoDirectory,
)
from hangar.oci import Digest, Manifest, Platform
from hangar.operations.platforms import chosen_image, wanted_platform
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.store import Source

_OF_FILES = frozenset({"oci", "dir", "docker-archive"})
"""Transports of what is in files."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image in some store.

    Attributes:
        source: what it is read from.
        reference: its tag or digest there; "" if the store holds but one image.
    """

    source: Source
    reference: str

    @property
    def name(self) -> str:
        """Its full name."""
        if not self.reference:
            return self.source.name
        mark = "@" if isinstance(self.reference, Digest) else ":"
        return f"{self.source.name}{mark}{self.reference}"

    def manifest(self) -> Manifest:
        """What it is called: an index, or the manifest of an image."""
        return self.source.manifest(self.reference)

    def chosen(self, platform: Platform | None = None) -> Manifest:
        """The manifest for one platform; by default, the one of this machine.

        Raises:
            NoMatchingPlatform: there is none for it.
        """
        wanted = platform or wanted_platform()
        return chosen_image(self.source, self.reference, wanted)

    def config(self, platform: Platform | None = None) -> bytes:
        """The config of the image for one platform, as it is stored.

        Raises:
            NoMatchingPlatform: there is no image for it.
            Unsupported: the manifest has none (Docker schema 1).
        """
        manifest = self.chosen(platform)
        if manifest.config is None:
            message = f"a manifest of type {manifest.media_type} has no config"
            raise Unsupported(message, hint="see all of it with --raw")
        return read_config(self.source, manifest.config)


def open_image(name: str, registries: Registries) -> Image:
    """Find out what a name with or without transport stands for.

    Nothing is asked of a registry yet; files are opened, daemons give their image.

    Raises:
        InvalidReference: it is no name.
        NotFound: there is no such file or directory.
        InvalidArchive: it does not hold images.
        HangarError: a daemon cannot be asked.
        VerificationError: the policy does not let the image be read.
    """
    transport, _, rest = name.partition(":")
    if transport in _OF_FILES:
        registries.configuration.policy.check(transport, rest)
    place, _, inside = rest.partition(":")
    match transport:
        case "oci":
            return Image(LayoutRepository(OciLayout(Path(place))), inside)
        case "dir":
            return Image(SkopeoDirectory(Path(rest)), "")
        case "docker-archive":
            full = str(Reference.parse(inside)) if inside else ""
            return Image(DockerArchive(Path(place)), full)
        case "docker-daemon":
            return _of_daemon(rest, registries)
    reference = registries.configuration.reference(name)
    return Image(registries.source(reference), reference.locator)


def _of_daemon(name: str, registries: Registries) -> Image:
    """Fetch the image that a daemon keeps by a name or an ID."""
    configuration, transport = registries.configuration, "docker-daemon"
    try:
        named: str = Digest(name)
        configuration.policy.check(transport, named)
    except InvalidDigest:
        reference = Reference.parse(name)
        configuration.policy.check_image(reference, transport)
        named = str(reference)
    daemon = Daemon(configuration.environ, configuration.cache_dir)
    return Image(daemon.image(named), "")
