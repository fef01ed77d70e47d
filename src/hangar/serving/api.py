"""The distribution specification 1.1, as answers to requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from hangar.errors import InvalidDigest
from hangar.oci import MAX_MANIFEST, OCI_INDEX, Digest
from hangar.reference import is_repository, is_tag
from hangar.serving.messages import VERSION, Content, Refusal, Request, Response
from hangar.serving.registry import Registry, Session

MAX_PAGE = 1000
"""Names on a page of a listing."""

_READS = frozenset({"GET", "HEAD"})
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_CONTENT_RANGE = re.compile(r"(?:bytes )?(\d{1,18})-(\d{1,18})(?:/.*)?", re.ASCII)
_ROUTES = [
    (re.compile(r"/v2/(.+)/blobs/uploads/?"), "_uploads"),
    (re.compile(r"/v2/(.+)/blobs/uploads/([^/]+)"), "_upload"),
    (re.compile(r"/v2/(.+)/blobs/([^/]+)"), "_blobs"),
    (re.compile(r"/v2/(.+)/manifests/([^/]+)"), "_manifests"),
    (re.compile(r"/v2/(.+)/tags/list"), "_tags"),
    (re.compile(r"/v2/(.+)/referrers/([^/]+)"), "_referrers"),
]


class Api:
    """Answers requests; an instance is a `hangar.serving.messages.Handler`."""

    def __init__(self, registry: Registry, *, read_only: bool = False) -> None:
        self._registry = registry
        self._read_only = read_only

    def __call__(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            Refusal: the answer is an error.
        """
        if self._read_only and request.method not in _READS:
            raise Refusal(405, "UNSUPPORTED", "this registry is read-only")
        path = unquote(request.path, errors="replace")
        if path in ("/v2", "/v2/"):
            return Response.of_json({})
        if path == "/v2/_catalog":
            names = self._registry.names()
            return _page(request, "/v2/_catalog", "repositories", names, {})
        for pattern, method in _ROUTES:
            if match := pattern.fullmatch(path):
                name, *rest = match.groups()
                if not is_repository(name) or len(name) > 255:
                    raise Refusal(400, "NAME_INVALID", "invalid repository name")
                answer: Callable[..., Response] = getattr(self, method)
                return answer(request, name, *rest)
        raise Refusal(404, "UNSUPPORTED", "no such address")

    def _tags(self, request: Request, name: str) -> Response:
        _allow(request, *_READS)
        names = self._registry.tags(name)
        return _page(request, f"/v2/{name}/tags/list", "tags", names, {"name": name})

    def _referrers(self, request: Request, name: str, subject: str) -> Response:
        _allow(request, *_READS)
        found = self._registry.referrers(name, _digest(subject))
        wanted = request.query.get("artifactType")
        if wanted:
            found = [entry for entry in found if entry.artifact_type == wanted]
        value = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [entry.to_json() for entry in found],
        }
        response = Response.of_json(value, media_type=OCI_INDEX)
        if wanted:
            response.headers["OCI-Filters-Applied"] = "artifactType"
        return response

    def _manifests(self, request: Request, name: str, reference: str) -> Response:
        if ":" in reference:
            _digest(reference)
        elif not is_tag(reference):
            raise Refusal(400, "TAG_INVALID", "invalid tag")
        if request.method in _READS:
            descriptor, file = self._registry.manifest(name, reference)
            headers = {
                "Content-Type": descriptor.media_type,
                "Docker-Content-Digest": descriptor.digest,
                **VERSION,
            }
            return Response(200, headers, Content(file, descriptor.size))
        if request.method == "PUT":
            raw = request.read(MAX_MANIFEST)
            kind = request.headers.get("content-type", "")
            manifest = self._registry.put(name, reference, raw, kind)
            headers = {"Docker-Content-Digest": manifest.digest}
            if manifest.subject:
                headers["OCI-Subject"] = manifest.subject.digest
            return _created(f"/v2/{name}/manifests/{reference}", headers)
        _allow(request, "DELETE", *_READS, "PUT")
        if ":" in reference:
            self._registry.delete_manifest(name, _digest(reference))
        else:
            self._registry.untag(name, reference)
        return Response(202, dict(VERSION))

    def _blobs(self, request: Request, name: str, text: str) -> Response:
        digest = _digest(text)
        if request.method == "DELETE":
            self._registry.delete_blob(name, digest)
            return Response(202, dict(VERSION))
        _allow(request, "DELETE", *_READS)
        size, file = self._registry.blob(name, digest)
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
            "Accept-Ranges": "bytes",
            **VERSION,
        }
        wanted = _range(request, size)
        if wanted is None:
            return Response(200, headers, Content(file, size))
        start, end = wanted
        if start >= end:
            file.close()
            message = "there are no such bytes"
            raise Refusal(
                416, "RANGE_INVALID", message, Content_Range=f"bytes */{size}"
            )
        file.seek(start)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return Response(206, headers, Content(file, end - start))

    def _uploads(self, request: Request, name: str) -> Response:
        _allow(request, "POST")
        query = request.query
        if "mount" in query:
            digest = _digest(query["mount"])
            if self._registry.mount(name, digest, query.get("from", "")):
                headers = {"Docker-Content-Digest": digest}
                return _created(f"/v2/{name}/blobs/{digest}", headers)
        whole = _digest(query["digest"]) if "digest" in query else None
        session = self._registry.begin(name)
        if whole is None:
            return _under_way(name, session, 0)
        return self._finish(request, name, session, whole)

    def _upload(self, request: Request, name: str, session: str) -> Response:
        found = self._registry.session(name, session)
        match request.method:
            case "GET" | "HEAD":
                return _under_way(name, session, found.upload.size, status=204)
            case "PATCH":
                with _alone(found):
                    self._take(request, name, session, found)
                return _under_way(name, session, found.upload.size)
            case "PUT":
                digest = _digest(request.query.get("digest", ""))
                return self._finish(request, name, session, digest)
            case "DELETE":
                self._registry.cancel(name, session)
                return Response(204, dict(VERSION))
        raise Refusal(405, "UNSUPPORTED", f"{request.method} is not allowed here")

    def _finish(
        self, request: Request, name: str, session: str, digest: Digest
    ) -> Response:
        found = self._registry.session(name, session)
        with _alone(found):
            self._take(request, name, session, found)
            self._registry.finish(name, session, digest)
        headers = {"Docker-Content-Digest": digest}
        return _created(f"/v2/{name}/blobs/{digest}", headers)

    def _take(self, request: Request, name: str, session: str, found: Session) -> None:
        """Add a request's body to an upload."""
        _in_order(request, found)
        for piece in request.body:
            try:
                found.upload.write(piece)
            except OSError:  # the disk is full; who knows how much of it was written
                self._registry.cancel(name, session)
                raise


class _alone:  # noqa: N801 - used as a function is
    """Keep a second request out of a session."""

    def __init__(self, session: Session) -> None:
        self._lock = session.lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise Refusal(409, "BLOB_UPLOAD_INVALID", "the upload is being written to")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _in_order(request: Request, session: Session) -> None:
    """Refuse a chunk that does not go on where the last one ended."""
    text = request.headers.get("content-range")
    if text is None:
        return
    match = _CONTENT_RANGE.fullmatch(text)
    size = session.upload.size
    if match is None or int(match[1]) != size:
        where = f"0-{max(size - 1, 0)}"
        raise Refusal(416, "RANGE_INVALID", "chunks come in order", Range=where)


def _digest(text: str) -> Digest:
    try:
        return Digest(text)
    except InvalidDigest as error:
        raise Refusal(400, "DIGEST_INVALID", str(error)) from error


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise Refusal(405, "UNSUPPORTED", f"{request.method} is not allowed here")


def _range(request: Request, size: int) -> tuple[int, int] | None:
    """The wanted bytes, from and up to; None for all (RFC 9110, 14.2)."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or match[0] == "bytes=-" or request.method == "HEAD":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size


def _created(location: str, headers: Mapping[str, str]) -> Response:
    return Response(201, {"Location": location, **headers, **VERSION})


def _under_way(name: str, session: str, size: int, status: int = 202) -> Response:
    headers = {
        "Location": f"/v2/{name}/blobs/uploads/{session}",
        "Range": f"0-{max(size - 1, 0)}",
        "Docker-Upload-UUID": session,
        **VERSION,
    }
    return Response(status, headers)


def _page(
    request: Request, path: str, key: str, names: list[str], more: dict[str, str]
) -> Response:
    """One page of a sorted listing (distribution-spec 1.1, "Listing Tags")."""
    text = request.query.get("n", str(MAX_PAGE))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Refusal(400, "PAGINATION_NUMBER_INVALID", "n is no number")
    count, last = min(int(text), MAX_PAGE), request.query.get("last", "")
    rest = [name for name in names if name > last]
    page = rest[:count]
    response = Response.of_json({**more, key: page})
    if page and len(rest) > count:
        query = f"n={count}&last={quote(page[-1], safe='')}"
        response.headers["Link"] = f'<{path}?{query}>; rel="next"'
    return response
