"""Runs in a notebook: data frames, charts, comparisons. `import polyteach as pt` is the way in."""

from polyteach.notebook.compared import Compared, compare
from polyteach.notebook.run import Run, Verdict, open_run

__all__ = ["Compared", "Run", "Verdict", "compare", "open_run"]
