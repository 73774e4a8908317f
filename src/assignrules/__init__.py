"""assignrules: declarative customer strategies for credit management."""

__version__ = "0.1.0"
