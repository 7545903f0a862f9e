"""How many parameters a model has where a study does not say: from its weights here, or from its name."""

from __future__ import annotations

import re
from pathlib import Path

from polyteach.errors import UserError
from polyteach.models.folder import count_parameters
from polyteach.models.names import split_hub

_UNITS = {"m": 1e6, "b": 1e9}
# A number of its own before `b` or `m`: not the `4bit` of a quantised file, not the experts of `8x7b`.
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")


def named_parameters(name: str) -> float | None:
    """The parameters that a name tells: 27e9 of `google/gemma-3-27b-it`; None where it tells none, or two."""
    sizes = {float(number) * _UNITS[unit] for number, unit in _SIZE.findall(name.rpartition("/")[2].lower())}
    return sizes.pop() if len(sizes) == 1 else None


def downloaded_parameters(location: str) -> int | None:
    """The parameters of a model of the hub, by its location, if it was downloaded; else None."""
    hub = split_hub(location)
    if not hub:
        return None
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub[0], "config.json", revision=hub[1])
    try:
        return count_parameters(Path(config).parent) if isinstance(config, str) else None
    except UserError:  # its config alone was downloaded
        return None
