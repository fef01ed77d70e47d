"""What is configured about a registry, and where: to find out why it is reached so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hangar.configuration import Configuration, CredentialKey
from hangar.http import Origin, Proxies
from hangar.registry.registry import HOSTS


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that is configured; never a secret.

    Attributes:
        name: what it is about: ``mirror``, ``user``, ``policy``.
        value: what is stated; None if nothing is.
        detail: what else there is to say of it, or "".
        origin: the file, helper or variable that states it; "" if none does.
    """

    name: str
    value: str | bool | None
    detail: str = ""
    origin: str = ""


def registry_settings(name: str, configuration: Configuration) -> list[Setting]:
    """Find out what applies to ``HOST[:PORT][/REPOSITORY]``; no registry is asked.

    Raises:
        InvalidReference: the name is none.
        InvalidConfiguration: a file or helper cannot be used.
    """
    key = CredentialKey.parse(name)
    return [
        Setting("address", HOSTS.get(key.registry, key.registry)),
        *_places(key, configuration),
        _user(key, configuration),
        *_certificates(key, configuration),
        _policy(key, configuration),
        *_signatures(key, configuration),
        _proxy(key, configuration),
    ]


def _places(key: CredentialKey, configuration: Configuration) -> Iterator[Setting]:
    name = str(key)
    rule = configuration.registries.rule(name)
    if rule is None:
        yield Setting("blocked", value=False)
        yield Setting("insecure", value=False)
        return
    detail, file = f"for {rule.prefix}", str(rule.file)
    yield Setting("blocked", rule.blocked, detail, file)
    yield Setting("insecure", rule.insecure, detail, file)
    for mirror in rule.mirrors:
        place = rule.rewritten(name, mirror.location)
        security = ", insecure" if mirror.insecure else ""
        yield Setting("mirror", place, f"{mirror.pull_from}{security}", file)
    yield Setting("location", rule.rewritten(name, rule.location), detail, file)


def _user(key: CredentialKey, configuration: Configuration) -> Setting:
    found = configuration.credentials.locate(key)
    if found is None:
        return Setting("user", None)
    secret = "identity token" if found.credential.identity_token else "password"
    return Setting("user", found.credential.user, f"with {secret}", found.place)


def _certificates(
    key: CredentialKey, configuration: Configuration
) -> Iterator[Setting]:
    found = configuration.certificates(key.registry)
    for path in found.authorities:
        yield Setting("authority", path.name, "", str(path.parent))
    for certificate, private in found.pairs:
        detail, folder = f"with {private.name}", str(certificate.parent)
        yield Setting("certificate", certificate.name, detail, folder)


def _policy(key: CredentialKey, configuration: Configuration) -> Setting:
    demand = configuration.policy.demand("docker", str(key))
    kinds = ", ".join(requirement.kind for requirement in demand.requirements)
    return Setting("policy", kinds, f"for {demand.scope}", demand.file)


def _signatures(key: CredentialKey, configuration: Configuration) -> Iterator[Setting]:
    stated = configuration.attachments.find(str(key))
    detail, file = f"for {stated.scope}", str(stated.file)
    for name, url in (
        ("lookaside", stated.lookaside),
        ("lookaside-staging", stated.lookaside_staging),
    ):
        if url:
            yield Setting(name, _without_secrets(url), detail, file)
    if stated.in_registry is not None:
        name = "use-sigstore-attachments"
        yield Setting(name, stated.in_registry, detail, file)


def _proxy(key: CredentialKey, configuration: Configuration) -> Setting:
    proxies = Proxies(configuration.environ)
    origin = Origin.of(f"https://{HOSTS.get(key.registry, key.registry)}")
    proxy = proxies.find(origin)
    value = str(proxy.origin) if proxy else None
    return Setting("proxy", value, "", proxies.decided_by(origin))


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "not a URL"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
