"""The paper's main study on 8, 64 and 256 GPUs, simulated: how long, how busy, and what limits it.

    python bench/cluster_simulation.py [--study studies/paper/main.yaml] [--repeats 5] [--charts FOLDER]

Nothing is computed and nobody is asked: the graph is the study's own, the order and the retries are those of
the executors' schedule, tokens are counted as `--dry-run` counts them, and what a machine does in a second is
assumed, in three sets (`cluster/assumed.py`). No figure here was measured on a GPU. Prints Markdown; minutes.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from cluster.assumed import MIDDLE, SETS, SLOW, SOURCES, Assumed, served_gpus
from cluster.main_study import MainStudy, Servers, by_real_seconds, in_parts
from cluster.simulation import Cluster, Ran, Work, alone, longest_chain, simulate

from polyteach.steps import Step

ROOT = Path(__file__).parents[1]
GPUS = (8, 64, 256)
NODE = 8
HOUR = 3600.0


@dataclass(frozen=True)
class Case:
    """A study under one set of assumptions, on one cluster.

    Attributes:
        steps: its graph.
        work: what each step takes.
        cluster: where.
        assumed: the set.
        servers: GPUs that belong to servers all the time.
    """

    steps: Sequence[Step]
    work: Mapping[str, Work]
    cluster: Cluster
    assumed: Assumed
    servers: int = 0

    def run(self, repeats: int) -> list[Ran]:
        """Several runs, each with other losses of nodes; shortest first."""
        ran = [simulate(self.steps, self.work, self.cluster, rng_seed) for rng_seed in range(repeats)]
        return sorted(ran, key=lambda one: one.seconds)

    def limits(self) -> dict[str, float]:
        """Seconds below which no order of steps comes, by what it is that sets them (nothing lost)."""
        chain = sum(alone(self.work[step.id]) for step in longest_chain(self.steps, self.work))
        gpu_seconds = sum(one.gpus * one.seconds for one in self.work.values())
        at_driver = sum(one.gpus * one.seconds for one in self.work.values() if one.at_driver)
        found = {"longest chain": chain, "GPUs": gpu_seconds / self.cluster.gpus}
        found["GPUs of the driver's node"] = at_driver / min(self.cluster.a_node, self.cluster.gpus)
        for host in sorted({host for one in self.work.values() for host in one.hosts}):
            asked = sum(one.seconds for one in self.work.values() if host in one.hosts)
            found[host] = asked / self.cluster.hosts.get(host, 1)
        return found

    def hours(self, seconds: float) -> float:
        """With the closing steps, on the driver."""
        return (seconds + self.assumed.closing) / HOUR

    def asked_gpu_seconds(self, study: MainStudy) -> float:
        """GPU seconds of computing that own servers and workers do together."""
        return sum(self.assumed.gpu_seconds(load) for loads in study.loads.values() for load in loads)


def main() -> None:
    """Simulates and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--study", type=Path, default=ROOT / "studies" / "paper" / "main.yaml")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--charts", type=Path, help="a folder for the chart")
    asked = parser.parse_args()
    studies = {name: MainStudy(asked.study, one.answer_tokens) for name, one in SETS.items()}
    print_assumed()
    print_study(studies)
    found = print_sizes(studies, asked.repeats)
    print_alone(asked.study, asked.repeats)
    print_help(studies["middle"], asked.repeats)
    print_judges(studies["middle"], asked.repeats)
    print_lost(studies["middle"], asked.repeats)
    if asked.charts:
        draw(found, asked.charts)


def case(study: MainStudy, assumed: Assumed, gpus: int, servers: Servers) -> Case | None:
    """A study on so many GPUs; None where its servers leave none for workers."""
    taken = study.server_gpus if servers == "fixed" else 0
    if taken >= gpus:
        return None
    cluster = Cluster(
        gpus - taken,
        a_node=NODE,
        held=1,
        gpu_hours_a_loss=assumed.gpu_hours_a_loss,
        overhead_seconds=assumed.overhead,
    )
    return Case(study.steps, study.work(assumed, servers), cluster, assumed, taken)


def print_assumed() -> None:
    """The three sets, and where they are from."""
    print("| assumed | fast | middle | slow | from |\n|---|---|---|---|---|")
    for one in fields(Assumed):
        values = [_value(getattr(SETS[name], one.name)) for name in SETS]
        print(f"| {one.name} | {' | '.join(values)} | {SOURCES[one.name]} |")


def _value(value: float | Mapping[str, float]) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {rate:,}" for name, rate in value.items())
    return f"{value / 1e9:g}e9" if value >= 1e8 else f"{value:,}"


def print_study(studies: Mapping[str, MainStudy]) -> None:
    """What is simulated: steps and GPU hours of computing."""
    middle = studies["middle"]
    print(
        f"\n{middle.study.name}: {len(middle.steps)} steps; one server of each own model: "
        f"{middle.server_gpus} GPUs\n"
    )
    print("| GPU hours of computing | fast | middle | slow |\n|---|---|---|---|")
    for kind in ("synthesis", "gate", "quality", "students", "examination"):
        hours = [
            sum(
                SETS[name].gpu_seconds(load)
                for step in study.steps
                if step.kind == kind
                for load in study.loads[step.id]
            )
            / HOUR
            for name, study in studies.items()
        ]
        print(f"| {kind} | " + " | ".join(f"{each:.1f}" for each in hours) + " |")


def print_sizes(studies: Mapping[str, MainStudy], repeats: int) -> dict[str, list[tuple[int, float]]]:
    """Wall time, use and limit by size, set and kind of servers; returns hours by set, servers that move."""
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in SETS}
    for servers, title in (
        ("moving", "servers start where a step needs one"),
        ("fixed", "one server a model, as in the study file"),
    ):
        print(f"\n**{title}**\n")
        print(
            "| GPUs | set | hours (all runs) | computing | held | loading | nodes lost | tail h | limit, h "
            "| hours / limit |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|")
        for gpus in GPUS:
            for name, study in studies.items():
                one = case(study, SETS[name], gpus, servers)  # type: ignore[arg-type]
                if one is None:
                    print(f"| {gpus} | {name} | servers alone take {study.server_gpus} | | | | | | | |")
                    continue
                ran = one.run(repeats)
                if servers == "moving":
                    found[name].append((gpus, one.hours(ran[len(ran) // 2].seconds)))
                print(f"| {gpus} | {name} | {_row(one, study, ran, gpus)} |")
    return found


def _row(one: Case, study: MainStudy, ran: Sequence[Ran], gpus: int) -> str:
    middle = ran[len(ran) // 2]
    hours = one.hours(middle.seconds)
    spread = f"{one.hours(ran[0].seconds):.1f} to {one.hours(ran[-1].seconds):.1f}"
    whole = gpus * middle.seconds
    losses = [each.losses for each in ran]
    name, least = max(one.limits().items(), key=lambda item: item[1])
    failed = max(each.failed for each in ran)
    return " | ".join(
        [
            f"{hours:.1f} ({spread})" + (f", up to {failed} steps failed" if failed else ""),
            f"{one.asked_gpu_seconds(study) / whole:.0%}",
            f"{(middle.held + one.servers * middle.seconds) / whole:.0%}",
            f"{middle.loading / whole:.0%}",
            f"{min(losses)} to {max(losses)}",
            f"{middle.tail / HOUR:.1f}",
            f"{name}, {least / HOUR:.1f}",
            f"{middle.seconds / least:.2f}",
        ]
    )


def print_alone(file: Path, repeats: int) -> None:
    """Which assumption the range comes from: each alone as in the slow set."""
    print("\n**each assumption alone as in the slow set, the others in the middle: hours**\n")
    print("| slow alone | " + " | ".join(f"{gpus} GPUs" for gpus in GPUS) + " |\n|---|" + "---|" * len(GPUS))
    for name in ["nothing", *(one.name for one in fields(Assumed))]:
        assumed = MIDDLE if name == "nothing" else replace(MIDDLE, **{name: getattr(SLOW, name)})
        study = MainStudy(file, assumed.answer_tokens)
        print(
            f"| {name} | "
            + " | ".join(_hours(case(study, assumed, gpus, "moving"), repeats) for gpus in GPUS)
            + " |"
        )


def print_help(study: MainStudy, repeats: int) -> None:
    """What would help, in the middle set."""
    print("\n**what would help: hours, middle set**\n")
    print("| change | " + " | ".join(f"{gpus} GPUs" for gpus in GPUS) + " |\n|---|" + "---|" * len(GPUS))
    cases = {gpus: case(study, MIDDLE, gpus, "moving") for gpus in GPUS}
    rows = {name: [change(one) for one in cases.values() if one] for name, change in CHANGES.items()}
    for name, changed in rows.items():
        print(f"| {name} | " + " | ".join(_hours(one, repeats) for one in changed) + " |")


def print_judges(study: MainStudy, repeats: int) -> None:
    """What more servers of the judge do where each model has its own, in the middle set."""
    print("\n**fixed servers, more of the judge's: hours, and the limit**\n")
    print("| servers of the judge | 64 GPUs | 256 GPUs |\n|---|---|---|")
    gates = (load for id, loads in study.loads.items() if id.startswith("gate/") for load in loads)
    judge = next(load.model for load in gates if load.requests and load.written)
    for count in (1, 2, 4, 8, 16):
        told = []
        for gpus in (64, 256):
            one = case(study, MIDDLE, gpus, "fixed")
            assert one
            more = (count - 1) * served_gpus(study.served[judge])
            cluster = replace(one.cluster, gpus=one.cluster.gpus - more, hosts={judge: count})
            one = replace(one, cluster=cluster, servers=one.servers + more)
            told.append(f"{_hours(one, repeats)}, {max(one.limits().items(), key=lambda item: item[1])[0]}")
        print(f"| {count} | {' | '.join(told)} |")


def print_lost(study: MainStudy, repeats: int) -> None:
    """What lost nodes cost, with and without checkpoints."""
    print("\n**lost nodes, 64 GPUs, middle set: hours; GPU hours of work undone (medians)**\n")
    print("| a node lost once in, GPU hours | with checkpoints | without |\n|---|---|---|")
    one = case(study, MIDDLE, 64, "moving")
    assert one
    for hours in (math.inf, 2000, 200, 50):
        cluster = replace(one.cluster, gpu_hours_a_loss=hours)
        told = []
        for kept in (True, False):
            work = one.work if kept else {id: replace(w, kept_every=None) for id, w in one.work.items()}
            ran = replace(one, cluster=cluster, work=work).run(repeats)
            middle = ran[len(ran) // 2]
            lost = statistics.median(each.lost for each in ran) / HOUR
            failed = max(each.failed for each in ran)
            told.append(
                f"{one.hours(middle.seconds):.1f}; {lost:.1f}" + (f"; {failed} failed" if failed else "")
            )
        print(f"| {hours:g} | {' | '.join(told)} |")


def _hours(one: Case | None, repeats: int) -> str:
    if one is None:
        return "-"
    ran = one.run(repeats)
    return f"{one.hours(ran[len(ran) // 2].seconds):.2f}"


def _cut(one: Case, kinds: Sequence[str], parts: int) -> Case:
    steps, work = in_parts(one.steps, one.work, kinds, parts)
    return replace(one, steps=steps, work=work)


def _measured_apart(one: Case) -> Case:
    """Judge, embedder and perplexity each hold their own GPU only while they work."""
    work = {id: replace(each, gpus=1, busy=1.0) if each.gpus == 3 else each for id, each in one.work.items()}
    return replace(one, work=work)


def _on_four(one: Case) -> Case:
    """Students on four GPUs, 1.8 times as fast as on two."""
    work = {
        id: replace(each, gpus=4, seconds=each.seconds * (1 - each.busy) + each.seconds * each.busy / 1.8)
        if id.startswith("students/")
        else each
        for id, each in one.work.items()
    }
    return replace(one, work=work)


def _hosted_twice(one: Case) -> Case:
    work = {id: replace(w, seconds=w.seconds / 2) if w.hosts else w for id, w in one.work.items()}
    return replace(one, work=work)


CHANGES: Mapping[str, Callable[[Case], Case]] = {
    "as it is": lambda one: one,
    "no locality: steps go to any free GPUs": lambda one: replace(
        one, cluster=replace(one.cluster, locality=False)
    ),
    "the schedule knows what steps really take": lambda one: replace(
        one, steps=by_real_seconds(one.steps, one.work)
    ),
    "synthesis in 4 parts": lambda one: _cut(one, ["synthesis"], 4),
    "quality in 3 steps, of judge, embedder, perplexity": _measured_apart,
    "students on 4 GPUs, 1.8 times as fast": _on_four,
    "hosted teachers answer twice as fast": _hosted_twice,
    "quality in 3 steps, and hosted teachers twice as fast": lambda one: _hosted_twice(_measured_apart(one)),
}


def draw(found: Mapping[str, Sequence[tuple[int, float]]], folder: Path) -> None:
    """Wall time by size as a chart, the sets as lines."""
    from polyteach.report.charts.lines import Series, lines

    series = [Series(name, points) for name, points in found.items()]
    title = "The paper's main study, simulated: hours by GPUs"
    chart = lines(series, "GPUs", "hours", title=title, log_across=True, zero_up=True)
    chart.save(folder / "scaling.svg")


if __name__ == "__main__":
    main()
