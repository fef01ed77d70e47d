"""User names and passwords: where docker and podman keep them, and where we do."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hangar.configuration.authfile import AuthFile
from hangar.configuration.credential import Credential
from hangar.configuration.files import home, is_readable_by_others, user_configuration
from hangar.configuration.keychain import Keychain
from hangar.configuration.keys import CredentialKey
from hangar.configuration.registries import AUTH_FILES, RegistriesConf
from hangar.errors import InvalidConfiguration


@dataclass(frozen=True, slots=True)
class Found:
    """A credential, and where it is kept."""

    credential: Credential
    place: str


class Credentials:
    """Finds, keeps and forgets credentials; safe to use from many threads.

    The first place that has one counts: the files in their order, each with the
    helpers that it names; ``credential-helpers`` of registries.conf may put others in
    front of them or behind. A file that is named is the only place.

    Errors of all methods: `InvalidConfiguration` if a file or helper cannot be used.

    Args:
        environ: says where the files are; helpers get it, too.
        registries: says which helpers there are.
        authfile: the one file; None: as ``REGISTRY_AUTH_FILE`` says.
        compat_auth_file: the one file, in which docker is to find what we write.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        registries: RegistriesConf,
        *,
        authfile: Path | None = None,
        compat_auth_file: Path | None = None,
    ) -> None:
        self._environ = environ
        self._registries = registries
        self._warnings: dict[Path, str] = {}
        self._lock = threading.RLock()
        self._keychain_of = functools.cache(self._keychain)
        named = authfile or environ.get("REGISTRY_AUTH_FILE")
        self._is_named = bool(compat_auth_file or named)
        if compat_auth_file:
            self._own = self._file(compat_auth_file, for_docker=True)
            self._files = [self._own]
        elif named:
            self._own = self._file(Path(named))
            self._files = [self._own]
        else:
            self._own, self._files = self._usual()

    @property
    def warnings(self) -> list[str]:
        """What the user should know of the files that were read."""
        return list(self._warnings.values())

    def find(self, registry: str, repository: str = "") -> Credential | None:
        """Look for the credential of a registry or repository; None: there is none."""
        found = self.locate(CredentialKey(registry, repository))
        return found.credential if found else None

    def locate(self, key: CredentialKey) -> Found | None:
        """Look for a credential and where it is."""
        with self._lock:
            for place in self._places(self._files):
                if isinstance(place, AuthFile):
                    self._look_at(place)
                if found := place.find(key):
                    return Found(found, str(place))
        return None

    def store(self, key: CredentialKey, credential: Credential) -> str:
        """Keep a credential; return where.

        Raises:
            InvalidInput: it is empty, or nobody could read it back.
            HangarError: it cannot be written.
        """
        credential.check()
        with self._lock:
            places = list(self._places([self._own]))
            fit = [p for p in places if isinstance(p, AuthFile) or not key.path]
            place = (fit or places)[0]
            if place is self._own:
                self._check_runtime_folder()
            stored = place.store(key, credential)
            self._look_at(self._own)
            return stored

    def erase(self, key: CredentialKey) -> bool:
        """Forget what `store` keeps for exactly this key; tell if that was anything.

        Raises:
            HangarError: the file cannot be written.
        """
        with self._lock:
            self._check_there()
            erased = [place.erase(key) for place in self._places([self._own])]
        return any(erased)

    def erase_all(self) -> None:
        """Forget everything that `store` keeps.

        Raises:
            HangarError: the file cannot be written.
        """
        with self._lock:
            self._check_there()
            for place in self._places([self._own]):
                place.erase_all()

    def _check_there(self) -> None:
        """Make sure that a file that was named exists."""
        if self._is_named and not self._own.is_there:
            reason = f"stat {self._own}: no such file or directory"
            message = f"credential file is not accessible: {reason}"
            raise InvalidConfiguration(message)

    def _places(self, files: Sequence[AuthFile]) -> Iterator[AuthFile | Keychain]:
        """Where to look, in order; ``files`` at their place among the helpers."""
        if self._is_named:
            yield from files
            return
        for helper in self._registries.credential_helpers:
            if helper == AUTH_FILES:
                yield from files
            else:
                yield self._keychain_of(helper, for_docker=False)

    def _usual(self) -> tuple[AuthFile, list[AuthFile]]:
        """The file to write, and the files to read in their order."""
        runtime = self._file(primary_file(self._environ))
        user = self._file(user_configuration(self._environ) / "containers/auth.json")
        folder = self._environ.get("DOCKER_CONFIG")
        config = Path(folder or home(self._environ) / ".docker") / "config.json"
        docker = self._file(config, for_docker=True)
        oldest = AuthFile(
            home(self._environ) / ".dockercfg", self._keychain_of, is_oldest=True
        )
        return docker if folder else runtime, [runtime, user, docker, oldest]

    def _file(self, path: Path, *, for_docker: bool = False) -> AuthFile:
        return AuthFile(path, self._keychain_of, for_docker=for_docker)

    def _keychain(self, helper: str, *, for_docker: bool) -> Keychain:
        return Keychain(helper, self._environ, for_docker=for_docker)

    def _look_at(self, file: AuthFile) -> None:
        """Note what is wrong with a file, or that nothing is any more."""
        self._warnings.pop(file.path, None)
        if file.is_there and is_readable_by_others(file.path):
            hint = f"chmod 600 {file.path}"
            self._warnings[file.path] = f"{file} can be read by other users: {hint}"
        elif self._is_named and not file.is_there:
            self._warnings[file.path] = f"there is no credential file {file}"

    def _check_runtime_folder(self) -> None:
        """Whoever logs in anew makes that folder, and removes it in the end."""
        folder = Path(self._environ.get("XDG_RUNTIME_DIR") or "/")
        if self._own.path.is_relative_to(folder) and not folder.is_dir():
            message = f"$XDG_RUNTIME_DIR {folder} is no folder"
            hint = "unset it, or name a file with --authfile"
            raise InvalidConfiguration(message, hint=hint)


def primary_file(environ: Mapping[str, str], system: str = sys.platform) -> Path:
    """The file of containers-auth.json(5); on macOS there is no runtime folder."""
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        folder = Path(runtime) / "containers"
    elif system == "linux":
        folder = Path("/run/containers") / str(os.getuid())
    else:
        folder = user_configuration(environ) / "containers"
    return folder / "auth.json"
