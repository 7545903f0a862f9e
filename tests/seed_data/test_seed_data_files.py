"""Reading users' files: real data exactly, and one clear message for each way a file can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyteach.errors import UserError
from polyteach.rows import read_rows, write_rows
from polyteach.seed_data.files import read_file


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(*records: object) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def test_real_teachers_rows_are_read_exactly(real_data: Path) -> None:
    path = real_data / "sft" / "ja_shaberi_llama-3.1-8b-instruct.jsonl"
    rows = read_file(path, language="ja")
    raw = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    assert len(rows) == len(raw) == 315
    assert [(r.id, r.prompt, r.response) for r in rows] == [
        (x["id"], x["prompt"], x["response"]) for x in raw
    ]
    assert {row.teacher for row in rows} == {"llama-3.1-8b-instruct"}
    assert rows[0].extra["judge_scores"] == raw[0]["judge_scores"]


def test_real_prompts_alone_have_no_response(real_data: Path) -> None:
    rows = read_file(real_data / "prompts" / "de_llmzoo100.jsonl")
    assert len(rows) == 100
    assert {(row.language, row.response) for row in rows} == {("de", "")}
    assert rows[0].extra == {"category": "generic"}


def test_real_rows_come_back_from_parquet(real_data: Path, tmp_path: Path) -> None:
    rows = read_file(real_data / "sft" / "de_mtbenchx_gpt4ref.jsonl")
    write_rows(tmp_path / "rows.parquet", rows)
    assert read_rows(tmp_path / "rows.parquet") == rows


def test_unicode_line_separators_do_not_end_a_line(tmp_path: Path) -> None:
    prompt = "one\u2028two\u0085three\u000bfour"
    path = written(tmp_path, "a.jsonl", lines({"prompt": prompt}, {"prompt": "b"}))
    assert [row.prompt for row in read_file(path, language="de")] == [prompt, "b"]


def test_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path: Path) -> None:
    jsonl = written(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"prompt": "\xc3\xa4"}\r\n\r\n{"prompt": "b"}\r\n')
    table = written(tmp_path, "a.csv", b"\xef\xbb\xbfprompt,response\r\n\xc3\xa4,x\r\nb,\r\n")
    assert [row.prompt for row in read_file(jsonl, language="de")] == ["ä", "b"]
    assert [(row.prompt, row.response) for row in read_file(table, language="de")] == [("ä", "x"), ("b", "")]


def test_messages_give_the_first_user_turn_and_the_answer_after_it(tmp_path: Path) -> None:
    turns = [("system", "s"), ("assistant", "hello"), ("user", "q1"), ("assistant", "a1"), ("user", "q2")]
    messages = [{"role": role, "content": content} for role, content in turns]
    path = written(tmp_path, "a.jsonl", lines({"messages": messages}, {"messages": messages[:3]}))
    found = [(row.id, row.prompt, row.response) for row in read_file(path, language="de")]
    assert found == [("1", "q1", "a1"), ("2", "q1", "")]


def test_a_prompt_beside_messages_is_their_first_turn(tmp_path: Path) -> None:
    pair = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    records = [
        {"prompt": "q", "messages": pair},  # as in sets of conversations that name their first prompt
        {"prompt": "q", "response": "a", "messages": [*pair, {"role": "user", "content": "q2"}]},
        {"prompt": None, "response": None, "messages": pair},
        {"prompt": "q", "response": "a", "messages": []},
    ]
    path = written(tmp_path, "a.jsonl", lines(*records))
    assert [(row.prompt, row.response) for row in read_file(path, language="de")] == [("q", "a")] * 4


def test_what_our_files_know_beyond_is_found_wherever_it_stands(tmp_path: Path) -> None:
    known = {"judge_scores": {"j": 2}, "source_set": "s"}
    records = [
        {"prompt": "a", **known},
        {"prompt": "a", "extra": known},  # our JSONL
        {"prompt": "a", "extra": json.dumps(known)},  # our Parquet
        {"prompt": "a", "extra": known | {"source_set": "other"}, "source_set": "s"},
        {"prompt": "a", "extra": json.dumps(known), "source_set": None},
    ]
    path = written(tmp_path, "a.jsonl", lines(*records))
    assert [row.extra for row in read_file(path, language="de")] == [known] * 5
    for other in ("in words", "[1]", '{"half": "\\ud83d"}', "[" * 100_000, 3):
        path = written(tmp_path, "b.jsonl", lines({"prompt": "a", "extra": other}))
        assert read_file(path, language="de")[0].extra == {"extra": other}


def test_parquet_with_messages_and_a_date(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [7, 8],
            "messages": [[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]] * 2,
            "day": pa.array([0, 1], pa.date32()),
            "picture": [b"abc", b""],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    rows = read_file(tmp_path / "a.parquet", language="sw")
    assert [(row.id, row.prompt, row.response) for row in rows] == [("7", "q", "a"), ("8", "q", "a")]
    assert rows[0].extra == {"day": "1970-01-01", "picture": "(3 bytes)"}


def test_csv_fields_may_hold_commas_quotes_line_breaks_and_be_long(tmp_path: Path) -> None:
    long = "x" * 200_000
    path = written(tmp_path, "a.csv", f'prompt,response\n"a, ""b""\nc","{long}"\n')
    (row,) = read_file(path, language="de")
    assert (row.prompt, row.response) == ('a, "b"\nc', long)


def test_each_rows_language_is_used_and_standardised(tmp_path: Path) -> None:
    records = [{"prompt": "a", "language": "tl"}, {"prompt": "b", "language": "swh_Latn"}]
    path = written(tmp_path, "a.jsonl", lines(*records))
    assert [row.language for row in read_file(path)] == ["fil", "sw"]
    one = written(tmp_path, "b.jsonl", lines(records[0]))
    assert read_file(one, language="tgl")[0].language == "fil"


OK = '{"prompt": "ok"}\n'
BAD = {  # name: (file name, content, what the message says, at which line)
    "empty": ("a.jsonl", "", "is empty", None),
    "only white space": ("a.jsonl", "\n \n", "is empty", None),
    "only a header": ("a.csv", "prompt,response\n", "has no rows", None),
    "unknown kind": ("a.txt", "x", "unknown kind of file '.txt'", None),
    "not UTF-8": ("a.jsonl", OK.encode() + b'{"prompt": "\xe4"}\n', "not valid UTF-8 at byte 29: 0xe4", 2),
    "not UTF-8 after a mark": ("a.csv", b"\xef\xbb\xbfprompt\n\xff\n", "not valid UTF-8 at byte 10: 0xff", 2),
    "broken JSON": ("a.jsonl", OK + '{"prompt": "b"\n', "not valid JSON", 2),
    "JSON too deep": ("a.jsonl", OK + "[" * 100_000, "not valid JSON", 2),
    "no object": ("a.jsonl", OK + "[1]\n", "is JSON, but not an object", 2),
    "half a surrogate": ("a.jsonl", OK + '{"prompt": "\\ud83d"}\n', "half of a surrogate pair", 2),
    "no prompt": ("a.jsonl", '{"question": "a", "answer": "b"}\n', "columns found: 'question', 'answer'", 1),
    "wrong separator": ("a.csv", "prompt;response\na;b\n", "separates its columns by ';'", 1),
    "prompt is a number": ("a.jsonl", OK + '{"prompt": 5}\n', "the prompt is a number, not text", 2),
    "prompt is null": ("a.jsonl", OK + '{"prompt": null}\n', "the prompt is missing, not text", 2),
    "prompt is empty": ("a.jsonl", OK + '{"prompt": " "}\n', "the prompt is empty", 2),
    "response is a list": (
        "a.jsonl",
        '{"prompt": "a", "response": []}\n',
        "'response' is a list, not text",
        1,
    ),
    "ids twice": ("a.jsonl", '{"id": 1, "prompt": "a"}\n{"id": "1", "prompt": "b"}\n', "id '1' was used", 2),
    "id is a row's number": ("a.jsonl", '{"id": 2, "prompt": "a"}\n' + OK, "id '2' was used", 2),
    "unknown language": ("a.jsonl", '{"prompt": "a", "language": "xx-nope"}\n', "unknown language", 1),
    "another language": (
        "a.jsonl",
        '{"prompt": "a", "language": "fr"}\n',
        "is in language 'fr', not 'de'",
        1,
    ),
    "messages as text": ("a.jsonl", '{"messages": "hi"}\n', "is no list of turns", 1),
    "turn without role": ("a.jsonl", '{"messages": [{"content": "hi"}]}\n', "lacks a 'role'", 1),
    "prompt and messages differ": (
        "a.jsonl",
        OK + '{"prompt": "a", "messages": [{"role": "user", "content": "b"}]}\n',
        "'prompt' is not what 'messages' says: 'a' and 'b'",
        2,
    ),
    "response and messages differ": (
        "a.jsonl",
        OK + '{"prompt": "a", "response": "x", "messages": [{"role": "user", "content": "a"}]}\n',
        "'response' is not what 'messages' says: 'x' and ''",
        2,
    ),
    "no user turn": (
        "a.jsonl",
        '{"messages": [{"role": "system", "content": "x"}]}\n',
        "no turn of the user",
        1,
    ),
    "roles of other names": (
        "a.jsonl",
        '{"messages": [{"role": "human", "content": "x"}, {"role": "gpt", "content": "y"}]}\n',
        "roles found: 'human', 'gpt'",
        1,
    ),
    "too many fields": ("a.csv", "prompt,response\na,b\nc,d,e\n", "has 3 fields, the header has 2", 3),
    "too few fields": ("a.csv", 'prompt,response\n"a\nb",c\nd\n', "has 1 fields, the header has 2", 4),
    "open quote": ("a.csv", 'prompt,response\na,"b\nc\n', "not valid CSV", 2),
    "column twice": ("a.csv", "prompt,prompt\na,b\n", "names column 'prompt' twice", 1),
    "nested too deep": (
        "a.jsonl",
        OK + '{"prompt": "a", "tree": ' + "[" * 900 + "]" * 900 + "}\n",
        "nested more than 100 deep",
        2,
    ),
    "no Parquet": ("a.parquet", "hello", "is no readable Parquet file", None),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_message(name: str, tmp_path: Path) -> None:
    file, content, message, line = BAD[name]
    path = written(tmp_path, file, content)
    with pytest.raises(UserError) as caught:
        read_file(path, language="de")
    error = caught.value
    assert message in error.what
    assert error.fix
    assert error.where == (f"{path}:{line}" if line else str(path))


def test_missing_folder_and_forbidden(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.jsonl", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(UserError, match=message):
            read_file(path, language="de")


def test_a_cut_off_parquet_file(tmp_path: Path, real_data: Path) -> None:
    rows = read_file(real_data / "sft" / "de_mtbenchx_gpt4ref.jsonl")
    write_rows(tmp_path / "rows.parquet", rows)
    whole = (tmp_path / "rows.parquet").read_bytes()
    cut = written(tmp_path, "cut.parquet", whole[: len(whole) // 2])
    with pytest.raises(UserError, match="is no readable Parquet file"):
        read_file(cut, language="de")


def test_a_row_without_language_needs_one_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the row names no language"):
        read_file(written(tmp_path, "a.jsonl", OK))


@pytest.mark.parametrize(
    ("asked", "said", "fits"),
    [
        ("zh", "zh-CN", True),
        ("en", "en-US", True),
        ("zh-Hant", "zh-TW", True),
        ("zh-Hans", "zh-Hant", False),
        ("zh", "zh-Hant", False),
        ("zh", "zh-TW", False),
        ("no", "nb-NO", True),
        ("no", "nn", False),
        ("pt", "es", False),
    ],
)
def test_a_region_is_no_other_language(tmp_path: Path, asked: str, said: str, fits: bool) -> None:
    path = written(tmp_path, "a.jsonl", lines({"prompt": "a", "language": said}))
    if fits:
        assert [row.language for row in read_file(path, language=asked)] == [asked]
    else:
        with pytest.raises(UserError, match="is in language"):
            read_file(path, language=asked)


def test_who_counts_blank_prompts_gets_them(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", lines({"prompt": " ", "response": "x"}) + OK)
    assert [row.prompt for row in read_file(path, language="de", blank_prompts=True)] == [" ", "ok"]


def test_a_time_beyond_what_python_knows_is_no_crash(tmp_path: Path) -> None:
    times = pa.array([2**60], pa.timestamp("ms"))
    pq.write_table(pa.table({"prompt": ["a"], "at": times}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="is no readable Parquet file"):
        read_file(tmp_path / "a.parquet", language="de")


def test_a_name_too_long_for_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        read_file(tmp_path / f"{'x' * 300}.jsonl", language="de")
