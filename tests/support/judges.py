"""Independent judges: plain HTTP and skopeo, never our own client."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST_TYPES = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)


@dataclass(frozen=True)
class Answer:
    """What a registry answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class PlainHTTP:
    """Asks a registry by plain HTTP requests.

    Attributes:
        address: ``host:port``.
        authority: file with the CA's certificate; None: no TLS.
        login: user name and password, or None.
    """

    address: str
    authority: Path | None = None
    login: tuple[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        """Send one request; keywords are headers, ``_`` standing for ``-``."""
        connection: http.client.HTTPConnection
        if self.authority:
            context = ssl.create_default_context(cafile=str(self.authority))
            connection = http.client.HTTPSConnection(
                self.address, context=context, timeout=30
            )
        else:
            connection = http.client.HTTPConnection(self.address, timeout=30)
        sent = {"Accept": MANIFEST_TYPES, **self.headers}
        if self.login:
            token = base64.b64encode(":".join(self.login).encode()).decode()
            sent["Authorization"] = f"Basic {token}"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, fields, answer.read())
        finally:
            connection.close()

    def manifest(self, repository: str, reference: str) -> bytes:
        """Fetch a manifest's bytes."""
        answer = self.ask("GET", f"/v2/{repository}/manifests/{reference}")
        assert answer.status == 200, (reference, answer)
        return answer.body

    def tags(self, repository: str) -> set[str]:
        """List the tags of a repository; none if it does not exist."""
        answer = self.ask("GET", f"/v2/{repository}/tags/list")
        return set() if answer.status == 404 else set(answer.json["tags"] or [])

    def whole(self, repository: str, reference: str) -> dict[str, int]:
        """Walk an image; return the size of every manifest and blob by its digest.

        Every byte is fetched; digests and sizes that do not agree fail the test.
        """
        raw = self.manifest(repository, reference)
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        if reference.startswith("sha256:"):
            assert digest == reference
        found = {digest: len(raw)}
        value = json.loads(raw)
        for entry in value.get("manifests", []):
            below = self.whole(repository, entry["digest"])
            assert below[entry["digest"]] == entry["size"]
            found.update(below)
        for blob in [*value.get("layers", []), *filter(None, [value.get("config")])]:
            if not blob.get("urls"):
                found[blob["digest"]] = self._blob(repository, blob)
        return found

    def _blob(self, repository: str, blob: dict[str, Any]) -> int:
        answer = self.ask("GET", f"/v2/{repository}/blobs/{blob['digest']}")
        assert answer.status == 200, (blob, answer.status)
        actual = hashlib.sha256(answer.body).hexdigest()
        assert blob["digest"] == f"sha256:{actual}"
        assert blob["size"] == len(answer.body)
        return len(answer.body)


def skopeo(*arguments: str) -> bytes:
    """Run skopeo; return what it prints."""
    done = subprocess.run(["skopeo", *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def skopeo_raw(image: str, *options: str) -> bytes:
    """Have skopeo fetch the raw manifest of ``host:port/name:tag``."""
    options = options or ("--tls-verify=false",)
    return skopeo("inspect", "--raw", *options, f"docker://{image}")
