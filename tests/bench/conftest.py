"""The benches are scripts, no package: `bench/simulated` is found by its place.

Not by `sys.path`: `bench/coverage.py` would then pass for the library of that name.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "bench" / "simulated"

spec = spec_from_file_location("simulated", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
assert spec is not None and spec.loader is not None
sys.modules["simulated"] = module = module_from_spec(spec)
spec.loader.exec_module(module)
