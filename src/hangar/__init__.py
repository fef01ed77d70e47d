"""Hangar carries container images to places without internet access.

    from hangar import Registries, copy_all, mirror_routes

    registries = Registries()
    routes = mirror_routes(["nginx:1.27"], registries, to="harbor.example.com")
    report = copy_all(routes, jobs=4)
    for outcome in report.failed:
        print(outcome.image, outcome.error)

What ``__all__`` names is public and stays; everything else may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hangar.configuration import Configuration
    from hangar.deadline import Stop
    from hangar.errors import HangarError
    from hangar.events import Event, Outcome, Report, Reporter, Status, Traffic
    from hangar.operations.routes import mirror_routes
    from hangar.operations.transfer import check_all, copy_all, plan_all
    from hangar.reference import Reference
    from hangar.registry import Registries
    from hangar.selection import Selection

__all__ = [
    "Configuration",
    "Event",
    "HangarError",
    "Outcome",
    "Reference",
    "Registries",
    "Report",
    "Reporter",
    "Selection",
    "Status",
    "Stop",
    "Traffic",
    "check_all",
    "copy_all",
    "mirror_routes",
    "plan_all",
]

_HOMES = {
    "configuration": ["Configuration"],
    "deadline": ["Stop"],
    "errors": ["HangarError"],
    "events": ["Event", "Outcome", "Report", "Reporter", "Status", "Traffic"],
    "operations.routes": ["mirror_routes"],
    "operations.transfer": ["check_all", "copy_all", "plan_all"],
    "reference": ["Reference"],
    "registry": ["Registries"],
    "selection": ["Selection"],
}
"""Where the public names live; imported when first used, so that starting is fast."""


def __getattr__(name: str) -> object:
    if name == "__version__":
        return import_module("importlib.metadata").version("hangar-oci")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"hangar.{home}"), name)
    message = f"module 'hangar' has no attribute {name!r}"
    raise AttributeError(message)
