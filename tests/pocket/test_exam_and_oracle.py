"""The examination's items, the seed data, and the exact judge."""

import pytest

from polyteach.errors import UserError
from polyteach.pocket import LANGUAGES, SEED_ROW_COUNT, exam, judge, model_path, seed_rows
from polyteach.pocket.world import questions


@pytest.mark.parametrize("language", LANGUAGES)
def test_items_are_unique_and_have_one_right_choice(language: str) -> None:
    items = exam(language)
    assert len({item.id for item in items.choice}) == len({i.question for i in items.choice}) == 368
    for choice, exact in zip(items.choice, items.exact, strict=True):
        assert len(set(choice.choices)) == 4
        assert choice.choices[choice.answer_index] == exact.answer
        assert (choice.id, choice.cluster, choice.question) == (exact.id, exact.cluster, exact.question)


def test_a_fact_is_one_cluster_in_all_wordings_and_languages() -> None:
    clusters = [[item.cluster for item in exam(language).exact] for language in LANGUAGES]
    assert len(set(clusters[0])) == 184
    assert all(clusters[0].count(cluster) == 2 for cluster in clusters[0])
    assert all(other == clusters[0] for other in clusters)


def test_right_choices_stand_in_every_place() -> None:
    places = [item.answer_index for item in exam("de").choice]
    assert all(60 < places.count(place) < 125 for place in range(4))


@pytest.mark.parametrize("language", LANGUAGES)
def test_seed_rows_are_right_unique_and_outside_the_exam(language: str) -> None:
    rows = seed_rows(language, SEED_ROW_COUNT, 5)
    assert len({row.prompt for row in rows}) == SEED_ROW_COUNT
    assert {judge(row.prompt, row.response, language).score for row in rows} == {5}
    assert not {row.prompt for row in rows} & {item.question for item in exam(language).choice}
    assert {(row.method, row.teacher, row.source) for row in rows} == {("human", "", "pocket")}
    assert seed_rows(language, 40, 5) == rows[:40]
    assert seed_rows(language, 40, 6) != rows[:40]


def test_first_seed_rows_ask_about_every_fact_once() -> None:
    ids = {row.source_id.split("/", 2)[2] for row in seed_rows("ar", 184, 1)}
    assert len(ids) == 184


@pytest.mark.parametrize(
    ("response", "score"),
    [
        ("Juli", 5),
        (" Juli\n", 5),
        ("juli.", 4),
        ("Das ist der Juli!", 4),
        ("July", 3),
        ("Hulyo", 3),
        ("August", 2),
        ("Montag", 1),
        ("Julius", 1),
        ("", 1),
    ],
)
def test_marks(response: str, score: int) -> None:
    assert judge("Welcher Monat kommt nach Juni?", response, "de").score == score
    assert judge("Sag mir den Monat direkt nach Juni.", response, "de").score == score


def test_a_japanese_number_inside_another_is_another() -> None:
    (two,) = [q for q in questions("ja", "train") if q.fact.key == "number_word/2" and q.template == 0]
    assert judge(two.prompt, "二", "ja").score == 5
    assert judge(two.prompt, "十二", "ja").score == 2
    assert judge(two.prompt, "答えは二です", "ja").score == 4
    assert judge(two.prompt, "答えは十二です", "ja").score == 1


def test_what_the_oracle_cannot_judge_has_no_mark() -> None:
    assert judge("Who wrote Faust?", "Goethe", "de").score is None
    assert judge("Who wrote Faust?", "Goethe", "de").reason == "not_a_pocket_question"
    assert judge("Welcher Monat kommt nach Juni?", "Juli", "sw").reason == "not_a_pocket_language"


def test_mistakes_are_told_with_a_way_out() -> None:
    with pytest.raises(UserError, match="err-03"):
        model_path("err-04")
    with pytest.raises(UserError, match="920"):
        seed_rows("de", 921, 0)
    with pytest.raises(UserError, match="fil"):
        exam("sw")
