"""A folder made a package, as ``helm package`` does it.

The same content gives the same bytes: times, owners and permissions are not those of
the files. What is packed never lies outside the folder, wherever links may lead.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hangar.charts.ignoring import IGNORE_FILE, IgnoreRules
from hangar.charts.local import opened, read_small, storage
from hangar.charts.metadata import CHART_FILE, MAX_CHART_FILE, ChartMetadata
from hangar.charts.packages import MAX_UNPACKED
from hangar.errors import InvalidInput, NotFound
from hangar.store import Chunks

MAX_FILES = 100_000
"""In one chart; beyond that it is a folder of something else."""

_FIRST = (CHART_FILE, "Chart.lock", "values.yaml", "values.schema.json")
"""What helm packs first, in this order; templates follow, then all else."""

_CHUNK = 1 << 20
_GZIP = 31
"""zlib's number for gzip with the largest window; it writes no time."""


@dataclass(frozen=True, slots=True)
class ChartFolder:
    """A chart that is a folder.

    Attributes:
        path: of the folder.
        metadata: of the chart.
        files: paths by their names in the chart, in the order of packing.
    """

    path: Path
    metadata: ChartMetadata
    files: dict[str, Path]

    @classmethod
    def read(cls, path: Path) -> ChartFolder:
        """Find out what belongs to a chart.

        Raises:
            InvalidInput: helm would refuse it; or a link leads out of it.
            StorageError: it cannot be read.
        """
        rules = b""
        with contextlib.suppress(NotFound):
            rules = read_small(path / IGNORE_FILE, MAX_CHART_FILE)
        text = os.fsdecode(rules)
        files = dict(_walk(path, IgnoreRules(text)))
        if CHART_FILE not in files:
            message = f"{path} is no chart: {CHART_FILE} file is missing"
            raise InvalidInput(message, hint=_LEFT_OUT if text else "")
        what = str(path / CHART_FILE)
        data = read_small(files[CHART_FILE], MAX_CHART_FILE)
        ordered = dict(sorted(files.items(), key=lambda item: _rank(item[0])))
        return cls(path, ChartMetadata.parse(data, what), ordered)

    def chunks(self, created: int) -> Chunks:
        """Yield the package's bytes; ``created`` is the time that its files get.

        Raises:
            InvalidInput: a file changed meanwhile, or all are too large together.
            StorageError: a file cannot be read.
        """
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        size = 0
        for chunk in self._tar(created):
            size += len(chunk)
            if size > MAX_UNPACKED:
                message = f"{self.path} has over {MAX_UNPACKED} bytes"
                raise InvalidInput(message, hint=f"leave files out: {IGNORE_FILE}")
            packed = packer.compress(chunk)
            if packed:
                yield packed
        yield packer.flush()

    def _tar(self, created: int) -> Iterator[bytes]:
        for name, path in self.files.items():
            with opened(path) as file:
                entry = tarfile.TarInfo(f"{self.metadata.name}/{name}")
                entry.size = os.fstat(file.fileno()).st_size
                entry.mtime = created
                yield entry.tobuf(tarfile.PAX_FORMAT)
                left = entry.size
                while left and (chunk := file.read(min(left, _CHUNK))):
                    left -= len(chunk)
                    yield chunk
                if left:
                    message = f"{path} became shorter while it was read"
                    raise InvalidInput(message)
                yield bytes(-entry.size % tarfile.BLOCKSIZE)
        yield bytes(2 * tarfile.BLOCKSIZE)


_LEFT_OUT = (
    f"does {IGNORE_FILE} leave it out? to helm, '!x' leaves out all that is not x"
)


def _rank(name: str) -> tuple[int, int, str]:
    """Sorts files as helm packs them."""
    if name in _FIRST:
        return 0, _FIRST.index(name), name
    folder = name.partition("/")[0] if "/" in name else ""
    return {"templates": 1, "charts": 3}.get(folder, 2), 0, name


def _walk(folder: Path, rules: IgnoreRules) -> Iterator[tuple[str, Path]]:
    """Yield what belongs to a chart: names in it, and paths without links."""
    root = Path(os.path.realpath(folder))
    count = 0
    waiting: list[tuple[str, Path, tuple[Path, ...]]] = [("", root, (root,))]
    while waiting:
        prefix, here, above = waiting.pop()
        for name in _names(here):  # the order of packing is decided later
            inner = f"{prefix}{name}"
            path = Path(os.path.realpath(here / name))
            if rules.leave_out(inner, folder=path.is_dir()):
                continue
            _check_inside(path, root, inner)
            count += 1
            if count > MAX_FILES:
                message = f"{folder} has over {MAX_FILES} files"
                raise InvalidInput(message, hint=f"leave files out: {IGNORE_FILE}")
            if path.is_dir():
                if path in above:
                    message = f"{inner!r:.200} leads back to where it is"
                    raise InvalidInput(message, hint="remove that link")
                waiting.append((f"{inner}/", path, (*above, path)))
            else:
                yield inner, path


def _names(folder: Path) -> list[str]:
    with storage(folder):
        return sorted(path.name for path in folder.iterdir())


def _check_inside(path: Path, root: Path, name: str) -> None:
    if not path.is_relative_to(root):
        message = f"{name!r:.200} leads out of the chart, to {path}"
        hint = f"put a copy in its place, or leave it out: {IGNORE_FILE}"
        raise InvalidInput(message, hint=hint)
