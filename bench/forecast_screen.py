"""Does the forecast of a screen hold? Previews through a real server, against what the whole screen costs.

    python bench/forecast_screen.py [--tries 20] [--preview 100] [--rows 200] [--sigma 0.8]

As `forecast_live.py`, whose server and teachers these are, but of all that a screen asks for: once of two
teachers alone, once with a judge at an endpoint too, who is asked about each row, and for the gate about
human rows and their corruptions. Its answers take tokens likewise. Each try previews a store of its own with
draws of its own; then one store makes all steps, and what its journal was paid is the truth. Prints
Markdown. Some minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forecast_live import answers, line, study_of
from scripted_server import Script, scripted

from polyteach.artifacts import JOURNAL, Store
from polyteach.forecast import forecast
from polyteach.measuring_costs import ask_judges, rows_to_judge
from polyteach.models.journal import Journal
from polyteach.preview import ask_preview, served_steps
from polyteach.resources import Resources, find_resources
from polyteach.running import look_up
from polyteach.selection.screen.plan import screen_steps, screened
from polyteach.steps import SilentProgress, Step
from polyteach.study import Candidates

JUDGE = "judge"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--preview", type=int, default=100)
    parser.add_argument("--rows", type=int, default=200, help="of each teacher, method and language")
    parser.add_argument("--sigma", type=float, default=0.8, help="of the logarithm of an answer's tokens")
    asked = parser.parse_args()
    print("| screen | USD | interval held | median error | largest error | median width / cost |")
    print("|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory(prefix="polyteach-bench-") as folder,
        scripted(speaking("mini", asked.sigma)) as mini,
        scripted(speaking("maxi", asked.sigma)) as maxi,
        scripted(judging(asked.sigma)) as judge,
    ):
        servers = {"mini": mini, "maxi": maxi, JUDGE: judge}
        urls = {name: server.url for name, server in servers.items()}
        for name, judged in (("teachers alone", False), ("and a judge", True)):
            candidates = candidates_at(urls, asked.rows, judged)
            resources = find_resources(candidates, Path(folder))
            steps = screen_steps(candidates, resources)
            stores = [Store(Path(folder) / f"{judged}-{number}") for number in range(asked.tries)]
            foretold = [
                previewed(candidates, resources, steps, store, asked.preview, number)
                for number, store in enumerate(stores)
            ]
            before = sum(len(server.bodies) for server in servers.values())
            cost = made(candidates, steps, Store(Path(folder) / f"{judged}-whole"))
            sent = sum(len(server.bodies) for server in servers.values()) - before
            print(line(f"{name}, {sent:,} requests", cost, foretold), flush=True)


def speaking(name: str, sigma: float) -> Script:
    """A teacher's answers, other ones than another's."""
    script = answers(sigma)
    return lambda conversation: script([{"role": "system", "content": name}, *conversation])


def judging(sigma: float) -> Script:
    """A judge's answers: feedback and a mark."""
    script = speaking(JUDGE, sigma)

    def judge(conversation: list[dict[str, str]]) -> Any:
        mark = "[[A]]" if "Which of the two answers" in conversation[-1]["content"] else "[RESULT] 4"
        return script(conversation) | {"content": f"It reads well.\n{mark}"}

    return judge


def candidates_at(urls: Mapping[str, str], rows: int, judged: bool) -> Candidates:
    """The two teachers of `forecast_live.py` at servers of their own, and the judge where there is one."""
    candidates = screened(study_of(urls["mini"], rows), rows)
    plain = candidates.model_dump(exclude_none=True, exclude_unset=True)
    for teacher in plain["teachers"]:
        teacher["endpoint"]["urls"] = [urls[teacher["name"]]]
    judge = plain["teachers"][-1] | {"model": JUDGE}
    judge["endpoint"] = judge["endpoint"] | {"urls": [urls[JUDGE]]}
    judge.pop("name")
    return Candidates.model_validate(plain | {"quality": {"judge": judge if judged else "oracle"}})


def previewed(
    candidates: Candidates,
    resources: Resources,
    steps: Sequence[Step],
    store: Store,
    size: int,
    rng_seed: int,
) -> dict[str, Any]:
    """The forecast after one preview, as `polyteach screen --preview` makes it."""
    store.prepare()
    progress = SilentProgress()
    ask_preview(served_steps(steps), store, size, rng_seed, progress)
    ask_judges(steps, rows_to_judge(steps, {}, store, size, rng_seed), store, progress)
    told: dict[str, Any] = forecast(candidates, resources, look_up(steps, store), store)["money"]
    return told


def made(candidates: Candidates, steps: Sequence[Step], store: Store) -> float:
    """Makes all steps; returns what was paid for answers, those of the judge included."""
    store.prepare()
    for step in steps:
        store.make(step)
    with Journal(store.root / JOURNAL, candidates.name) as journal:
        return float(journal.spent().money)


if __name__ == "__main__":
    main()
