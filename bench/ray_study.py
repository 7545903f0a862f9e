"""Runs a study here and on a local Ray cluster of three machines, and compares the results byte by byte.

    python bench/ray_study.py [STUDY.yaml] [--rng-seed 1]

The machines are processes of this one (`ray.cluster_utils`) with a CPU each. Three runs, each in a folder of
its own: with the local executor; on the cluster; and on the cluster while a machine is removed, at a random
moment at which a step runs there. Exit code 1 if any `results.json` differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SMALL = Path(__file__).with_name("small_study.yaml")


def start(study: Path, output: Path, *options: str) -> subprocess.Popen[bytes]:
    """Starts the study."""
    output.mkdir()
    command = [sys.executable, "-m", "polyteach.cli.main", "run", str(study), "--output-dir", str(output)]
    with (output / "log.txt").open("ab") as log:
        return subprocess.Popen([*command, *options], stdout=log, stderr=log)


def status_of(output: Path) -> dict[str, Any]:
    """What the run says of itself; empty before it says anything."""
    found = list(output.glob("runs/*/status.json"))
    return json.loads(found[0].read_bytes()) if found else {}


def results_of(process: subprocess.Popen[bytes], output: Path) -> bytes:
    """Waits for a run's end; its results."""
    if code := process.wait():
        sys.exit(f"the study ended with exit code {code}:\n{(output / 'log.txt').read_text()}")
    return next(output.glob("runs/*/results.json")).read_bytes()


def lose_a_machine(machines: Any, rng: random.Random, process: subprocess.Popen[bytes], output: Path) -> str:
    """Removes a machine while a step runs there, after some steps have ended; says which and when."""
    enough = rng.randint(3, 8)
    while process.poll() is None:
        steps = status_of(output).get("steps", [])
        ended = sum(step["state"] == "done" for step in steps)
        away = {step["where"]: step["id"] for step in steps if step["state"] == "running" and step["where"]}
        for node in machines.worker_nodes:
            for where, step in away.items():
                if ended >= enough and where.endswith(f"/{node.node_id[:6]}"):
                    machines.remove_node(node, allow_graceful=False)
                    return f"{where} was removed after {ended} steps, in the middle of {step}"
        time.sleep(0.05)
    return "NO MACHINE WAS REMOVED: no step ran elsewhere"


def main() -> None:
    """Runs, compares, prints."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("study", nargs="?", type=Path, default=SMALL)
    arguments.add_argument("--rng-seed", type=int, default=1)
    options = arguments.parse_args()
    rng = random.Random(options.rng_seed)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder  # Ray may write a token there
        began = time.monotonic()
        here = Path(folder, "here")
        expected = results_of(start(options.study, here), here)
        print(f"local: {time.monotonic() - began:.1f} s, {len(expected)} bytes of results", flush=True)
        different = 0
        for name in ("three machines", "a machine lost"):
            machines = Cluster(
                initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
            )
            for _ in range(2):
                machines.add_node(num_cpus=1)
            output, began = Path(folder, name.replace(" ", "-")), time.monotonic()
            process = start(options.study, output, "--executor", "ray", "--ray-address", machines.address)
            told = f"; {lose_a_machine(machines, rng, process, output)}" if "lost" in name else ""
            same = results_of(process, output) == expected
            different += not same
            places = {step["where"] for step in status_of(output)["steps"]}
            verdict = "identical" if same else "DIFFERENT"
            seconds = time.monotonic() - began
            print(f"{name}: {seconds:.1f} s, steps in {len(places)} places: {verdict}{told}", flush=True)
            machines.shutdown()
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
