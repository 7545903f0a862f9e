"""The facts of the pocket world and the questions about them, in six languages."""

from polyteach.pocket.world.facts import FAMILIES, LANGUAGES, Fact, facts
from polyteach.pocket.world.questions import TEMPLATE_COUNT, Question, questions

__all__ = ["FAMILIES", "LANGUAGES", "TEMPLATE_COUNT", "Fact", "Question", "facts", "questions"]
