"""Job files: which images, which of their tags, which platforms, and where to.

`job` says what such a file states and reads it, `writing` writes it; `programs` makes
one of the files of `skopeo`, `regsync` and `image_syncer`.
"""

from hangar.jobs.foreign import Translation, placed_in, relocated, repository_of
from hangar.jobs.job import JobImage, is_job, parse_job
from hangar.jobs.programs import PROGRAMS, program_of, translated
from hangar.jobs.writing import job_text

__all__ = [
    "PROGRAMS",
    "JobImage",
    "Translation",
    "is_job",
    "job_text",
    "parse_job",
    "placed_in",
    "program_of",
    "relocated",
    "repository_of",
    "translated",
]
