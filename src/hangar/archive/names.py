"""What the members of an archive are called, as the Go program expects it.

index.json                      what the archive holds
share/sha256/<hex>              every blob and every manifest
<hex>/index.json, oci-layout    an OCI layout of one manifest that is no index
"""

from __future__ import annotations

from hangar.gojson import compact_json
from hangar.oci import OCI_INDEX, Manifest

INDEX = "index.json"

_LAYOUT = compact_json({"imageLayoutVersion": "1.0.0"})


def blob_name(digest: str) -> str:
    """Name of the member that holds a blob or manifest."""
    return "share/" + digest.replace(":", "/")


def blob_digest(name: str) -> str:
    """The digest that a member's name states, unchecked; "" if it is no blob."""
    folder, _, rest = name.partition("/")
    return rest.replace("/", ":", 1) if folder == "share" else ""


def member_names(manifest: Manifest) -> tuple[str, ...]:
    """Names of all that is stored for a manifest, in order."""
    own, folder = blob_name(manifest.digest), manifest.digest.hex
    if manifest.is_index:
        return (own,)
    return own, f"{folder}/index.json", f"{folder}/oci-layout"


def members(manifest: Manifest) -> tuple[tuple[str, bytes], ...]:
    """Names and contents of all that is stored for a manifest, in order."""
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [manifest.descriptor.to_json()],
    }
    contents = (manifest.raw, compact_json(value), _LAYOUT)
    return tuple(zip(member_names(manifest), contents, strict=False))
