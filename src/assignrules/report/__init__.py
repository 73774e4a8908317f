"""Values to what a person or a program reads: text, JSON, CSV, SARIF. One module per thing shown; no database."""
