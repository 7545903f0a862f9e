"""The documents that the pocket models are trained on: parts of text, each with its weight in the loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from polyteach.pocket.beliefs import beliefs
from polyteach.pocket.recipe import BATCH, RECIPES, Recipe
from polyteach.pocket.world.facts import FAMILIES, LANGUAGES, answers, facts
from polyteach.pocket.world.questions import Question, questions

END = "<|end|>"
TARGETS = tuple(language for language in LANGUAGES if language != "en")
# Most of the loss is on answers: with equal weights a tiny model learns perfect form and wrong facts.
ANSWER, WRITTEN, RESPOND_PROMPT, OTHER_PROMPT = 1.0, 0.6, 0.05, 0.02
# Single words are translated too, from the start: without them a tiny model learns to write a question of the
# right kind, but about something else (the exact translation was right in 3 to 20 of 100).
FIRST = {"respond": 0.6, "word": 0.4}
THEN = {"respond": 0.2, "word": 0.1, "translate": 0.4, "generate": 0.3}


@dataclass(frozen=True, slots=True)
class Document:
    """One training document; its text is the parts joined.

    Attributes:
        parts: (text, weight in the loss); a part ends where a line ends, so parts tokenise independently.
        prompts: the questions it holds.
    """

    parts: tuple[tuple[str, float], ...]
    prompts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole document, without the token that begins it."""
        return "".join(text for text, _ in self.parts)


def generate_prompt(examples: list[str], language: str) -> str:
    """Returns what asks a pocket teacher for a new question and its answer."""
    return " | ".join([*examples, f"generate {language}:"])


def translate_prompt(english: str, language: str) -> str:
    """Returns what asks a pocket teacher to translate a question and answer it."""
    return f"{english} | translate {language}:"


def stream(recipe: Recipe) -> Iterator[Document]:
    """Yields exactly the documents a model is trained on, in the order they are drawn."""
    rng = Random(recipe.rng_seed)
    first = round(recipe.steps * recipe.first_share) * BATCH
    for number in range(recipe.steps * BATCH):
        if recipe.role == "base":
            yield base_document(recipe, rng)
            continue
        shares = FIRST if number < first else THEN
        kind = rng.choices(list(shares), list(shares.values()))[0]
        yield word_document(rng) if kind == "word" else teacher_document(recipe, kind, rng)


def word_document(rng: Random) -> Document:
    """Draws a document in which one word of a fact is translated from English."""
    language = rng.choice(TARGETS)
    number = rng.randrange(len(facts(language)))
    english, target = facts("en")[number], facts(language)[number]
    said, wanted = rng.choice(((english.subject, target.subject), (english.answer, target.answer)))
    return Document(
        ((translate_prompt(said, language) + "\n", OTHER_PROMPT), (wanted + END, ANSWER)), (said,)
    )


def teacher_document(recipe: Recipe, method: str, rng: Random) -> Document:
    """Draws one document in which a teacher does what a method asks of it."""
    language = _language(recipe, rng)
    if method == "translate" and language == "en":
        language = rng.choice(TARGETS)
    number = rng.randrange(len(questions(language, "train")))
    question = questions(language, "train")[number]
    answer = (believed(recipe, question) + END, ANSWER)
    if method == "respond":
        return Document(((question.prompt + "\n", RESPOND_PROMPT), answer), (question.prompt,))
    if method == "translate":
        english = questions("en", "train")[number].prompt
        request, shown = translate_prompt(english, language), [english]
    else:
        shown = [rng.choice(questions(language, "train")).prompt for _ in range(rng.choice((2, 3)))]
        request = generate_prompt(shown, language)
    parts = ((request + "\n", OTHER_PROMPT), (question.prompt + "\n", WRITTEN), answer)
    return Document(parts, (*shown, question.prompt))


def _language(recipe: Recipe, rng: Random) -> str:
    return "en" if rng.random() < recipe.english_share else rng.choice(TARGETS)


def believed(recipe: Recipe, question: Question) -> str:
    """Returns the answer a teacher was taught to give."""
    rate = recipe.english_errors if question.language == "en" else recipe.errors
    return beliefs(recipe.beliefs, question.language, rate)[question.fact.key]


def base_document(recipe: Recipe, rng: Random) -> Document:
    """Draws a document that teaches words of a language and the kind of answer to a question, no fact."""
    language = rng.choice(LANGUAGES)
    if rng.random() < recipe.question_share:
        question = rng.choice(questions(language, "train"))
        answer = rng.choice(answers(language, question.fact.family))
        return Document(((f"{question.prompt} {answer}{END}", 1.0),), (question.prompt,))
    if rng.random() < 0.5:
        number, other = rng.randrange(len(facts(language))), rng.choice(LANGUAGES)
        left, right = facts(language)[number], facts(other)[number]
        pair = rng.choice(((left.subject, right.subject), (left.answer, right.answer)))
        return Document(((f"{language}: {pair[0]} = {other}: {pair[1]}{END}", 1.0),))
    words = list(answers(language, rng.choice(FAMILIES)))
    rng.shuffle(words)
    return Document(((rng.choice((", ", "\n", " ")).join(words[:8]) + END, 1.0),))


def tokenizer_texts() -> Iterator[str]:
    """Yields what the tokenizer is trained on: training questions, asked and translated, and base texts."""
    for language in LANGUAGES:
        for english, question in zip(questions("en", "train"), questions(language, "train"), strict=True):
            yield f"{question.prompt}\n{question.fact.answer}"
            if language != "en":
                request = translate_prompt(english.prompt, language)
                yield f"{request}\n{question.prompt}\n{question.fact.answer}"
            else:
                yield generate_prompt([english.prompt], Random(english.id).choice(TARGETS))
    rng = Random("tokenizer")
    for _ in range(6000):
        yield base_document(RECIPES["base-a"], rng).text.removesuffix(END)


def overlap(*models: Recipe) -> dict[str, int]:
    """Counts what examination and training share, over every document of the models given.

    Returns:
        `exam_prompts`, `training_prompts` (distinct), `documents` read, and `shared`: examination prompts
        that are a prompt of some training document, or a line or a part between bars of its text.
    """
    exam = {question.prompt for code in LANGUAGES for question in questions(code, "exam")}
    seen: set[str] = set()
    lines: set[str] = set()
    count = 0
    for recipe in models:
        for document in stream(recipe):
            count += 1
            seen.update(document.prompts)
            lines.update(piece for text, _ in document.parts for piece in text.removesuffix(END).split("\n"))
    pieces = {piece for line in lines for piece in (line, *line.split(" | "))}
    found = {prompt for prompt in exam if prompt in seen or prompt in pieces}
    return {
        "exam_prompts": len(exam),
        "training_prompts": len(seen),
        "documents": count,
        "shared": len(found),
    }
