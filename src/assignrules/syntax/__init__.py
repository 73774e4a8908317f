"""Rule text to syntax tree, and back."""
