"""Which image of a registry ``oci://`` means."""

from __future__ import annotations

from dataclasses import replace

from hangar.charts import ChartVersion, chosen_version
from hangar.errors import InvalidInput, InvalidReference, NotFound
from hangar.operations.tags import list_tags
from hangar.reference import Reference, is_registry, is_tag, names_registry
from hangar.registry import Registries

OCI_SCHEME = "oci://"


def chart_image_named(
    item: str, name: str, version: str, registries: Registries
) -> Reference:
    """Find out which image ``oci://`` means.

    Raises:
        InvalidReference: it is no name of an image.
        InvalidInput: it states one version, and ``version`` another.
        NotFound: there is no such version.
    """
    text = "/".join(filter(None, (item.removeprefix(OCI_SCHEME).rstrip("/"), name)))
    image = _named(text)
    tag = version.replace("+", "_")
    if {*":@"} & {*text.rpartition("/")[2]}:
        if version and image.tag != tag:
            message = f"{item!r:.200} states its version, and --version another one"
            raise InvalidInput(message, hint="leave one of them out")
        return image
    if is_tag(tag) and _is_there(image.tagged(tag), registries):
        return image.tagged(tag)
    tags = list_tags(image, registries)
    offered = [ChartVersion(image.name, tag.replace("_", "+")) for tag in tags]
    try:
        chosen = chosen_version(offered, image.name, version)
    except NotFound:
        if not version and image.tag in tags:  # its tag is ``latest``
            return image
        raise
    return image.tagged(chosen.version.replace("+", "_"))


def _named(text: str) -> Reference:
    """Read what follows the scheme: a host always comes first, dots or not."""
    if names_registry(text):
        return Reference.parse(text)
    host, _, path = text.partition("/")
    image = Reference.parse(f"localhost/{path}")
    if not is_registry(host):
        message = f"{OCI_SCHEME}{text:.200} names no registry"
        raise InvalidReference(message, hint=f"expected {OCI_SCHEME}HOST/PATH")
    return replace(image, registry=host)


def _is_there(image: Reference, registries: Registries) -> bool:
    try:
        registries.source(image).resolve(image.locator)
    except NotFound:
        return False
    return True
