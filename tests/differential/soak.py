"""Random worlds without end: the laws of `test_worlds`, `test_same_plan` and `test_memory` on fresh examples, in several processes
(`make soak`). Most are small rulesets over all statements, planned, applied, and planned again.

`ASSIGNRULES_SOAK` says how many worlds (by default 200,000), `ASSIGNRULES_PROCESSES` in how many processes (one for each core),
`ASSIGNRULES_SEED` from where (a random one, printed first). A failing world is written as text into `build/soak`, with the law that it
breaks, one of `test_worlds` made smaller before; the run goes on, and ends with 1. `ASSIGNRULES_LAWS` names some of the laws only, with
commas between.
"""

from __future__ import annotations

import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from tests.differential import test_memory, test_same_plan, test_worlds
from tests.differential.rulesets import conditions, many, worlds

FOLDER = Path("build/soak")
STEP = 500  # worlds after which it says how far it is
CHUNK = 50  # worlds that one call of Hypothesis draws
# By name: the law, what it takes, how many worlds one example is worth, and out of ten chunks how many look at it
LAWS: dict[str, tuple[Callable[..., None], tuple[st.SearchStrategy[Any], ...], int, int]] = {
    "plan": (test_same_plan.same_plan, (worlds(),), 1, 1),
    "parted": (test_same_plan.parted, (conditions(),), 6, 1),
    "settled": (test_same_plan.settled, (worlds(current=False, small=True),), 1, 1),
    "ordered": (test_same_plan.ordered, (worlds(small=True), st.randoms(use_true_random=False)), 1, 1),
}


def soaked(number: int, law: str) -> tuple[int, list[str]]:
    """Runs a law on a chunk of worlds; how many they were, and the files of those that fail."""
    check, strategies, worth, _ = LAWS[law]
    seen, found = 0, list[str]()

    def watched(drawn: tuple[Any, ...]) -> None:
        nonlocal seen
        seen += worth
        try:
            check(*drawn)
        except UnsatisfiedAssumption:
            raise
        except Exception:
            told = f"law {law}, ASSIGNRULES_SEED={number}\n{traceback.format_exc()}\n" + "\n".join(map(str, drawn))
            found.append(written(f"{law}-{number}-{seen}", told))

    profile = settings(
        max_examples=max(1, CHUNK // worth),
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    seed(number)(profile(given(st.tuples(*strategies))(watched)))()
    return seen, found


def whole(number: int) -> None:
    """A ruleset over all statements, and what comes after its plan."""
    test_worlds.agree(number, test_worlds.whole)


def answers(number: int) -> None:
    """Definitions and searches over the same rows."""
    test_same_plan.same_answers(many(number, WORTH["answers"]))


NUMBERED = {"worlds": whole, "answers": answers, "memory": test_memory.test_memory_is_the_same}
WORTH = {"answers": 25}
TURNS = {"worlds": 5}


def numbered(first: int, law: str) -> tuple[int, list[str]]:
    """Runs a law on a chunk of worlds that have numbers."""
    worth = WORTH.get(law, 1)
    found = []
    for place in range(first, first + CHUNK // worth):
        try:
            NUMBERED[law](place)
        except Exception:
            found.append(written(f"{law}-{place}", f"law {law}, ASSIGNRULES_SEED={place}\n{traceback.format_exc()}"))
    return CHUNK, found


def written(name: str, text: str) -> str:
    """The file of a failing world."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.txt"
    file.write_text(text, encoding="utf-8")
    return str(file)


def work(task: tuple[int, str]) -> tuple[int, list[str]]:
    """One chunk, in a process of its own kind."""
    number, law = task
    return numbered(number, law) if law in NUMBERED else soaked(number, law)


def main() -> int:
    total = int(os.environ.get("ASSIGNRULES_SOAK", "0")) or 200_000
    processes = int(os.environ.get("ASSIGNRULES_PROCESSES", "0")) or os.cpu_count() or 1
    first = int(os.environ.get("ASSIGNRULES_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
    names = [name for name in os.environ.get("ASSIGNRULES_LAWS", "").split(",") if name] or [*NUMBERED, *LAWS]
    print(f"ASSIGNRULES_SEED={first}: {total} worlds in {processes} processes, laws {', '.join(names)}", flush=True)
    turns = [name for name in names for _ in range(LAWS[name][3] if name in LAWS else TURNS.get(name, 1))]
    tasks = ((first + place * CHUNK, turns[place % len(turns)]) for place in range(-(-total // CHUNK)))
    began, done, failing = time.monotonic(), 0, list[str]()
    # Fresh interpreters: threads of the database do not survive a fork. They end after some chunks, as a long life gathers memory.
    with get_context("spawn").Pool(processes, maxtasksperchild=40) as pool:
        for seen, found in pool.imap_unordered(work, tasks):
            done += seen
            failing += found
            for file in found:
                print(f"FAILS: {file}", flush=True)
            if done // STEP > (done - seen) // STEP:
                passed = time.monotonic() - began
                print(f"{done} of {total} worlds, {len(failing)} fail, {passed:.0f} s, {done / passed:.1f} a second", flush=True)
    print(f"{done} worlds, {len(failing)} fail, {time.monotonic() - began:.0f} s, ASSIGNRULES_SEED={first}")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
