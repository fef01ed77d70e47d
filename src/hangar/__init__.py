"""Hangar carries container images to places without internet access.

    from hangar import Registries, copy_all, mirror_routes

    with Registries() as registries:
        routes = mirror_routes(["nginx:1.27"], registries, to="harbor.example.com")
        report = copy_all(routes, jobs=4)
    for outcome in report.failed:
        print(outcome.image, outcome.error)

What ``__all__`` names is public and stays; everything else may change. Where nothing
else is said, times are seconds and sizes are bytes; what is raised on purpose is a
`HangarError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what checkers and editors see; a test compares it with `_PUBLIC`
    from hangar.archive import Archive as Archive
    from hangar.archive import ArchiveEntry as ArchiveEntry
    from hangar.archive import ArchiveFindings as ArchiveFindings
    from hangar.archive import ArchiveIndex as ArchiveIndex
    from hangar.archive import Unfinished as Unfinished
    from hangar.configuration import Configuration as Configuration
    from hangar.configuration import Credential as Credential
    from hangar.configuration import CredentialKey as CredentialKey
    from hangar.copying import Plan as Plan
    from hangar.copying import Route as Route
    from hangar.deadline import Stop as Stop
    from hangar.errors import AccessDenied as AccessDenied
    from hangar.errors import CredentialsRefused as CredentialsRefused
    from hangar.errors import HangarError as HangarError
    from hangar.errors import Incomplete as Incomplete
    from hangar.errors import IntegrityError as IntegrityError
    from hangar.errors import Interrupted as Interrupted
    from hangar.errors import InvalidArchive as InvalidArchive
    from hangar.errors import InvalidConfiguration as InvalidConfiguration
    from hangar.errors import InvalidDigest as InvalidDigest
    from hangar.errors import InvalidImageList as InvalidImageList
    from hangar.errors import InvalidInput as InvalidInput
    from hangar.errors import InvalidManifest as InvalidManifest
    from hangar.errors import InvalidReference as InvalidReference
    from hangar.errors import NoMatchingPlatform as NoMatchingPlatform
    from hangar.errors import NoMatchingTag as NoMatchingTag
    from hangar.errors import NotFound as NotFound
    from hangar.errors import RegistryError as RegistryError
    from hangar.errors import ScanFailed as ScanFailed
    from hangar.errors import StorageError as StorageError
    from hangar.errors import TimedOut as TimedOut
    from hangar.errors import TlsError as TlsError
    from hangar.errors import TransferError as TransferError
    from hangar.errors import Unsupported as Unsupported
    from hangar.errors import VerificationError as VerificationError
    from hangar.events import BlobFinished as BlobFinished
    from hangar.events import BlobProgress as BlobProgress
    from hangar.events import BlobStarted as BlobStarted
    from hangar.events import Event as Event
    from hangar.events import ImageFinished as ImageFinished
    from hangar.events import ImagePlanned as ImagePlanned
    from hangar.events import ImageStarted as ImageStarted
    from hangar.events import Noticed as Noticed
    from hangar.events import Outcome as Outcome
    from hangar.events import PartWritten as PartWritten
    from hangar.events import ProjectMade as ProjectMade
    from hangar.events import Report as Report
    from hangar.events import Reporter as Reporter
    from hangar.events import Status as Status
    from hangar.events import Traffic as Traffic
    from hangar.gojson import indented_json as indented_json
    from hangar.imagelist import STANDARD_INPUT as STANDARD_INPUT
    from hangar.imagelist import Line as Line
    from hangar.imagelist import parse_list as parse_list
    from hangar.imagelist import read_list as read_list
    from hangar.imagelist import read_text as read_text
    from hangar.jobs import JobImage as JobImage
    from hangar.jobs import job_text as job_text
    from hangar.jobs.programs import PROGRAMS as PROGRAMS
    from hangar.jobs.programs import program_of as program_of
    from hangar.oci import Descriptor as Descriptor
    from hangar.oci import Digest as Digest
    from hangar.oci import Manifest as Manifest
    from hangar.oci import Platform as Platform
    from hangar.operations.archives import Exported as Exported
    from hangar.operations.archives import Repaired as Repaired
    from hangar.operations.archives import create_archive as create_archive
    from hangar.operations.archives import export_images as export_images
    from hangar.operations.archives import merge_archives as merge_archives
    from hangar.operations.archives import remove_images as remove_images
    from hangar.operations.archives import repair_archive as repair_archive
    from hangar.operations.archives import stored_file as stored_file
    from hangar.operations.archives import verify_archive as verify_archive
    from hangar.operations.carriers import open_archives as open_archives
    from hangar.operations.conversion import Converted as Converted
    from hangar.operations.conversion import job_file as job_file
    from hangar.operations.conversion import mirror_list as mirror_list
    from hangar.operations.expansion import TagsOf as TagsOf
    from hangar.operations.expansion import archive_tags as archive_tags
    from hangar.operations.expansion import expanded as expanded
    from hangar.operations.expansion import registry_tags as registry_tags
    from hangar.operations.images import Image as Image
    from hangar.operations.images import open_image as open_image
    from hangar.operations.inspection import Summary as Summary
    from hangar.operations.inspection import inspect_all as inspect_all
    from hangar.operations.inspection import platform_sizes as platform_sizes
    from hangar.operations.inspection import summarize as summarize
    from hangar.operations.loading import archive_lines as archive_lines
    from hangar.operations.loading import load as load
    from hangar.operations.loading import load_routes as load_routes
    from hangar.operations.loading import plan_loading as plan_loading
    from hangar.operations.logins import Login as Login
    from hangar.operations.logins import check_login as check_login
    from hangar.operations.logins import demanded_logins as demanded_logins
    from hangar.operations.logins import login as login
    from hangar.operations.logins import logout as logout
    from hangar.operations.logins import logout_all as logout_all
    from hangar.operations.merging import Part as Part
    from hangar.operations.merging import merge_manifests as merge_manifests
    from hangar.operations.merging import merged_index as merged_index
    from hangar.operations.merging import read_part as read_part
    from hangar.operations.platforms import wanted_platform as wanted_platform
    from hangar.operations.projects import create_projects as create_projects
    from hangar.operations.routes import mirror_routes as mirror_routes
    from hangar.operations.routes import mirror_targets as mirror_targets
    from hangar.operations.routes import source_routes as source_routes
    from hangar.operations.saving import check_saved as check_saved
    from hangar.operations.saving import is_unfinished as is_unfinished
    from hangar.operations.saving import plan_saving as plan_saving
    from hangar.operations.saving import replaced_by_saving as replaced_by_saving
    from hangar.operations.saving import save as save
    from hangar.operations.saving import sync as sync
    from hangar.operations.serving import serve as serve
    from hangar.operations.settings import Setting as Setting
    from hangar.operations.settings import registry_settings as registry_settings
    from hangar.operations.storing import store_charts as store_charts
    from hangar.operations.storing import store_files as store_files
    from hangar.operations.tags import delete_image as delete_image
    from hangar.operations.tags import find_tags as find_tags
    from hangar.operations.tags import list_tags as list_tags
    from hangar.operations.transfer import DEFAULT_JOBS as DEFAULT_JOBS
    from hangar.operations.transfer import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
    from hangar.operations.transfer import MAX_JOBS as MAX_JOBS
    from hangar.operations.transfer import check_all as check_all
    from hangar.operations.transfer import copy_all as copy_all
    from hangar.operations.transfer import plan_all as plan_all
    from hangar.reference import Reference as Reference
    from hangar.registry import Registries as Registries
    from hangar.registry import Repository as Repository
    from hangar.registry import url_without_secrets as url_without_secrets
    from hangar.retry import Patience as Patience
    from hangar.selection import Selection as Selection
    from hangar.serving import Server as Server
    from hangar.store import Companion as Companion
    from hangar.store import Destination as Destination
    from hangar.store import Put as Put
    from hangar.store import Source as Source
    from hangar.tagfilter import TagFilter as TagFilter

_PUBLIC = {
    "errors": """
        AccessDenied CredentialsRefused HangarError Incomplete IntegrityError
        Interrupted InvalidArchive InvalidConfiguration InvalidDigest InvalidImageList
        InvalidInput InvalidManifest InvalidReference NoMatchingPlatform
        NoMatchingTag NotFound
        RegistryError ScanFailed StorageError TimedOut TlsError TransferError
        Unsupported VerificationError
        """,
    "oci": "Descriptor Digest Manifest Platform",
    "reference": "Reference",
    "store": "Companion Destination Put Source",
    "selection": "Selection",
    "tagfilter": "TagFilter",
    "jobs": "JobImage job_text",
    "jobs.programs": "PROGRAMS program_of",
    "imagelist": "STANDARD_INPUT Line parse_list read_list read_text",
    "events": """
        BlobFinished BlobProgress BlobStarted Event ImageFinished ImagePlanned
        ImageStarted Noticed Outcome PartWritten ProjectMade Report Reporter Status
        Traffic
        """,
    "deadline": "Stop",
    "retry": "Patience",
    "configuration": "Configuration Credential CredentialKey",
    "registry": "Registries Repository url_without_secrets",
    "copying": "Plan Route",
    "archive": "Archive ArchiveEntry ArchiveFindings ArchiveIndex Unfinished",
    "serving": "Server",
    "gojson": "indented_json",
    "operations.archives": """
        Exported Repaired create_archive export_images merge_archives remove_images
        repair_archive stored_file verify_archive
        """,
    "operations.carriers": "open_archives",
    "operations.conversion": "Converted job_file mirror_list",
    "operations.expansion": "TagsOf archive_tags expanded registry_tags",
    "operations.images": "Image open_image",
    "operations.inspection": "Summary inspect_all platform_sizes summarize",
    "operations.loading": "archive_lines load load_routes plan_loading",
    "operations.logins": "Login check_login demanded_logins login logout logout_all",
    "operations.merging": "Part merge_manifests merged_index read_part",
    "operations.platforms": "wanted_platform",
    "operations.projects": "create_projects",
    "operations.routes": "mirror_routes mirror_targets source_routes",
    "operations.saving": """
        check_saved is_unfinished plan_saving replaced_by_saving save sync
        """,
    "operations.serving": "serve",
    "operations.settings": "Setting registry_settings",
    "operations.storing": "store_charts store_files",
    "operations.tags": "delete_image find_tags list_tags",
    "operations.transfer": """
        DEFAULT_JOBS DEFAULT_TIMEOUT MAX_JOBS check_all copy_all plan_all
        """,
}
"""The public names, by the modules that have them, the simple ones first.

They are imported when first used, so that starting is fast.
"""

_HOMES = {name: home for home, names in _PUBLIC.items() for name in names.split()}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("hangar-oci")
    if name not in _HOMES:
        message = f"module 'hangar' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"hangar.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
