"""A Ray cluster of three machines, processes of this one, of which some can be lost.

    python bench/campaign/nodes.py

Prints its address. For each line of standard input, the beginning of a machine's id, it ends that machine and
prints `gone`, or `unknown`. It ends with its standard input.
"""

from __future__ import annotations

import os
import sys
import tempfile


def main() -> None:
    """Serves."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home  # Ray may write a token there
        from ray.cluster_utils import Cluster

        there = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        for _ in range(2):
            there.add_node(num_cpus=1)
        print(there.address, flush=True)
        for line in sys.stdin:
            nodes = [node for node in there.worker_nodes if node.node_id.startswith(line.strip())]
            for node in nodes:
                there.remove_node(node, allow_graceful=False)
            print("gone" if nodes else "unknown", flush=True)
        there.shutdown()


if __name__ == "__main__":
    main()
