"""Logging in to registries, and out again.

A registry is named as users do, ``HOST[:PORT][/NAMESPACE]``; a URL stands for its
host. A credential for a namespace is used for what lies below it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hangar.configuration import Configuration, Credential, CredentialKey
from hangar.deadline import Deadline, applied
from hangar.errors import AccessDenied, HangarError
from hangar.reference import Reference
from hangar.registry import Registries

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Login:
    """How a login went.

    Attributes:
        place: the file or helper that keeps the credential.
        checked: False if the registry asks nobody who he is, so that the credential
            may be a wrong one.
        hidden_by: place that has another credential for the same, which is found
            first; or "".
    """

    place: str
    checked: bool
    hidden_by: str = ""


def login(
    registry: str,
    *,
    username: str,
    password: str,
    registries: Registries,
    timeout: float | None = None,
) -> Login:
    """Have a registry accept a user name and password, then keep them.

    They serve all repositories that ``registries`` opens from now on.

    Args:
        registry: what to log in to.
        username: who we are.
        password: what proves it.
        registries: how to speak to it; its configuration says where to keep them.
        timeout: seconds; None: no limit.

    Raises:
        InvalidInput: the name is none, or user name or password cannot be used.
        CredentialsRefused: the registry does not accept them; nothing was kept.
        AccessDenied: the registry is blocked by the configuration.
        HangarError: it could not be asked, or they could not be written.
    """
    key, credential = CredentialKey.parse(registry), Credential(username, password)
    credential.check()
    kept = registries.configuration.credentials
    with applied(Deadline(timeout)):
        checked = registries.registry(key).authenticate(credential)
        place = kept.store(key, credential)
    first = kept.locate(key)
    hidden_by = first.place if first and first.credential != credential else ""
    return Login(place, checked, hidden_by)


def check_login(
    registry: str, *, registries: Registries, timeout: float | None = None
) -> Login:
    """Have a registry accept the credential that is kept for it.

    Raises:
        InvalidInput: the name is none, or a file or helper cannot be used.
        CredentialsRefused: the registry does not accept it.
        AccessDenied: there is none, or the registry is blocked by the configuration.
        HangarError: it could not be asked.
    """
    key = CredentialKey.parse(registry)
    found = registries.configuration.credentials.locate(key)
    if found is None:
        message = f"not logged into {key}"
        raise AccessDenied(message, hint=f"hangar login {key}")
    with applied(Deadline(timeout)):
        checked = registries.registry(key).authenticate(found.credential)
    return Login(found.place, checked)


def logout(registry: str, *, configuration: Configuration) -> bool:
    """Forget what `login` has kept for exactly this registry or namespace.

    Returns:
        Whether that was anything. What other programs keep elsewhere stays.

    Raises:
        InvalidInput: the name is none, or a file or helper cannot be used.
        HangarError: the file cannot be written.
    """
    return configuration.credentials.erase(CredentialKey.parse(registry))


def logout_all(*, configuration: Configuration) -> None:
    """Forget everything that `login` has kept, or others in the same place.

    Raises:
        InvalidInput: a file or helper cannot be used.
        HangarError: the file cannot be written.
    """
    configuration.credentials.erase_all()


def demanded_logins(
    images: Iterable[Reference], registries: Registries, *, to_write: bool
) -> Iterator[str]:
    """Yield the registries that want to know who we are, and we cannot tell them.

    Each is asked once, about the first of its images. One that cannot be asked is none
    of them: whoever uses it will learn why.

    Args:
        images: what is to be written, or read.
        registries: how to speak to them.
        to_write: whether it is to be written.
    """
    firsts: dict[str, Reference] = {}
    for image in images:
        firsts.setdefault(image.registry, image)
    for registry, image in firsts.items():
        try:
            if registries.demands_login(image, to_write=to_write):
                yield registry
        except HangarError as error:
            logger.debug("%s: not asked whether it wants a login: %s", registry, error)
