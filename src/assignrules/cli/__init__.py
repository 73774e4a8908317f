"""The command ``assignrules``: thin. Arguments in, a call of the library, a report out; no SQL and no logic of rules here.

INVARIANT: nothing heavy is imported at module level, so that ``--help`` answers at once.
"""

from assignrules.cli.application import application, main

__all__ = ["application", "main"]
