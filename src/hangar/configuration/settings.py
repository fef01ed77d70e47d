"""Everything that is configured about registries, in one value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hangar.configuration import certificates
from hangar.configuration.certificates import Certificates
from hangar.configuration.credentials import Credentials
from hangar.configuration.files import invalid
from hangar.configuration.policy import Policy
from hangar.configuration.registries import Endpoint, RegistriesConf
from hangar.configuration.registries_d import RegistriesD
from hangar.reference import Reference

_TEMPORARY = Path("/var/tmp")  # noqa: S108 - only for files that have no name
"""Images are larger than what /tmp has room for where that is in memory."""


@dataclass(frozen=True)
class Configuration:
    """What docker's and podman's configuration files say.

    Attributes:
        credentials: user names and passwords.
        registries: where images really are, and who keeps credentials.
        policy: which images may be read.
        attachments: where signatures are.
        cert_dir: the one directory with certificates, or None: look in the usual.
        cache_dir: where temporary files go; made when the first is written.
        environ: the environment that decides where the files are.
    """

    credentials: Credentials
    registries: RegistriesConf
    policy: Policy
    attachments: RegistriesD
    cert_dir: Path | None
    cache_dir: Path
    environ: Mapping[str, str]

    @classmethod
    def load(
        cls,
        *,
        authfile: Path | None = None,
        compat_auth_file: Path | None = None,
        cert_dir: Path | None = None,
        cache_dir: Path | None = None,
        registries_conf: Path | None = None,
        policy: Path | None = None,
        accept_anything: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Remember where to look; nothing is read yet.

        Args:
            authfile: the one file with credentials; None: the usual ones.
            compat_auth_file: the one file, in which docker is to find what is written.
            cert_dir: the one directory with certificates; None: the usual ones.
            cache_dir: for temporary files; None: as ``TMPDIR`` says, else /var/tmp.
            registries_conf: in place of the usual registries.conf.
            policy: in place of the usual policy.json.
            accept_anything: read images whatever a policy says.
            environ: in place of the environment of this process.
        """
        found = os.environ if environ is None else environ
        registries = RegistriesConf(registries_conf, found)
        return cls(
            credentials=Credentials(
                found,
                registries,
                authfile=authfile,
                compat_auth_file=compat_auth_file,
            ),
            registries=registries,
            policy=Policy(policy, found, accept_anything=accept_anything),
            attachments=RegistriesD(found),
            cert_dir=cert_dir,
            cache_dir=cache_dir or Path(found.get("TMPDIR") or _TEMPORARY),
            environ=found,
        )

    def check(self) -> None:
        """Read now what concerns all registries, so that errors are told first.

        Raises:
            InvalidConfiguration: a file cannot be used.
        """
        self.registries.check()
        self.policy.check_file()
        if self.cert_dir:  # one for all hosts
            self.certificates("")
        if self.cache_dir.exists() and not self.cache_dir.is_dir():
            raise invalid(self.cache_dir, "no directory", "name another one")

    @property
    def assumptions(self) -> list[str]:
        """What was assumed so far: where no file states anything, or of short names."""
        return [*self.policy.assumptions, *self.registries.notes]

    @property
    def warnings(self) -> list[str]:
        """What the user should know of the files that were read so far."""
        return [*self.registries.warnings, *self.credentials.warnings]

    def reference(self, name: str) -> Reference:
        """Read a name as users write it; one without registry may have an alias.

        After ``docker://`` none counts, as for podman.

        Raises:
            InvalidReference: it is no name of an image.
            InvalidConfiguration: a file cannot be used.
        """
        return Reference.parse(self.registries.expanded(name).removeprefix("docker://"))

    def certificates(self, host: str) -> Certificates:
        """Find the certificates for ``host[:port]``."""
        return certificates.find(host, self.cert_dir, self.environ)

    def endpoint(self, reference: Reference) -> Endpoint:
        """Where to write an image."""
        return self.registries.endpoint(reference)

    def endpoints(self, reference: Reference) -> tuple[Endpoint, ...]:
        """Where to read an image, in the order in which to try."""
        return self.registries.endpoints(reference)
