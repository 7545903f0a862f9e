"""What became of one request: each attempt's conversation, answer, and reason for another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from polyteach.models.asks import Ask, Sampling
from polyteach.models.completions import TOO_LONG, Completion, Message
from polyteach.models.thinking import without_thinking
from polyteach.steps import rng_seed_of
from polyteach.synthesis.answers import (
    CUT_OFF,
    REFUSAL,
    THINKING_ONLY,
    UNANSWERED,
    BadAnswer,
    Expected,
    read_answer,
)
from polyteach.synthesis.fitting import CountTokens, Fitted, fit, fits
from polyteach.synthesis.json_answers import Pair
from polyteach.synthesis.prompts import PromptSet
from polyteach.synthesis.requests import Request

if TYPE_CHECKING:
    from polyteach.models.journal import Journal

_ANSWER_CHARACTERS = 4000
"""So much of a bad answer is shown to the teacher again."""
_UNSHOWN = (CUT_OFF, THINKING_ONLY)
"""Bad answers that are not shown again: they are long, and nothing in them is wrong."""


@dataclass(frozen=True)
class Terms:
    """How a cell's requests are asked, and how their answers are read.

    Attributes:
        model: identity of the teacher, see `Ask.of`.
        sampling: its settings; a request near the end of the context has fewer new tokens.
        rng_seed: of what a local model draws.
        attempts: how often one row is asked for, at most.
        method, language, prompts: what the cell is; the prompts say in which form answers come.
        checks_language: whether an answer in another language is a bad one.
        context: tokens that prompt and answer may have together; None for no limit.
        count: tokens of a conversation.
        schema: JSON schema of an answer; None where none is sent.
    """

    model: str
    sampling: Sampling
    rng_seed: int
    attempts: int
    method: str
    language: str
    prompts: PromptSet
    checks_language: bool
    context: int | None
    count: CountTokens
    schema: Mapping[str, Any] | None = None

    def fit(self, request: Request) -> Fitted | None:
        """The request as it fits into the context."""
        return fit(request, self.sampling.max_new_tokens, self.context, self.count)

    def ask(self, number: int, fitted: Fitted, conversation: list[Message], attempt: int) -> Ask:
        """What is sent; each attempt has draws of its own."""
        seed = self.rng_seed if attempt == 0 else rng_seed_of(self.rng_seed, attempt)
        return Ask.of(
            self.model,
            conversation,
            replace(self.sampling, max_new_tokens=fitted.max_new_tokens),
            number=number,
            rng_seed=seed,
            attempt=attempt,
            schema=self.schema if fitted.request.prompt is None else None,
        )

    def expected(self, request: Request) -> Expected:
        """What an answer is checked against."""
        return Expected(
            form=self.prompts.answers,
            instruction=request.conversation[-1]["content"],
            prompt=request.prompt,
            shown=tuple(row.prompt for row in request.basis) if self.method == "generate" else (),
            language=self.language if self.checks_language else None,
        )

    def again(self, fitted: Fitted, bad: Completion, reason: str) -> list[Message] | None:
        """The conversation that asks for another answer; None where that would be the same one.

        The bad answer and what is wrong with it follow the request, if the prompt set has words for the
        reason. A refusal, a reason without words, and what would not fit into the context are asked
        plainly once more, if the teacher draws its answers; with a temperature of 0 it would repeat itself.
        """
        conversation = fitted.request.conversation
        words = "" if reason == REFUSAL else self.prompts.again(reason, self.language)
        text = without_thinking(bad.text)[0][:_ANSWER_CHARACTERS]
        if words and text and reason not in _UNSHOWN:
            told = [*conversation, {"role": "assistant", "content": text}, {"role": "user", "content": words}]
        elif words:
            last = conversation[-1]
            told = [*conversation[:-1], last | {"content": f"{last['content']}\n\n{words}"}]
        if words and fits(told, fitted.max_new_tokens, self.context, self.count):
            return told
        return conversation if self.sampling.temperature != 0 else None


@dataclass
class Course:
    """One request: what was asked and answered so far.

    Attributes:
        number: of the request in its cell.
        request: as planned.
        fitted: as it was sent; None where it is too long for the context.
        asks: what was sent, or is to be: one more than the answers where the last one has none.
        answers, reasons: what came back, and why it makes no row (one less, where the last one does).
        thinking: tokens of thinking in each answer.
        pair: the row's prompt and response.
    """

    number: int
    request: Request
    fitted: Fitted | None
    asks: list[Ask] = field(default_factory=list)
    answers: list[Completion] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    thinking: list[int] = field(default_factory=list)
    pair: Pair | None = None

    @property
    def reason(self) -> str | None:
        """Why the request has no row; None where it has one."""
        if self.pair:
            return None
        if self.fitted is None:
            return TOO_LONG
        return UNANSWERED if len(self.answers) < len(self.asks) or not self.asks else self.reasons[-1]

    @property
    def raw(self) -> str:
        """The last answer as it came, or the prompt where there is none."""
        asked = self.request.conversation[-1]["content"]
        if self.reason in (TOO_LONG, UNANSWERED):
            return asked
        last = self.answers[-1]
        return last.text or last.refusal or last.thinking


def follow(terms: Terms, number: int, request: Request, journal: Journal, attempts: int) -> Course:
    """Reads what a request's first `attempts` attempts came to; what is not in the journal ends it."""
    fitted = terms.fit(request)
    course = Course(number, request, fitted)
    if fitted is None:
        return course
    for _ in range(attempts):
        ask = next_ask(terms, course)
        if ask is None:
            break
        course.asks.append(ask)
        answer = journal.get(ask.key)
        if answer is None:
            break
        course.answers.append(answer)
        course.thinking.append(thinking_tokens(answer))
        try:
            course.pair = read_answer(answer, terms.expected(fitted.request))
            break
        except BadAnswer as bad:
            course.reasons.append(bad.reason)
    return course


def next_ask(terms: Terms, course: Course) -> Ask | None:
    """What a course asks next; None where it is at its end."""
    attempt = len(course.asks)
    if course.fitted is None or course.pair or len(course.reasons) < attempt:
        return None
    conversation: list[Message] | None = course.fitted.request.conversation
    if attempt and course.reasons[-1] == TOO_LONG:
        return None
    if attempt:
        conversation = terms.again(course.fitted, course.answers[-1], course.reasons[-1])
    return None if conversation is None else terms.ask(course.number, course.fitted, conversation, attempt)


def thinking_tokens(answer: Completion) -> int:
    """Tokens of thinking: as the server counted them, else by their share of the answer's characters."""
    if answer.thinking_tokens:
        return answer.thinking_tokens
    thought = len(without_thinking(answer.text)[1]) + len(answer.thinking)
    return (
        round(answer.completion_tokens * thought / (len(answer.text) + len(answer.thinking)))
        if thought
        else 0
    )
