"""Archives: zips in the layout of the Go program, and what one does with them."""

from hangar.archive.archive import Archive
from hangar.archive.arrivals import Arrival, arrived, kept
from hangar.archive.checking import ArchiveFindings, examined, unusable
from hangar.archive.container import Container
from hangar.archive.contents import ArchiveRepository, empty_archive
from hangar.archive.draft import Draft
from hangar.archive.draft_repository import DraftRepository
from hangar.archive.entries import ArchiveEntry
from hangar.archive.index import ArchiveIndex
from hangar.archive.packing import Packing, part_numbers, part_path
from hangar.archive.planned import PlannedDraft
from hangar.archive.salvage import salvaged
from hangar.archive.split import Part, SplitDraft, is_begun
from hangar.archive.unfinished import Unfinished, left_behind, settled

__all__ = [
    "Archive",
    "ArchiveEntry",
    "ArchiveFindings",
    "ArchiveIndex",
    "ArchiveRepository",
    "Arrival",
    "Container",
    "Draft",
    "DraftRepository",
    "Packing",
    "Part",
    "PlannedDraft",
    "SplitDraft",
    "Unfinished",
    "arrived",
    "empty_archive",
    "examined",
    "is_begun",
    "kept",
    "left_behind",
    "part_numbers",
    "part_path",
    "salvaged",
    "settled",
    "unusable",
]
