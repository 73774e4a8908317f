"""Random worlds without end: the laws of `test_same_plan` and `test_memory` on fresh examples, in several processes (`make soak`).

`ASSIGNRULES_SOAK` says how many worlds (by default 200,000), `ASSIGNRULES_PROCESSES` in how many processes (one for each core),
`ASSIGNRULES_SEED` from where (a random one, printed first). A failing world is written as text into `build/soak`, with the law that it
breaks; the run goes on, and ends with 1. `ASSIGNRULES_LAWS` names some of the laws only, with commas between.
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
from tests.differential import test_memory, test_same_plan
from tests.differential.rulesets import conditions, many, worlds

FOLDER = Path("build/soak")
CHUNK = 50  # worlds that one call of Hypothesis draws
# By name: the law, what it takes, how many worlds one example is worth, and out of ten chunks how many look at it
LAWS: dict[str, tuple[Callable[..., None], tuple[st.SearchStrategy[Any], ...], int, int]] = {
    "plan": (test_same_plan.same_plan, (worlds(),), 1, 3),
    "small": (test_same_plan.same_plan, (worlds(small=True),), 1, 3),
    "answers": (test_same_plan.same_answers, (many(count=15),), 15, 1),
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
            file = FOLDER / f"{law}-{number}-{seen}.txt"
            FOLDER.mkdir(parents=True, exist_ok=True)
            told = f"law {law}, ASSIGNRULES_SEED={number}\n{traceback.format_exc()}\n" + "\n".join(map(str, drawn))
            file.write_text(told, encoding="utf-8")
            found.append(str(file))

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


def remembered(number: int) -> tuple[int, list[str]]:
    """The same of random journals."""
    found = []
    for place in range(number, number + CHUNK):
        try:
            test_memory.test_memory_is_the_same(place)
        except Exception:
            FOLDER.mkdir(parents=True, exist_ok=True)
            file = FOLDER / f"memory-{place}.txt"
            file.write_text(traceback.format_exc(), encoding="utf-8")
            found.append(str(file))
    return CHUNK, found


def work(task: tuple[int, str]) -> tuple[int, list[str]]:
    """One chunk, in a process of its own kind."""
    number, law = task
    return remembered(number) if law == "memory" else soaked(number, law)


def main() -> int:
    total = int(os.environ.get("ASSIGNRULES_SOAK", "0")) or 200_000
    processes = int(os.environ.get("ASSIGNRULES_PROCESSES", "0")) or os.cpu_count() or 1
    first = int(os.environ.get("ASSIGNRULES_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
    names = [name for name in os.environ.get("ASSIGNRULES_LAWS", "").split(",") if name] or [*LAWS, "memory"]
    print(f"ASSIGNRULES_SEED={first}: {total} worlds in {processes} processes, laws {', '.join(names)}", flush=True)
    turns = [name for name in names for _ in range(LAWS[name][3] if name in LAWS else 1)]
    tasks = ((first + place * CHUNK, turns[place % len(turns)]) for place in range(-(-total // CHUNK)))
    began, done, failing = time.monotonic(), 0, list[str]()
    # Fresh interpreters: threads of the database do not survive a fork. They end after some chunks, as a long life gathers memory.
    with get_context("spawn").Pool(processes, maxtasksperchild=40) as pool:
        for seen, found in pool.imap_unordered(work, tasks):
            done += seen
            failing += found
            for file in found:
                print(f"FAILS: {file}", flush=True)
            if done // 1000 > (done - seen) // 1000:
                print(f"{done} worlds, {len(failing)} fail, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{done} worlds, {len(failing)} fail, {time.monotonic() - began:.0f} s, ASSIGNRULES_SEED={first}")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
