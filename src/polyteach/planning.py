"""What a study names, as far as a plan needs it: without keys, and without a hub that is out of reach."""

from __future__ import annotations

from pathlib import Path

from polyteach.endpoints import unset_keys
from polyteach.hub import names_as_they_are
from polyteach.resources import Resources, find_resources
from polyteach.study import Candidates


def find_for_plan(study: Candidates, folder: Path) -> tuple[Resources, list[str]]:
    """Finds what a study names, to be counted and not to be run.

    Returns:
        what was found, and in sentences what could not be checked: a run would refuse to start.

    Raises:
        UserErrors: see `find_resources`. What the hub says it does not have is a mistake here too.
    """
    with names_as_they_are() as taken:
        resources = find_resources(study, folder, keys=False)
    unchecked = [f"{name} is not set; a run needs the key" for name in unset_keys(study)]
    if taken:
        names = ", ".join(sorted(taken, key=str.casefold))
        unchecked.append(f"not looked up, since the hub is out of reach (a run needs it): {names}")
    return resources, unchecked
