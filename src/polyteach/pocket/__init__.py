"""The pocket world: facts in six languages, tiny real teachers and students' bases that ship along.

Because we built the teachers we know which of them is better, so a study of them tests the whole program.
Nothing heavy is imported here; weights are read only by whoever opens a `model_path`.
"""

from polyteach.pocket.exam import ChoiceItem, ExactItem, Exam, exam
from polyteach.pocket.oracle import Verdict, judge
from polyteach.pocket.seed import SEED_ROW_COUNT, seed_rows
from polyteach.pocket.shipped import KNOWN_ORDER, MODEL_NAMES, about, model_path
from polyteach.pocket.world import LANGUAGES

__all__ = [
    "KNOWN_ORDER",
    "LANGUAGES",
    "MODEL_NAMES",
    "SEED_ROW_COUNT",
    "ChoiceItem",
    "ExactItem",
    "Exam",
    "Verdict",
    "about",
    "exam",
    "judge",
    "model_path",
    "seed_rows",
]
