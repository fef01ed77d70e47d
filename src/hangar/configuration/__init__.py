"""The configuration files that docker, podman and skopeo share.

`Configuration.load` only remembers where to look; a file is read when first asked for.
"""

from hangar.configuration.certificates import Certificates
from hangar.configuration.credential import Credential
from hangar.configuration.credentials import Credentials
from hangar.configuration.keys import CredentialKey
from hangar.configuration.policy import Policy
from hangar.configuration.registries import Endpoint, RegistriesConf
from hangar.configuration.settings import Configuration

__all__ = [
    "Certificates",
    "Configuration",
    "Credential",
    "CredentialKey",
    "Credentials",
    "Endpoint",
    "Policy",
    "RegistriesConf",
]
