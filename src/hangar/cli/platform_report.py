"""The report of ``hangar inspect list``, in the formats of the Go program.

JSON and YAML have the shape of an archive's index; YAML says ``mime`` for
``mediaType``. Every format ends with one more newline than it needs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import yaml

from hangar import Descriptor, Outcome, Platform, Report, Status, indented_json
from hangar.cli.records import printable

_VERSION = "v1.2.0"
_CSV = ("image", "digest", "platform", "osVersion", "osFeature", "mediaType")


def platform_report(report: Report, form: str) -> str:
    """Write down what is known of the images that did not fail."""
    found = [outcome for outcome in report if outcome.status is Status.UP_TO_DATE]
    return f"{_WRITERS[form](found)}\n"


def _txt(found: list[Outcome]) -> str:
    rows = (
        f"{number:4d} | {outcome.source} | {','.join(map(str, outcome.platforms))}"
        for number, outcome in enumerate(found, start=1)
    )
    return "".join(f"{printable(row)}\n" for row in rows)


def _csv(found: list[Outcome]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV)
    for outcome in found:
        for entry in outcome.entries:
            platform = entry.platform or Platform()
            features = ",".join(platform.os_features)
            writer.writerow(
                (
                    outcome.source,
                    entry.digest,
                    platform,
                    platform.os_version,
                    features,
                    entry.media_type,
                )
            )
    return text.getvalue()


def _json(found: list[Outcome]) -> str:
    return indented_json(_index(found, "mediaType")).decode()


def _yaml(found: list[Outcome]) -> str:
    text: str = yaml.safe_dump(
        _index(found, "mime"), sort_keys=False, allow_unicode=True, width=2**31
    )
    return text


def _index(found: list[Outcome], media_type: str) -> dict[str, Any]:
    return _stated(
        list=[_image(outcome, media_type) for outcome in found],
        version=_VERSION,
        time=datetime.now().astimezone().isoformat(),
    )


def _image(outcome: Outcome, media_type: str) -> dict[str, Any]:
    source, _, tag = outcome.source.rpartition(":")
    images = [_spec(entry, media_type) for entry in outcome.entries]
    return _stated(source=source, tag=tag, images=images)


def _spec(entry: Descriptor, media_type: str) -> dict[str, Any]:
    platform = entry.platform or Platform()
    return _stated(
        arch=platform.architecture,
        os=platform.os,
        osVersion=platform.os_version,
        osFeatures=list(platform.os_features),
        variant=platform.variant,
        **{media_type: entry.media_type},
        digest=str(entry.digest),
        annotations=dict(sorted(entry.annotations.items())),
    )


def _stated(**values: Any) -> dict[str, Any]:
    """Only what there is to say, as Go leaves out what is empty."""
    return {key: value for key, value in values.items() if value}


_WRITERS: dict[str, Callable[[list[Outcome]], str]] = {
    "txt": _txt,
    "json": _json,
    "yaml": _yaml,
    "csv": _csv,
}
FORMATS = tuple(_WRITERS)
