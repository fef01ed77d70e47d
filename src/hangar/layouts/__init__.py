"""Images in files, as other programs keep them: OCI layouts, skopeo's, docker's."""

from hangar.layouts.docker_archive import DockerArchive
from hangar.layouts.docker_daemon import Daemon
from hangar.layouts.layout_draft import LayoutDraft
from hangar.layouts.layout_images import LayoutEntry, LayoutImages
from hangar.layouts.layout_repository import LayoutRepository
from hangar.layouts.oci_layout import OciLayout
from hangar.layouts.skopeo_directory import SkopeoDirectory

__all__ = [
    "Daemon",
    "DockerArchive",
    "LayoutDraft",
    "LayoutEntry",
    "LayoutImages",
    "LayoutRepository",
    "OciLayout",
    "SkopeoDirectory",
]
