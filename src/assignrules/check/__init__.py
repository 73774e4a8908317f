"""A ruleset to diagnostics: lints and proofs, one module each."""

from assignrules.check.files import Checked, check_files
from assignrules.check.lints import check

__all__ = ["Checked", "check", "check_files"]
