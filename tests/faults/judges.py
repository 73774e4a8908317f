"""The case files as judges of mutants: ten to a test, as pytest takes seconds to find a thousand tests by name, and does so for each
mutant. Not collected but by ``mutants.py``."""

from __future__ import annotations

from itertools import groupby

import pytest
from tests import test_cases

TOGETHER = 10
SLICES = {
    f"{topic}-{first // TOGETHER}": files[first : first + TOGETHER]
    for topic, files in ((topic, list(found)) for topic, found in groupby(test_cases.FILES, key=lambda file: file.partition("/")[0]))
    for first in range(0, len(files), TOGETHER)
}


@pytest.mark.parametrize("backend_name", ["duckdb", "reference"])
@pytest.mark.parametrize("name", SLICES)
def test_slice(name: str, backend_name: str) -> None:
    for file in SLICES[name]:
        test_cases.test_case(file, backend_name)
