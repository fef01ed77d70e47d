"""policy.json: which images may be read (containers-policy.json(5))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hangar.configuration.files import SYSTEM, invalid, read, user_configuration
from hangar.configuration.policy_syntax import (
    Requirement,
    Requirements,
    Rules,
    parse_rules,
)
from hangar.configuration.scopes import covering, scope_of
from hangar.errors import VerificationError
from hangar.reference import Reference

ACCEPT, REJECT = "insecureAcceptAnything", "reject"
_ANYTHING = Rules((Requirement(ACCEPT),), {})
_ASSUMPTION = "there is no policy.json, so images are read whatever they are"
_HINT = "--policy names another policy, --insecure-policy accepts anything"


@dataclass(frozen=True, slots=True)
class Demand:
    """What is demanded of an image.

    Attributes:
        requirements: all of which it has to meet.
        scope: for what the policy states them: ``docker "reg.io"``, ``default``.
        file: which states them; "" if no file does.
    """

    requirements: Requirements
    scope: str
    file: str


class Policy:
    """Decides which images may be read; the file is read when first needed.

    Args:
        path: of the policy; None: the user's, else the machine's, else anything goes.
        environ: says where the user's files are.
        accept_anything: whatever the files say.
        system: the machine's configuration.
    """

    def __init__(
        self,
        path: Path | None,
        environ: Mapping[str, str],
        *,
        accept_anything: bool = False,
        system: Path = SYSTEM,
    ) -> None:
        self._path = path
        self._usual = (user_configuration(environ) / "containers", system)
        self._accept_anything = accept_anything
        self._has_assumed = False

    @property
    def assumptions(self) -> list[str]:
        """What was assumed in `check` because there is no policy."""
        return [_ASSUMPTION] if self._has_assumed else []

    def check_file(self) -> None:
        """Make sure that the policy can be used.

        Raises:
            InvalidConfiguration: it cannot.
        """
        _ = self._found

    def demand(self, transport: str, scope: str) -> Demand:
        """What is demanded of the image that has this scope in the transport.

        Raises:
            InvalidConfiguration: the policy cannot be used.
        """
        rules, file = self._found
        scopes = rules.transports.get(transport, {})
        for covers in (*covering(transport, scope), ""):
            if covers in scopes:
                name = f'{transport} "{covers}"' if covers else transport
                return Demand(scopes[covers], name, file)
        return Demand(rules.default, "default", file)

    def check(self, transport: str, scope: str) -> None:
        """Make sure that an image may be read.

        Args:
            transport: of containers-transports(5): ``docker``, ``oci``, ``dir``...
            scope: what is read: ``docker.io/library/nginx:1.27``, a path.

        Raises:
            VerificationError: a requirement is not met, or cannot be checked yet.
            InvalidConfiguration: the policy cannot be used.
        """
        demand = self.demand(transport, scope)
        self._has_assumed = not (demand.file or self._accept_anything)
        kinds = [r.kind for r in demand.requirements if r.kind != ACCEPT]
        reasons = [_reason(kind, demand) for kind in kinds]
        if reasons:
            message = f"{scope} is rejected: {'; '.join(reasons)}"
            raise VerificationError(message, reasons=reasons, hint=_HINT)

    def check_image(self, image: Reference, transport: str = "docker") -> None:
        """Make sure that an image with a name may be read; raises as `check`."""
        self.check(transport, scope_of(image))

    @cached_property
    def _found(self) -> tuple[Rules, str]:
        """The rules, and the file that has them."""
        if self._accept_anything:
            return _ANYTHING, ""
        usual = [folder / "policy.json" for folder in self._usual]
        for path in [self._path] if self._path else usual:
            rules = read(path, parse_rules)
            if rules:
                return rules, str(path)
            if self._path or path.is_symlink():
                raise invalid(path, "no such file")
        return _ANYTHING, ""


def _reason(kind: str, demand: Demand) -> str:
    states = f'{demand.file} states "{kind}" for {demand.scope}'
    return states if kind == REJECT else f"{states}, which cannot be checked yet"
