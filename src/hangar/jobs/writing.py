"""Job files written: what failed of one, what was made of another program's file."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from hangar.jobs.job import ALL, SCHEMA, JobImage
from hangar.oci import Platform


def job_text(images: Iterable[JobImage]) -> str:
    """Write a job file that states ``images``."""
    stated = {"schema": SCHEMA, "images": [_entry(image) for image in images]}
    yaml = import_module("yaml")  # slow, and most runs write none
    text: str = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=10**6)
    return text


def _entry(image: JobImage) -> dict[str, Any]:
    value: dict[str, Any] = {"name": image.name}
    if image.every or image.tags:
        value["tags"] = ALL if image.every else list(image.tags)
    for key in ("regex", "exclude", "semver", "newest"):
        stated = getattr(image, key)
        if stated:
            value[key] = stated
    if image.platforms is not None:
        value["platforms"] = [_platform(p) for p in image.platforms] or ALL
    if image.destination:
        value["destination"] = image.destination
    return value


def _platform(platform: Platform) -> str:
    parts = (platform.os, platform.architecture, platform.variant)
    return "/".join(filter(None, parts))
