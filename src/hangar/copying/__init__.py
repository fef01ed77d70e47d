"""Copying one image: decide, then move.

`plan` walks an image's graph and lists what it consists of, children before parents.
`Transfer.execute` moves what the destination lacks. `missing` only asks. So
``mirror``, ``save``, ``load`` and ``sync`` are one plan carried out between different
stores, and every ``validate`` is a plan of which nothing is missing.
"""

from hangar.copying.entries import entries_of
from hangar.copying.execute import Transfer, foreseen, missing
from hangar.copying.graph import closure
from hangar.copying.ledger import Ledger
from hangar.copying.merging import joined
from hangar.copying.plan import Plan, Route, full_plan, plan
from hangar.copying.schema1 import Unpacked
from hangar.copying.streams import read_config

__all__ = [
    "Ledger",
    "Plan",
    "Route",
    "Transfer",
    "Unpacked",
    "closure",
    "entries_of",
    "foreseen",
    "full_plan",
    "joined",
    "missing",
    "plan",
    "read_config",
]
