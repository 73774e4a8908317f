"""Problems as data: where, what, and the way out. Imports nothing of ours."""

from assignrules.diagnostics.model import Diagnostic, Related, Severity, diagnostic, has_errors, in_file_order
from assignrules.diagnostics.span import SourceFile, Span

__all__ = ["Diagnostic", "Related", "Severity", "SourceFile", "Span", "diagnostic", "has_errors", "in_file_order"]
