"""Files that are small and become large, or are nested without end, are refused before memory is full."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyteach.bundles.files import MOST_BYTES
from polyteach.cli.main import invoke
from polyteach.errors import UserError
from polyteach.seed_data.records import MOST_LINE_BYTES, MOST_UNPACKED, MOST_UNPACKED_COLUMN, stream_records

_MOST_MEGABYTES = 700  # with all that is imported
_READ = """
import sys
from pathlib import Path
from polyteach.errors import UserError
from polyteach.seed_data.records import stream_records
try:
    print(sum(1 for _ in stream_records(Path(sys.argv[1]))))
except UserError as error:
    print(str(error).splitlines()[0])
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


def packed(path: Path, beginning: bytes, block: bytes, times: int) -> Path:
    packer = zlib.compressobj(1, wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(beginning))
        file.writelines(packer.compress(block) for _ in range(times))
        file.write(packer.flush())
    return path


def one_long_line(folder: Path) -> Path:
    return packed(folder / "line.jsonl.gz", b'{"prompt": "', b"a" * 2**20, 1024)


def many_lines(folder: Path) -> Path:
    return packed(folder / "lines.jsonl.gz", b"", b" " * (2**20 - 1) + b"\n", 512)


def one_long_field(folder: Path) -> Path:
    return packed(folder / "field.csv.gz", b'prompt,response\n"', (b"a" * 2**10 + b"\n") * 2**10, 1024)


def packed_parquet(folder: Path) -> Path:
    table = pa.table({"prompt": ["a" * 2**24] * 6})
    pq.write_table(table, folder / "packed.parquet", compression="zstd", use_dictionary=False)
    return folder / "packed.parquet"


def one_value_in_all_rows(folder: Path) -> Path:
    value = os.urandom(3 * 2**23).hex()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 256, pa.int32()), pa.array([value]))
    pq.write_table(pa.table({"prompt": column}), folder / "rows.parquet", compression="none")
    return folder / "rows.parquet"


BOMBS = {
    one_long_line: "longer than 64 MB",
    many_lines: f"unpacks to more than {MOST_UNPACKED} times",
    one_long_field: "not valid CSV|unpacks to more than",
    packed_parquet: f"unpacks to more than {MOST_UNPACKED_COLUMN} times",
    one_value_in_all_rows: "has a dictionary of more than 16 MB",
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_a_small_file_does_not_fill_the_memory(bomb, tmp_path: Path) -> None:
    path = bomb(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    said, megabytes = done.stdout.splitlines()
    assert any(words in said for words in BOMBS[bomb].split("|")), said
    assert int(megabytes) < _MOST_MEGABYTES


def test_files_that_repeat_themselves_are_read(tmp_path: Path) -> None:
    rng = random.Random(1)
    shared = " ".join(rng.choice(("Mond", "Fluss", "und", "ist")) + str(rng.random()) for _ in range(200))
    row = json.dumps({"prompt": shared}) + "\n"
    with gzip.open(tmp_path / "a.jsonl.gz", "wt", compresslevel=1) as file:
        file.writelines(f'{{"n": {rng.random()}}}\n{row}' for n in range(4000))
    assert sum(1 for _ in stream_records(tmp_path / "a.jsonl.gz")) == 8000
    table = pa.table(
        {
            "prompt": [f"{shared} {rng.random()} {rng.random()}" for _ in range(4000)],
            "language": ["de"] * 4000,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    assert sum(1 for _ in stream_records(tmp_path / "a.parquet")) == 4000


DEEP, DIGITS = "[" * 200_000, "9" * 5_000


@pytest.mark.parametrize("value", [DEEP, '{"a":' * 200_000, DIGITS, f"-{DIGITS}", f'{{"a": {DIGITS}}}'])
@pytest.mark.parametrize("what", ["data", "bundle", "result", "status", "results", "review"])
def test_depth_and_digits_are_told_wherever_json_is_read(
    what: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "runs" / "a"
    run.mkdir(parents=True)
    places = {
        "data": ("a.jsonl", ["measure", "a.jsonl", "--language", "de"]),
        "bundle": ("a.json", ["bundle", "show", "a.json"]),
        "result": ("a.json", ["ingest", "a.json"]),
        "status": ("runs/a/status.json", ["status", "runs/a"]),
        "results": ("runs/a/results.json", ["compare", "runs/a", "runs/a/results.json"]),
        "review": ("runs/a/results.json", ["review", "import", "runs/a", "runs/a/results.json"]),
    }
    name, command = places[what]
    (tmp_path / name).write_text(value, encoding="utf-8")
    arguments = [str(tmp_path / one) if (tmp_path / one).exists() else one for one in command]
    assert invoke(arguments) == 2
    assert "error: " in capsys.readouterr().err


def test_a_number_that_is_no_number_is_no_example(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"prompt": {DIGITS}}}\n', encoding="utf-8")
    with pytest.raises(UserError, match="not valid JSON"):
        list(stream_records(tmp_path / "a.jsonl"))


def test_the_limits_leave_room(tmp_path: Path) -> None:
    """An example of some megabytes is read; a bundle's limit is tested with the bundles."""
    assert MOST_LINE_BYTES > 2**25 and MOST_BYTES > 10**7
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": "a" * 2**23}) + "\n", encoding="utf-8")
    assert sum(1 for _ in stream_records(tmp_path / "a.jsonl")) == 1
