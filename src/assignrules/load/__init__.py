"""Files into the embedded store: all of them or nothing, every rejected row with its line and reason."""

from assignrules.load.loader import EntityLoad, LoadReport, load

__all__ = ["EntityLoad", "LoadReport", "load"]
