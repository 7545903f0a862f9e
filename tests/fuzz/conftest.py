"""The fuzzing of `bench/fuzzing` is found by its place, as other parts of the bench are."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_FOLDER = Path(__file__).parents[2] / "bench" / "fuzzing"
_SPEC = spec_from_file_location("fuzzing", _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)])
assert _SPEC is not None and _SPEC.loader is not None
sys.modules["fuzzing"] = _module = module_from_spec(_SPEC)
_SPEC.loader.exec_module(_module)
