"""Which language model, used how, teaches a language best, how sure are we, and what does it cost?

In a notebook: `import polyteach as pt`, then `pt.open_run("runs/x")`, `pt.compare(a, b)` and
`pt.plots.ranking(run)`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from polyteach.errors import UserError
from polyteach.figures import Figure

if TYPE_CHECKING:
    from polyteach.notebook import compare, open_run, plots

__version__ = "0.1.0"
__all__ = ["Figure", "UserError", "__version__", "compare", "open_run", "plots"]


def __getattr__(name: str) -> Any:
    """What notebooks use, imported when it is asked for: `import polyteach` itself stays light."""
    if name == "plots":
        return import_module("polyteach.notebook.plots")
    if name in ("compare", "open_run"):
        return getattr(import_module("polyteach.notebook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
