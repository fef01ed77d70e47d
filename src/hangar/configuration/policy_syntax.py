"""What may stand in policy.json, and what it says (containers-policy.json(5))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hangar.configuration.scopes import OF_NAMES, folded
from hangar.strict import Section, parse_json

TRANSPORTS = frozenset(
    {
        "atomic",
        "containers-storage",
        "dir",
        "docker",
        "docker-archive",
        "docker-daemon",
        "oci",
        "oci-archive",
        "ostree",
        "sif",
        "tarball",
    }
)
"""Of containers-transports(5), and the retired ones."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One of the things that an image has to meet.

    Attributes:
        kind: ``reject``, ``sigstoreSigned``...
        details: what else is stated: keys, identities.
    """

    kind: str
    details: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )


Requirements = tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a policy demands.

    Attributes:
        default: of images for which nothing else is stated.
        transports: by transport and scope; scope "" is all of the transport.
    """

    default: Requirements
    transports: Mapping[str, Mapping[str, Requirements]]


def parse_rules(text: str) -> Rules:
    """Read a policy.

    Raises:
        ValueError: it is not exactly as the manual page has it.
    """
    policy = parse_json(text)
    policy.check_keys({"default", "transports"})
    if "default" not in policy:
        policy.refuse("'default' is missing")
    transports = policy.take("transports", Section) or Section((), policy.line)
    transports.check_keys(TRANSPORTS)
    return Rules(
        _requirements(policy, "default"),
        {name: _scopes(transports, name) for name in transports},
    )


def _scopes(transports: Section, transport: str) -> Mapping[str, Requirements]:
    scopes = transports.take(transport, Section) or Section((), transports.line)
    for scope in filter(None, scopes):
        if transport in ("dir", "oci"):
            valid = scope.startswith("/") and scope.rstrip("/") == scope
        elif transport in OF_NAMES or transport == "atomic":
            domain = scope.removeprefix("*.")
            valid = "*" not in domain and (domain == scope or "/" not in domain)
        else:
            valid = True
        if not valid:
            scopes.refuse(f"{scope!r:.200} covers no image of {transport!r}")
    parsed = {scope: _requirements(scopes, scope) for scope in scopes}
    if transport not in OF_NAMES:
        return parsed
    pairs = ((folded(scope), requirements) for scope, requirements in parsed.items())
    return Section(pairs, scopes.line)


def _requirements(section: Section, key: str) -> Requirements:
    stated = section.take(key, list) or []
    if not stated:
        section.refuse(f"{key!r:.100}: at least one requirement is needed")
    for item in stated:
        if not isinstance(item, Section):
            section.refuse(f"{key!r:.100}: a requirement has to be an object")
        _check(item, REQUIREMENTS)
    return tuple(
        Requirement(item["type"], {k: v for k, v in item.items() if k != "type"})
        for item in stated
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """What an object may say, and of what groups it says exactly one thing."""

    fields: Mapping[str, type | _Form | Forms] = field(
        default_factory=lambda: MappingProxyType({})
    )
    needed: Sequence[Sequence[str]] = ()


Forms = Mapping[str, _Form]
"""By ``type``."""

_IDENTITIES: Forms = {
    "matchExact": _Form(),
    "matchRepoDigestOrExact": _Form(),
    "matchRepository": _Form(),
    "exactReference": _Form({"dockerReference": str}, [["dockerReference"]]),
    "exactRepository": _Form({"dockerRepository": str}, [["dockerRepository"]]),
    "remapIdentity": _Form(
        {"prefix": str, "signedPrefix": str}, [["prefix"], ["signedPrefix"]]
    ),
}
_FULCIO = _Form(
    {"caPath": str, "caData": str, "oidcIssuer": str, "subjectEmail": str},
    [["caPath", "caData"], ["oidcIssuer"], ["subjectEmail"]],
)
_PKI = _Form(
    {
        "caRootsPath": str,
        "caRootsData": str,
        "caIntermediatesPath": str,
        "caIntermediatesData": str,
        "subjectEmail": str,
        "subjectHostname": str,
    },
    [["caRootsPath", "caRootsData"]],
)
_KEYS: Mapping[str, type] = {"keyPath": str, "keyPaths": list, "keyData": str}

REQUIREMENTS: Forms = {
    "insecureAcceptAnything": _Form(),
    "reject": _Form(),
    "signedBy": _Form(
        {**_KEYS, "keyType": str, "signedIdentity": _IDENTITIES},
        [["keyType"], list(_KEYS)],
    ),
    "signedBaseLayer": _Form({"baseLayerIdentity": _IDENTITIES}),
    "sigstoreSigned": _Form(
        {
            **_KEYS,
            "keyDatas": list,
            "fulcio": _FULCIO,
            "pki": _PKI,
            "rekorPublicKeyPath": str,
            "rekorPublicKeyPaths": list,
            "rekorPublicKeyData": str,
            "rekorPublicKeyDatas": list,
            "signedIdentity": _IDENTITIES,
        },
        [[*_KEYS, "keyDatas", "fulcio", "pki"]],
    ),
}


def _check(section: Section, forms: Forms) -> None:
    """Make sure that an object is of one of the forms, by its ``type``."""
    form = forms.get(section.take("type", str) or "")
    if form is None:
        expected = ", ".join(forms)
        section.refuse(f"unknown type {section.get('type')!r:.100}, not of: {expected}")
    _check_form(section, form, "type")


def _check_form(section: Section, form: _Form, *beside: str) -> None:
    section.check_keys({*form.fields, *beside})
    for key, expected in form.fields.items():
        _check_field(section, key, expected)
    for group in form.needed:
        if sum(key in section for key in group) != 1:
            one = " or ".join(map(repr, group))
            section.refuse(f"exactly one is needed of {one}")


def _check_field(section: Section, key: str, expected: type | _Form | Forms) -> None:
    if expected is list:
        texts = section.take(key, list)
        if texts is not None and not (texts and all(type(t) is str for t in texts)):
            section.refuse(f"{key!r}: expected a list of texts")
    elif isinstance(expected, type):
        section.take(key, expected)
    elif (inner := section.take(key, Section)) is not None:
        if isinstance(expected, _Form):
            _check_form(inner, expected)
        else:
            _check(inner, expected)
