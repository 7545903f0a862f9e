"""The rubric: what counts as a mark, the oracle, and a local judge that says nothing usable."""

from pathlib import Path

import pytest
from quality_rows import row

from polyteach import pocket
from polyteach.models.completions import LENGTH, STOP, TOO_LONG, Completion
from polyteach.models.local import LocalModel
from polyteach.quality.rubric import conversation, judged_by_model, judged_by_oracle, parse_score


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Natural and right.\n[RESULT] 5", 5.0),
        ("Poor grammar. [RESULT]2\n", 2.0),
        ("[RESULT] 0", None),
        ("[RESULT] 6", None),
        ("[RESULT] 4.5", None),
        ("[RESULT] 4/5", None),
        ("[RESULT] 3 or maybe [RESULT] 4", None),
        ("The score is 5", None),
        ("[RESULT] 5 but on reflection less", None),
        ("", None),
    ],
)
def test_only_one_whole_mark_at_the_end_counts(text: str, score: float | None) -> None:
    found, reason = parse_score(Completion(text, STOP, 1, 1))
    assert found == score
    assert (reason is None) == (score is not None)


def test_reasons() -> None:
    assert parse_score(Completion("Goes on", LENGTH, 1, 1)) == (None, "judge_cut_off")
    assert parse_score(Completion("", TOO_LONG, 1, 0)) == (None, "judge_prompt_too_long")
    assert parse_score(Completion("no mark", STOP, 1, 1)) == (None, "judge_unparsable")


def test_text_with_dollars_and_braces_reaches_the_judge_as_it_is() -> None:
    system, user = conversation(row(1, "Was kostet $prompt?", "{$5} $response"), "de")
    assert "German" in system["content"]
    assert "Was kostet $prompt?" in user["content"] and "{$5} $response" in user["content"]
    assert user["content"].index("feedback") < user["content"].index("[RESULT]")


def test_a_judge_that_babbles_scores_nothing(tiny_model: Path) -> None:
    model = LocalModel.load(str(tiny_model), device="cpu")
    model.context = 4096  # random weights may be asked anything
    rows = [row(1, "Frage?", "Antwort"), row(2, "Frage?", " ")]
    found = judged_by_model(rows, "de", model, judge="tiny", max_new_tokens=4)
    assert found.values == (None, None)
    assert found.reasons[1] == "empty_response"
    assert found.reasons[0] in ("judge_cut_off", "judge_unparsable")
    assert found.figure.value is None


def test_the_oracle_knows_right_from_wrong() -> None:
    seeds = pocket.seed_rows("de", 20, rng_seed=0)
    right = judged_by_oracle([row(i, s.prompt, s.response) for i, s in enumerate(seeds)], "de")
    assert right.figure.value == 5.0
    wrong = judged_by_oracle([row(i, s.prompt, "Quatsch") for i, s in enumerate(seeds)], "de")
    assert wrong.figure.value == 1.0
    assert "not an LLM judge" in right.figure.definition
    other = judged_by_oracle([row(1, "Wer bist du?", "Ich"), row(2, seeds[0].prompt, "")], "de")
    assert other.reasons == ("not_a_pocket_question", "empty_response")
