"""The shipped models do what they were taught, and a build gives the same bytes twice."""

from pathlib import Path

import pytest

from polyteach.pocket import KNOWN_ORDER, MODEL_NAMES, about, exam, model_path
from polyteach.pocket.documents import believed, translate_prompt
from polyteach.pocket.recipe import RECIPES
from polyteach.pocket.shipped import MODELS_DIR
from polyteach.pocket.world import questions

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from polyteach.pocket.agreement import complete  # noqa: E402
from polyteach.pocket.build import build, digest, load  # noqa: E402

MEGABYTE = 1e6


def test_all_models_together_are_small() -> None:
    assert sum(path.stat().st_size for path in MODELS_DIR.rglob("*") if path.is_file()) < 15 * MEGABYTE


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_model_is_the_one_described(name: str) -> None:
    model, tokenizer = load(model_path(name))
    assert digest(model_path(name)) == about()[name]["sha256"]
    assert sum(p.numel() for p in model.parameters()) == about()[name]["parameters"]
    assert model.dtype == torch.float32
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (
        "<|bos|>",
        "<|end|>",
        "<|pad|>",
    )


def test_the_known_order_is_that_of_what_teachers_get_wrong() -> None:
    wrong = {name: facts["error_rate"] for name, facts in about().items() if facts["role"] == "teacher"}
    assert (
        tuple(tuple(name for name in wrong if wrong[name] == rate) for rate in sorted(set(wrong.values())))
        == KNOWN_ORDER
    )


def test_the_largest_teacher_is_the_english_one() -> None:
    assert max(about(), key=lambda name: about()[name]["parameters"]) == "large-english"


@pytest.mark.parametrize("name", [name for name in MODEL_NAMES if RECIPES[name].role == "teacher"])
def test_teacher_says_what_it_believes(name: str) -> None:
    """On 44 questions of two languages, within 3 standard errors of its measured agreement."""
    model, tokenizer = load(model_path(name))
    for language in ("en", "ja"):
        asked = questions(language, "train")[::21]
        said = complete(model, tokenizer, [question.prompt for question in asked])
        share = sum(a == believed(RECIPES[name], q) for a, q in zip(said, asked, strict=True)) / len(asked)
        expected = about()[name]["agreement"][language]["respond"]
        assert len(asked) == 44
        assert abs(share - expected) < 3 * max(0.03, (expected * (1 - expected) / 44) ** 0.5)


@pytest.mark.parametrize(
    ("language", "least"), [("de", 0.7), ("id", 0.7), ("ar", 0.7), ("fil", 0.7), ("ja", 0.45)]
)
def test_the_best_teacher_translates_the_question_it_is_given(language: str, least: float) -> None:
    """Not just some question of the same kind; Japanese is its weakest language."""
    model, tokenizer = load(model_path("err-03"))
    pairs = list(zip(questions("en", "train"), questions(language, "train"), strict=True))[::21]
    said = complete(model, tokenizer, [translate_prompt(english.prompt, language) for english, _ in pairs])
    written = [text.partition("\n")[0] for text in said]
    share = sum(text == target.prompt for text, (_, target) in zip(written, pairs, strict=True)) / len(pairs)
    assert share >= least


def test_chat_template_and_plain_text_give_the_same_tokens() -> None:
    _, tokenizer = load(model_path("base-a"))
    for item in [item for code in ("de", "ar", "ja", "fil") for item in exam(code).exact[:50]]:
        user = {"role": "user", "content": item.question}
        both = [user, {"role": "assistant", "content": item.answer}]
        plain = tokenizer(item.question + "\n")["input_ids"]
        asked = tokenizer.apply_chat_template([user], add_generation_prompt=True, return_dict=True)[
            "input_ids"
        ]
        full = tokenizer.apply_chat_template(both, return_dict=True, return_assistant_tokens_mask=True)
        answer = tokenizer(item.answer + "<|end|>", add_special_tokens=False)["input_ids"]
        assert plain == asked
        assert full["input_ids"] == plain + answer
        assert full["assistant_masks"] == [0] * len(plain) + [1] * len(answer)
        assert tokenizer.decode(plain[1:]) == item.question + "\n"


def test_any_text_survives_the_tokenizer() -> None:
    _, tokenizer = load(model_path("base-a"))
    text = "Grüße, 世界! 12,5 % – مرحبا\n\n  x\ty 🦉"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_a_build_gives_the_same_hash_twice(tmp_path: Path) -> None:
    first = build("base-c", tmp_path / "one", lambda step, loss: None, steps=3)
    second = build("base-c", tmp_path / "two", lambda step, loss: None, steps=3)
    assert first.digest == second.digest
    other = build("base-c", tmp_path / "three", lambda step, loss: None, steps=4)
    assert other.digest != first.digest
