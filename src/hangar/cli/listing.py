"""What an archive holds, as tables and JSON; the formats are the Go program's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import hangar

_BRACE = "{\n"

_SPARE = "unknown"
"""What attestations run on."""

_KINDS = {
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip": "(helm chart)",
    "application/vnd.content.hangar.file.layer.v1": "(custom file)",
}
"""By the media type of the first layer."""


def rows(archive: hangar.Archive) -> Iterator[str]:
    """One line for each image: number, name, platforms, size of its layers, kind."""
    for number, entry in enumerate(archive.index.entries, start=1):
        yield " | ".join(_columns(archive, number, entry))


def index_json(index: hangar.ArchiveIndex) -> Iterator[str]:
    """The whole index, for people and programs, in pieces: it may be large."""
    opening = '{\n  "list": [\n    '
    for entry in index.entries:
        yield opening + _indented(entry.to_bytes()).replace("\n", "\n    ")
        opening = ",\n    "
    rest = _indented(replace(index, entries=()).to_bytes())
    yield f"\n  ],\n{rest.removeprefix(_BRACE)}" if index.entries else rest


def findings_json(findings: hangar.ArchiveFindings) -> str:
    """What was found in an archive."""
    return json.dumps({"ok": findings.ok, **asdict(findings)}, indent=2)


def repaired_json(done: hangar.Repaired) -> str:
    """What was done to an archive."""
    value = {
        "found": done.found.name.lower(),
        "rebuilt": done.rebuilt,
        "kept": list(done.kept),
        "lost": list(done.lost),
    }
    return json.dumps(value, indent=2)


def _indented(raw: bytes) -> str:
    return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)


def _columns(
    archive: hangar.Archive, number: int, entry: hangar.ArchiveEntry
) -> list[str]:
    architectures, systems = list(entry.architectures), list(entry.systems)
    kind = ""
    if _SPARE in architectures and _SPARE in systems:
        architectures.remove(_SPARE)
        systems.remove(_SPARE)
        kind = "(with attestation)"
    if not any(architectures) and not any(systems):
        kind = kind or _kind(archive, entry)
        architectures, systems = ["NOARCH"], ["NOOS"]
    columns = [
        f"{number:4d}",
        entry.name,
        ",".join(architectures),
        ",".join(systems),
        _size(_layers(archive, entry)),
    ]
    return [*columns, kind] if kind else columns


def _kind(archive: hangar.Archive, entry: hangar.ArchiveEntry) -> str:
    if len(entry.images) != 1:
        return ""
    repository = archive.repository(entry.repository)
    layers = repository.manifest(entry.images[0].digest).layers
    return _KINDS.get(layers[0].media_type, "") if layers else ""


def _layers(archive: hangar.Archive, entry: hangar.ArchiveEntry) -> int:
    """Bytes of an entry's layers, each once."""
    layers = {layer for image in entry.images for layer in image.layers}
    return sum(archive.size_of(layer) for layer in layers)


def _size(size: int) -> str:
    """Bytes as the Go program shows them: decimal limits, binary units."""
    if size < 1_000_000:
        return f"{size / (1 << 10):.2f}K"
    if size < 1_000_000_000:
        return f"{size / (1 << 20):.2f}M"
    return f"{size / (1 << 30):.2f}G"
