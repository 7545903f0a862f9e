"""Does anything that polyteach reads from others make it stumble? Fuzzing by hypothesis.

    python bench/fuzz.py --target study --seconds 600 --rng-seed 1
    python bench/fuzz.py --case FOLDER              # one that was kept, again, with all that it says

Targets are study files, data files, result files and what models answer: real ones, of which structure and
bytes are changed, go through the commands of polyteach in this process. An outcome is right where the input
is accepted, or refused by a message with a fix. It is wrong where there is any other exception, no end within
20 s, more than 2 GiB of memory, a file changed outside of the working folder, a program started, a word to
another machine, or a character in the messages that terminals obey. Each distinct fault is kept in a folder
with what it takes to see it again. Exit code 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

from fuzzing.answer_files import answer_target
from fuzzing.case import Case
from fuzzing.data_files import data_target
from fuzzing.exploring import Account, Target, explore
from fuzzing.result_files import result_target
from fuzzing.study_files import study_target
from fuzzing.watching import WRONG

TARGETS: dict[str, Callable[[Path], Target]] = {
    "study": lambda folder: study_target(),
    "data": data_target,
    "results": result_target,
    "answers": answer_target,
}


def main() -> int:
    """Explores a target, or runs a case that was kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=list(TARGETS))
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rng-seed", type=int, default=1)
    parser.add_argument("--case", type=Path, help="a folder that an earlier call kept")
    parser.add_argument("--keep", type=Path, help="where faults are kept; else in a new folder of the system")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.case:
            return _again(asked.case.resolve(), Path(folder))
        if not asked.target:
            parser.error("name a --target, or a --case")
        target = TARGETS[asked.target](Path(folder) / "base")
        account = explore(target, asked.seconds, asked.rng_seed)
    kept = (asked.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))).resolve()
    _tell(target, account, asked.rng_seed, kept)
    return 1 if account.faults else 0


def _again(kept: Path, folder: Path) -> int:
    name, case = Case.load(kept)
    target = TARGETS[name](folder / "base")
    ended = target.watch(case, folder)
    print(f"{name}, {case.action}: {ended.kind} in {ended.seconds:.2f} s\n{ended.said}")
    return 1 if ended.kind == WRONG else 0


def _tell(target: Target, account: Account, rng_seed: int, kept: Path) -> None:
    examples = account.outcomes.total()
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(account.outcomes.items()))
    print(f"{target.name}: {examples:,} examples in {account.seconds:.0f} s, rng_seed {rng_seed}: {counts}")
    print(f"distinct refusals: {len(account.refusals)}; the commonest:")
    for sign, count in account.refusals.most_common(12):
        print(f"  {count:6,} {sign!r}")
    print("by action:")
    for (action, kind), count in sorted(account.actions.items()):
        print(f"  {count:6,} {action}: {kind}")
    if account.slowest[1]:
        account.slowest[1].save(kept / "slowest", target.name)
        print(f"slowest: {account.slowest[0]:.2f} s, {account.slowest[1].action}: {kept / 'slowest'}")
    print(f"distinct faults: {len(account.faults)}")
    for number, (sign, (case, ended)) in enumerate(sorted(account.faults.items()), start=1):
        place = kept / f"{target.name}-{number}"
        case.save(place, target.name)
        (place / "said.txt").write_text(ended.said, encoding="utf-8", errors="backslashreplace")
        print(f"  {sign}\n    again: python {Path(sys.argv[0]).name} --case {place}")


if __name__ == "__main__":
    sys.exit(main())
