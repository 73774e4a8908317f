"""``python -m assignrules``."""

from assignrules.cli import main

main()
