"""What docs/configuration.md says of each key of three kinds of files.

Each row is tried: what can be observed with the key is compared with what can be
observed without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hangar import Configuration, Reference, registry_settings
from hangar.errors import AccessDenied, InvalidConfiguration, VerificationError

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
DIGEST = "sha256:" + "ab" * 32
IMAGES = ("reg.io/app:1", f"reg.io/app@{DIGEST}", "a.reg.io/app:1", "my-app")

Observe = Callable[[Path, Any], Any]


def registries(folder: Path, text: str) -> Any:
    """Where images are read and written, and all else that registries.conf says."""
    path = folder / "registries.conf"
    path.write_text(text)
    conf = Configuration.load(registries_conf=path, environ={}).registries
    seen: list[Any] = [conf.search_registries, conf.credential_helpers]
    for image in map(Reference.parse, map(conf.expanded, IMAGES)):
        for ask in (conf.endpoints, conf.endpoint):
            try:
                seen.append(ask(image))
            except AccessDenied:
                seen.append("blocked")
    return seen


TABLE = '[[registry]]\nprefix = "reg.io"\n'
MIRROR = f'{TABLE}[[registry.mirror]]\nlocation = "m.io"\n'
PINNED = (
    f'{TABLE}mirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.io"\n'
)

REGISTRIES = {
    "unqualified-search-registries": ("", 'unqualified-search-registries = ["a.io"]'),
    "credential-helpers": ("", 'credential-helpers = ["a"]'),
    "short-name-mode": ("", 'short-name-mode = "enforcing"'),
    "aliases": ("", '[aliases]\nmy-app = "reg.io/my-app"'),
    "additional-layer-store-auth-helper": (
        "",
        'additional-layer-store-auth-helper = "a"',
    ),
    "registry.prefix": (
        '[[registry]]\nlocation = "x.io"',
        '[[registry]]\nprefix = "*.reg.io"\nlocation = "x.io"',
    ),
    "registry.prefix with tag or digest": ("", '[[registry]]\nprefix = "reg.io/app:1"'),
    "registry.location": (TABLE, f'{TABLE}location = "x.io"'),
    "registry.insecure": (TABLE, f"{TABLE}insecure = true"),
    "registry.blocked": (TABLE, f"{TABLE}blocked = true"),
    "registry.mirror.location": (TABLE, MIRROR),
    "registry.mirror.insecure": (MIRROR, f"{MIRROR}insecure = true"),
    "registry.mirror.pull-from-mirror": (
        MIRROR,
        f'{MIRROR}pull-from-mirror = "tag-only"',
    ),
    "registry.mirror-by-digest-only": (MIRROR, PINNED),
    "registry.mirror-by-digest-only with pull-from-mirror": (
        PINNED,
        f'{PINNED}pull-from-mirror = "all"',
    ),
    "registry.pull-from-mirror": (TABLE, f'{TABLE}pull-from-mirror = "all"'),
    "registries (version 1 of the format)": (
        "",
        '[registries.search]\nregistries = ["a.io"]',
    ),
    "all others": (TABLE, f"{TABLE}unknown = 1"),
}


def policy(folder: Path, value: Any) -> Any:
    """Which images may be read."""
    path = folder / "policy.json"
    path.write_text(json.dumps(value).replace("FOLDER", str(folder.resolve())))
    found = Configuration.load(policy=path, environ={}).policy

    def accepts(transport: str, scope: str) -> bool:
        try:
            found.check(transport, scope)
        except VerificationError as error:
            if "cannot be checked yet" in str(error):
                raise
            return False
        return True

    scopes = [(t, image) for t in ("docker", "docker-daemon") for image in IMAGES]
    scopes += [(t, f"{folder}/x") for t in ("oci", "dir", "docker-archive")]
    return [accepts(*scope) for scope in scopes]


ACCEPT, REJECT = ([{"type": t}] for t in ("insecureAcceptAnything", "reject"))
BASE = {"default": ACCEPT}


def scoped(transport: str, scope: str) -> tuple[Any, Any]:
    return BASE, {**BASE, "transports": {transport: {scope: REJECT}}}


def required(kind: str, **details: Any) -> tuple[Any, Any]:
    return BASE, {"default": [{"type": kind, **details}]}


POLICY = {
    "default": (BASE, {"default": REJECT}),
    "transports.docker.SCOPE": scoped("docker", "reg.io"),
    "transports.docker.*.DOMAIN": scoped("docker", "*.reg.io"),
    "transports.oci.PATH": scoped("oci", "FOLDER"),
    "transports.dir.PATH": scoped("dir", "FOLDER"),
    'transports.docker-archive.""': scoped("docker-archive", ""),
    "transports.docker-daemon.SCOPE": scoped("docker-daemon", "reg.io"),
    "transports.atomic and the transports that Hangar cannot read": scoped(
        "atomic", "reg.io"
    ),
    "type: insecureAcceptAnything": ({"default": REJECT}, BASE),
    "type: reject": required("reject"),
    "type: signedBy": required("signedBy", keyType="GPGKeys", keyPath="/k"),
    "type: sigstoreSigned": required("sigstoreSigned", keyPath="/k"),
    "type: signedBaseLayer": required(
        "signedBaseLayer", baseLayerIdentity={"type": "matchExact"}
    ),
    "all others": (BASE, {**BASE, "unknown": 1}),
}


def attachments(folder: Path, text: str) -> Any:
    """What `hangar config show` prints; where images are read has to stay the same."""
    path = folder / ".config/containers/registries.d/a.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    found = Configuration.load(environ={"HOME": str(folder)})
    image = Reference.parse("reg.io/app:1")
    assert [e.reference for e in found.endpoints(image)] == [image]
    return registry_settings("reg.io/app", found)


def section(*lines: str) -> str:
    return "\n    ".join(("docker:\n  reg.io:", *lines))


LOOKASIDE = "lookaside: file:///x"
ATTACHMENTS = {
    "default-docker": ("", f"default-docker:\n  {LOOKASIDE}"),
    "docker.SCOPE": ("", section(LOOKASIDE)),
    "lookaside": (section(), section(LOOKASIDE)),
    "lookaside-staging": (section(), section("lookaside-staging: file:///x")),
    "sigstore": (section(), section("sigstore: file:///x")),
    "sigstore-staging": (section(), section("sigstore-staging: file:///x")),
    "use-sigstore-attachments": (section(), section("use-sigstore-attachments: true")),
    "all others": (section(), section("unknown: true")),
}

FILES: dict[str, tuple[Observe, str, dict[str, tuple[Any, Any]]]] = {
    "registries.conf": (registries, "honoured", REGISTRIES),
    "policy.json": (policy, "honoured", POLICY),
    "registries.d": (attachments, "shown", ATTACHMENTS),
}


def documented(file: str) -> dict[str, str]:
    """The first word that the page says of each key of a file."""
    part = PAGE.read_text().partition(f"\n## {file}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (\w+)", part, re.MULTILINE)
    return {
        key.replace("`", ""): verdict
        for cell, verdict in rows
        for key in re.split(r"(?<=`), (?=`)", cell)
    }


@pytest.mark.parametrize("file", FILES)
def test_every_key_that_is_documented_is_tried(file: str) -> None:
    assert set(documented(file)) == set(FILES[file][2])


@pytest.mark.parametrize(
    ("file", "key"), [(file, key) for file in FILES for key in FILES[file][2]]
)
def test_a_key_does_what_is_said_of_it(tmp_path: Path, file: str, key: str) -> None:
    observe, effective, cases = FILES[file]
    without, with_key = cases[key]
    before = observe(tmp_path, without)

    try:
        after = observe(tmp_path, with_key)
    except (InvalidConfiguration, VerificationError):
        verdict = "refused"
    else:
        verdict = effective if after != before else "ignored"

    assert verdict == documented(file)[key]
