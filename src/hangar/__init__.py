"""Hangar carries container images to places without internet access.

    from hangar import Registries, copy_all, mirror_routes

    registries = Registries()
    routes = mirror_routes(["nginx:1.27"], registries, to="harbor.example.com")
    report = copy_all(routes, jobs=4)
    for outcome in report.failed:
        print(outcome.image, outcome.error)

What ``__all__`` names is public and stays; everything else may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hangar.archive import Archive, Unfinished
    from hangar.configuration import Configuration
    from hangar.deadline import Stop
    from hangar.errors import HangarError
    from hangar.events import Event, Outcome, Report, Reporter, Status, Traffic
    from hangar.operations.archives import (
        create_archive,
        export_images,
        merge_archives,
        remove_images,
        repair_archive,
        stored_file,
        verify_archive,
    )
    from hangar.operations.images import Image, open_image
    from hangar.operations.inspection import Summary, inspect_all, sizes, summarize
    from hangar.operations.loading import entry_lines, load_routes, open_archives
    from hangar.operations.logins import (
        Login,
        check_login,
        demanded_logins,
        login,
        logout,
        logout_all,
    )
    from hangar.operations.merging import merge_manifests, merged_index, read_part
    from hangar.operations.platforms import wanted_platform
    from hangar.operations.routes import mirror_routes, mirror_targets, source_routes
    from hangar.operations.saving import (
        check_saved,
        is_unfinished,
        plan_saving,
        save,
        sync,
    )
    from hangar.operations.settings import Setting, settings_of
    from hangar.operations.tags import delete_image, list_tags, tags_of
    from hangar.operations.transfer import check_all, copy_all, plan_all
    from hangar.reference import Reference
    from hangar.registry import Registries
    from hangar.selection import Selection
    from hangar.tagfilter import TagFilter

__all__ = [
    "Archive",
    "Configuration",
    "Event",
    "HangarError",
    "Image",
    "Login",
    "Outcome",
    "Reference",
    "Registries",
    "Report",
    "Reporter",
    "Selection",
    "Setting",
    "Status",
    "Stop",
    "Summary",
    "TagFilter",
    "Traffic",
    "Unfinished",
    "check_all",
    "check_login",
    "check_saved",
    "copy_all",
    "create_archive",
    "delete_image",
    "demanded_logins",
    "entry_lines",
    "export_images",
    "inspect_all",
    "is_unfinished",
    "list_tags",
    "load_routes",
    "login",
    "logout",
    "logout_all",
    "merge_archives",
    "merge_manifests",
    "merged_index",
    "mirror_routes",
    "mirror_targets",
    "open_archives",
    "open_image",
    "plan_all",
    "plan_saving",
    "read_part",
    "remove_images",
    "repair_archive",
    "save",
    "settings_of",
    "sizes",
    "source_routes",
    "stored_file",
    "summarize",
    "sync",
    "tags_of",
    "verify_archive",
    "wanted_platform",
]

_HOMES = {
    "archive": ["Archive", "Unfinished"],
    "operations.archives": [
        "create_archive",
        "export_images",
        "merge_archives",
        "remove_images",
        "repair_archive",
        "stored_file",
        "verify_archive",
    ],
    "operations.loading": ["entry_lines", "load_routes", "open_archives"],
    "operations.saving": [
        "check_saved",
        "is_unfinished",
        "plan_saving",
        "save",
        "sync",
    ],
    "configuration": ["Configuration"],
    "deadline": ["Stop"],
    "errors": ["HangarError"],
    "events": ["Event", "Outcome", "Report", "Reporter", "Status", "Traffic"],
    "operations.images": ["Image", "open_image"],
    "operations.inspection": ["Summary", "inspect_all", "sizes", "summarize"],
    "operations.logins": [
        "Login",
        "check_login",
        "demanded_logins",
        "login",
        "logout",
        "logout_all",
    ],
    "operations.merging": ["merge_manifests", "merged_index", "read_part"],
    "operations.platforms": ["wanted_platform"],
    "operations.routes": ["mirror_routes", "mirror_targets", "source_routes"],
    "operations.settings": ["Setting", "settings_of"],
    "operations.tags": ["delete_image", "list_tags", "tags_of"],
    "operations.transfer": ["check_all", "copy_all", "plan_all"],
    "reference": ["Reference"],
    "registry": ["Registries"],
    "selection": ["Selection"],
    "tagfilter": ["TagFilter"],
}
"""Where the public names live; imported when first used, so that starting is fast."""


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("hangar-oci")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"hangar.{home}"), name)
    message = f"module 'hangar' has no attribute {name!r}"
    raise AttributeError(message)
