"""Per-sample files of lm-eval 0.4, `samples_TASK_DATE.jsonl`: one line for each item and filter.

The file names no model. It is that of the result file of the same date beside it, else the folder's name, in
which lm-eval writes `/` as `__`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.benchmarks.ingest import language
from polyteach.benchmarks.ingest.items import ItemScores
from polyteach.benchmarks.ingest.lmeval import model_of, shots_of
from polyteach.benchmarks.ingest.names import date_of, task_of
from polyteach.benchmarks.ingest.reading import Unreadable, iterate_lines, load_json, text_of
from polyteach.benchmarks.ingest.record import NO_FILTER, FileRead

FORMAT = "lm-eval 0.4 samples"
_NO_METRICS = frozenset(
    {"arguments", "doc", "doc_hash", "doc_id", "filter", "filtered_resps", "metrics", "prompt_hash"}
    | {"resps", "target", "target_hash"}
)


def recognise(line: Mapping[str, Any]) -> bool:
    """Whether the first line of a JSONL file is a sample of lm-eval."""
    return {"doc_id", "resps"} <= line.keys()


def read(file: str, path: Path) -> FileRead:
    """Reads a file of samples. Lines that are no sample, and scores that are no number, are counted.

    Raises:
        Unreadable: see `reading.iterate_lines`.
    """
    read = FileRead(file, FORMAT, date=date_of(path))
    task = task_of(path, "samples")
    results = _results_beside(path, read.date)
    model = model_of(results)
    if model is None:
        model = path.resolve().parent.name.replace("__", "/")
        read.notes.append("no result file of the same date beside it: the folder's name stands for the model")
    shots = shots_of(results, task)
    scores = ItemScores()
    broken: Counter[str] = Counter()
    for _, line in iterate_lines(path):
        if isinstance(line, str):
            broken[line] += 1
        elif "doc_id" not in line:
            broken["a line without doc_id"] += 1
        else:
            filter_name = text_of(line.get("filter")) or NO_FILTER
            for metric in _metrics(line):
                scores.add(metric, filter_name, str(line["doc_id"]), line.get(metric))
    for reason, count in sorted(broken.items()):
        read.skip(reason, "lines", count)
    read.figures.extend(scores.figures(read, model, task, shots, language.of_task(task)))
    return read


def _metrics(line: Mapping[str, Any]) -> list[str]:
    """The metrics a line has: as it lists them, else (before 0.4.8) whatever else it holds."""
    listed = line.get("metrics")
    names = listed if isinstance(listed, list) else [key for key in line if key not in _NO_METRICS]
    return [name for name in names if isinstance(name, str)]


def _results_beside(path: Path, date: str | None) -> Mapping[str, Any]:
    beside = path.with_name(f"results_{date}.json")
    if date is None or not beside.is_file():
        return {}
    try:
        content = load_json(beside)
    except Unreadable:  # it is reported under its own name
        return {}
    return content if isinstance(content, dict) else {}
