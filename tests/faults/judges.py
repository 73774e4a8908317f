"""The case files as judges of mutants, some to a test: pytest takes seconds to find a thousand tests by name, and does so for each mutant.
By topic and first letter, as a new file must not move the others. Not collected but by ``mutants.py``."""

from __future__ import annotations

from itertools import groupby

import pytest
from tests import test_cases

SLICES = {name: list(files) for name, files in groupby(test_cases.FILES, key=lambda file: file[: file.index("/") + 2])}


@pytest.mark.parametrize("backend_name", ["duckdb", "reference"])
@pytest.mark.parametrize("name", SLICES)
def test_slice(name: str, backend_name: str) -> None:
    for file in SLICES[name]:
        test_cases.test_case(file, backend_name)
