"""``python -m hangar`` is ``hangar``."""

from hangar.cli.main import run

run()
