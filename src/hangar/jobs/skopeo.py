"""Files that ``skopeo sync --src yaml`` reads (skopeo-sync(1), "YAML file content")."""

from __future__ import annotations

import re

from hangar.jobs.foreign import Advice, Translation, section_of, texts_of
from hangar.jobs.job import JobImage
from hangar.strict import Section

IMAGES, REGEX, SEMVER = "images", "images-by-tag-regex", "images-by-semver"
KEYS = (IMAGES, REGEX, SEMVER, "credentials", "tls-verify", "cert-dir")

_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{32,}")
_ADVICE: Advice = {
    "credentials": "use 'hangar login'",
    "tls-verify": "use --src-tls-verify=false, or 'insecure' in registries.conf",
    "cert-dir": "use --src-cert-dir, or certs.d",
}


def is_skopeo(top: Section) -> bool:
    """Tell whether a file is one of these: registries, and what is wanted of each."""
    registries = [value for value in top.values() if value is not None]
    return bool(registries) and all(
        isinstance(value, Section) and any(key in value for key in KEYS)
        for value in registries
    )


def translate(top: Section) -> Translation:
    """Make entries of a job file of it.

    Raises:
        ValueError: it is not such a file.
    """
    made = Translation()
    for registry in top:
        _registry(made, registry, section_of(top, registry), top.line_of(registry))
    return made


def _registry(made: Translation, registry: str, stated: Section, line: int) -> None:
    """Take in what is stated of one registry."""
    known = {IMAGES, REGEX, SEMVER}
    if str(stated.get("tls-verify", "true")).lower() == "true":
        known.add("tls-verify")  # as it is without
    made.reject(stated, known, f"{registry}: ", _ADVICE)
    before = len(made.images) + len(made.remarks)
    listed = section_of(stated, IMAGES)
    for repository in listed:
        name, at = f"{registry}/{repository}", listed.line_of(repository)
        references = texts_of(listed, repository)
        tags = tuple(text for text in references if not _DIGEST.fullmatch(text))
        if tags or not references:
            made.add(at, JobImage(name, tags=tags, every=not references))
        for digest in references:
            if digest not in tags:
                made.add(at, JobImage(f"{name}@{digest}"))
    for key in (REGEX, SEMVER):
        filters = section_of(stated, key)
        for repository in filters:
            name, text = f"{registry}/{repository}", filters.take(repository, str) or ""
            regex, semver = (text, "") if key == REGEX else ("", text)
            image = JobImage(name, every=not text, regex=regex, semver=semver)
            made.add(filters.line_of(repository), image)
    if len(made.images) + len(made.remarks) == before:
        made.remark(line, f"{registry}: no images are stated")
