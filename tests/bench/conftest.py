"""The benches are scripts, no package: their folders, and `faults.py`, are found by their place.

Not by `sys.path`: `bench/coverage.py` would then pass for the library of that name.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

for name in ("simulated", "bakeoff", "cluster", "campaign"):
    folder = Path(__file__).parents[2] / "bench" / name
    spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)

file = Path(__file__).parents[2] / "bench" / "faults.py"
spec = spec_from_file_location("faults", file)
assert spec is not None and spec.loader is not None
sys.modules["faults"] = module = module_from_spec(spec)
spec.loader.exec_module(module)
