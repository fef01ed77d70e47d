"""Archives: zips in the layout of the Go program, and what one does with them."""

from hangar.archive.archive import Archive
from hangar.archive.contents import ArchiveRepository, empty_archive
from hangar.archive.draft import Draft, DraftRepository
from hangar.archive.index import Entry, Index

__all__ = [
    "Archive",
    "ArchiveRepository",
    "Draft",
    "DraftRepository",
    "Entry",
    "Index",
    "empty_archive",
]
