"""Which language model, used how, teaches a language best, how sure are we, and what does it cost?"""

from polyteach.errors import UserError
from polyteach.figures import Figure

__version__ = "0.1.0"
__all__ = ["Figure", "UserError", "__version__"]
