"""`polyteach filter`: rows and columns kept as they were, drops counted, mistakes told first."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from polyteach.cli.main import invoke
from polyteach.rows import Row, write_rows

Captured = pytest.CaptureFixture[str]
GOOD = [
    {"prompt": "Was ist blau?", "response": "Der Himmel ist an klaren Tagen blau.", "tags": ["a", 1]},
    {"prompt": "Was ist rot?", "response": "Die Tomate ist rot, wenn sie reif ist.", "note": {"by": "x"}},
]
BAD = [
    {"prompt": "Was ist leer?", "response": ""},
    {"prompt": "Was ist blau?", "response": "Der Himmel ist an klaren Tagen blau.", "id": 7},
    {"prompt": "Was ist kurz?", "response": "<b>Kurz</b> ist der Februar.", "finish_reason": "length"},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return written(tmp_path / "data.jsonl", [GOOD[0], BAD[0], BAD[1], GOOD[1], BAD[2]])


def written(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
    return path


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(*arguments: object) -> int:
    return invoke(["filter", *map(str, arguments)])


def test_rows_stay_as_they_were_and_drops_have_reasons(data: Path, tmp_path: Path, capsys: Captured) -> None:
    out, gone = tmp_path / "out.jsonl", tmp_path / "gone.jsonl"
    assert run(data, "--language", "de", "--output", out, "--dropped", gone, "--json") == 0
    assert records(out) == GOOD
    assert [(one["prompt"], one["dropped_for"]) for one in records(gone)] == [
        ("Was ist leer?", ["empty"]),
        ("Was ist blau?", ["exact_duplicates"]),
        ("Was ist kurz?", ["cut_off", "html"]),
    ]
    summary = json.loads(capsys.readouterr().out)
    assert (summary["schema_version"], summary["rows"], summary["kept"]) == (1, 5, 2)
    by_rule = {one["reason"]: (one["found"], one["dropped"]) for one in summary["by_rule"]}
    assert by_rule["cut_off"] == (1, 1)
    assert by_rule["html"] == (1, 0)
    assert sum(one["dropped"] for one in summary["by_rule"]) == 3
    [cut_off] = [one for one in summary["by_rule"] if one["reason"] == "cut_off"]
    assert cut_off["could_not_tell"] == {"not_said": 4}
    assert json.loads((tmp_path / "out.jsonl.filter.json").read_text())["kept"] == 2


def test_the_same_again_gives_the_same_bytes(data: Path, tmp_path: Path, capsys: Captured) -> None:
    for name in ("out.parquet", "out.jsonl"):
        out = tmp_path / name
        assert run(data, "--language", "de", "--output", out) == 0
        before = out.read_bytes()
        assert run(data, "--language", "de", "--output", out) == 0  # its own output may be written over
        assert out.read_bytes() == before
    said = capsys.readouterr().out
    assert "2 of 5 rows stay, 3 go" in said
    assert "4 not_said" in said


def test_columns_of_no_one_type_become_text_in_parquet(data: Path, tmp_path: Path) -> None:
    out, gone = tmp_path / "out.parquet", tmp_path / "gone.parquet"
    assert run(data, "--language", "de", "--output", out, "--dropped", gone) == 0
    kept = pq.read_table(out).to_pylist()
    assert [one["tags"] for one in kept] == ['["a", 1]', None]
    assert kept[1]["note"] == {"by": "x"}
    assert "dropped_for" not in kept[0]
    assert pq.read_table(gone).to_pylist()[2]["dropped_for"] == ["cut_off", "html"]


def test_our_own_rows_and_several_files(data: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.parquet"
    texts = {"prompt": "Was ist grün?", "response": "Das Gras ist im Mai grün."}
    known = ("de", "respond", "t", "s", "")
    rows = [
        Row("a", *known, **texts, finish_reason="length"),
        Row("b", *known, **texts, extra={"judge_scores": {"j": 2}}),
    ]
    write_rows(own, rows)
    out = tmp_path / "out.parquet"
    assert run(own, "--output", out, "--drop", "cut_off") == 0  # each row says its language
    assert pq.read_table(out).to_pylist() == pq.read_table(own).to_pylist()[1:]
    low = tmp_path / "low.jsonl"
    options = ["--language", "de", "--drop", "judge_below: {least: 3}", "--drop", "empty"]
    assert run(data, own, "--output", low, *options) == 0
    assert [one["prompt"] for one in records(low)] == [
        *(g["prompt"] for g in (GOOD[0], BAD[1], GOOD[1], BAD[2])),
        "Was ist grün?",
    ]


def test_marks_are_found_wherever_our_files_have_them(data: Path, tmp_path: Path) -> None:
    known = {"judge_scores": {"j": 2}}
    forms = [known, {"extra": known}, {"extra": json.dumps(known)}]
    path = written(tmp_path / "marked.jsonl", [*GOOD, *({**BAD[1], **form} for form in forms)])
    out = tmp_path / "out.jsonl"
    assert run(path, "--language", "de", "--output", out, "--drop", "judge_below: {least: 3}") == 0
    assert records(out) == GOOD


def test_one_row_has_one_text_and_turns_that_no_rule_sees_are_counted(
    tmp_path: Path, capsys: Captured
) -> None:
    pairs = [("user", GOOD[0]["prompt"]), ("assistant", GOOD[0]["response"])]
    more = [{"role": role, "content": text} for role, text in [*pairs, ("user", "Why?"), *pairs[1:]]]
    out = tmp_path / "out.jsonl"
    path = written(tmp_path / "turns.jsonl", [{"messages": more}, GOOD[1], {"messages": [*more, more[0]]}])
    assert run(path, "--language", "de", "--output", out, "--json") == 0
    said = capsys.readouterr()
    summary = json.loads(said.out)
    assert (summary["kept"], summary["kept_with_other_turns"]) == (2, 1)
    assert "warning: 1 of the rows that stay say more than a prompt and its answer" in said.err
    other = written(tmp_path / "two.jsonl", [{**GOOD[1], "messages": more}])
    assert run(other, "--language", "de", "--output", out, "--force") == 2
    assert "'prompt' is not what 'messages' says" in capsys.readouterr().err


def test_rules_of_a_file(data: Path, tmp_path: Path) -> None:
    rules, out = tmp_path / "rules.yaml", tmp_path / "out.jsonl"
    rules.write_text("rules:\n  - empty\n  - pattern: {regex: Tomate, called: no_tomatoes}\n")
    assert run(data, "--language", "de", "--rules", rules, "--output", out) == 0
    assert [one["prompt"] for one in records(out)] == ["Was ist blau?", "Was ist blau?", "Was ist kurz?"]


def test_no_row_left_writes_only_what_goes(data: Path, tmp_path: Path, capsys: Captured) -> None:
    out, gone = tmp_path / "out.jsonl", tmp_path / "gone.jsonl"
    options = [
        "--language",
        "de",
        "--output",
        out,
        "--dropped",
        gone,
        "--drop",
        "too_short: {characters: 99}",
    ]
    assert run(data, *options) == 2
    assert "no row is left (5 too_short)" in capsys.readouterr().err
    assert not out.exists()
    assert len(records(gone)) == 5


def test_mistakes_are_told(data: Path, tmp_path: Path, capsys: Captured) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"prompt": 1')
    here = ["--language", "de", "--output", tmp_path / "new.jsonl"]
    for arguments, said in (
        ([], "no data is named"),
        ([data], "no output is named"),
        ([data, "--language", "de", "--output", data], "would be written over"),
        ([data, "--language", "de", "--output", tmp_path / "out.csv"], "no Parquet or JSONL"),
        ([data, "--output", tmp_path / "new.jsonl"], "the row names no language"),
        ([data, *here, "--dropped", tmp_path / "new.jsonl"], "is the output too"),
        ([data, *here, "--drop", "dupes"], "there is no rule 'dupes'"),
        ([data, *here, "--drop", "empty", "--rules", "r.yaml"], "two ways to say one thing"),
        ([data, *here, "--rules", tmp_path / "none.yaml"], "No such file"),
        ([tmp_path / "none.jsonl", *here], "there is no such file"),
        ([broken, *here], "not valid JSON"),
        ([data, *here, "--judge", "oracle"], "no rule asks for marks"),
        ([data, *here, "--verify"], "is needed by --verify"),
        ([data, *here, "--base", "pocket:base-c"], "is for --verify"),
    ):  # fmt: skip
        assert run(*arguments) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "new.jsonl").exists()
    foreign = written(tmp_path / "there.jsonl", GOOD)
    assert run(data, "--language", "de", "--output", foreign) == 2
    assert records(foreign) == GOOD
    assert run(data, "--language", "de", "--output", foreign, "--force") == 0


def test_the_rules_are_printed(capsys: Captured) -> None:
    assert run("--print-rules") == 0
    assert "\n  - wrong_language:\n" in capsys.readouterr().out
