"""Result files of lm-eval (EleutherAI's evaluation harness), versions 0.3 and 0.4.

0.4 (by `result_schema.py` of 0.4.13) writes metrics as `acc,none` and `acc_stderr,none`, where what follows
the comma is the filter; group results stand among the tasks' and again under `groups`. 0.3 writes `acc` and
`acc_stderr`, knows no filters or groups, and has one number of shots for all tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from polyteach.benchmarks.ingest import language
from polyteach.benchmarks.ingest.names import date_of
from polyteach.benchmarks.ingest.reading import table, text_of, whole
from polyteach.benchmarks.ingest.record import NO_FILTER, FileRead, Raw
from polyteach.benchmarks.ingest.scale import number

FORMAT_3, FORMAT_4 = "lm-eval 0.3", "lm-eval 0.4"
GROUP = "group over tasks"
_NO_METRICS = frozenset({"alias", "name", "sample_len", "sample_count"})


def recognise(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a result file of lm-eval."""
    return isinstance(content.get("results"), Mapping) and bool({"versions", "configs"} & content.keys())


def read(file: str, path: Path, content: Mapping[str, Any]) -> FileRead:
    """Reads a result file.

    Args:
        file: as it is to be shown.
        path: whose name may hold the date.
        content: see `recognise`.
    """
    results = table(content["results"])
    fourth = "configs" in content or any("," in key for task in results.values() for key in table(task))
    read = FileRead(file, FORMAT_4 if fourth else FORMAT_3, date=_date(content, path))
    read.version = text_of(content.get("lm_eval_version"))
    if text_of(content.get("git_hash")):
        read.facts["git_hash"] = str(content["git_hash"])
    model = model_of(content)
    if model is None:
        model = path.parent.name.replace("__", "/") or path.stem
        read.notes.append("the file names no model: its folder's name stands for it")
    limit = table(content.get("config")).get("limit")
    if limit is not None:
        read.notes.append(f"the run was limited to {limit} examples a task")
    groups = {name for name, parts in table(content.get("group_subtasks")).items() if parts}
    groups |= set(table(content.get("groups")))
    for task, metrics in results.items():
        if not isinstance(metrics, Mapping):
            read.skip("the task's results are no table of metrics", str(task))
            continue
        for name, value in metrics.items():
            if name not in _NO_METRICS and "_stderr" not in name:
                read.figures.append(_figure(model, task, name, value, metrics, content, task in groups))
    return read


def _figure(
    model: str,
    task: str,
    name: str,
    value: Any,
    metrics: Mapping[str, Any],
    content: Mapping[str, Any],
    group: bool,
) -> Raw:
    metric, _, filter_name = name.partition(",")
    config = table(table(content.get("configs")).get(task))
    se = metrics.get(f"{metric}_stderr,{filter_name}" if filter_name else f"{metric}_stderr")
    counts = table(table(content.get("n-samples")).get(task))
    return Raw(
        model=model,
        benchmark=task,
        metric=metric,
        value=value,
        filter=filter_name or NO_FILTER,
        shots=shots_of(content, task),
        se=se if number(se) is not None else None,  # 0.4 writes the text "N/A" where it has none
        n=whole(counts.get("effective")) or whole(metrics.get("sample_len")),
        higher_is_better=_direction(content, task, metric),
        language=language.of_subset(config.get("dataset_name")) or language.of_task(task),
        aggregate=GROUP if group else None,
        dataset=text_of(config.get("dataset_path")),
    )


def shots_of(content: Mapping[str, Any], task: str) -> int | None:
    """How many examples a task was shown: by task, else for the whole run."""
    by_task = whole(table(content.get("n-shot")).get(task))
    if by_task is not None:
        return by_task
    config = table(table(content.get("configs")).get(task))
    own = whole(config.get("num_fewshot"))
    return own if own is not None else whole(table(content.get("config")).get("num_fewshot"))


def _direction(content: Mapping[str, Any], task: str, metric: str) -> bool | None:
    stated = table(table(content.get("higher_is_better")).get(task)).get(metric)
    if isinstance(stated, bool):
        return stated
    metrics = table(table(content.get("configs")).get(task)).get("metric_list")
    for entry in metrics if isinstance(metrics, list) else ():
        found = table(entry)
        if found.get("metric") == metric and isinstance(found.get("higher_is_better"), bool):
            return bool(found["higher_is_better"])
    return None


def model_of(content: Mapping[str, Any]) -> str | None:
    """The model's name, with its adapter and revision where they are named; None where no model is."""
    config = table(content.get("config"))
    arguments = config.get("model_args")
    if isinstance(arguments, str):
        arguments = dict(part.partition("=")[::2] for part in arguments.split(","))
    arguments = table(arguments)
    name = next(
        (
            found
            for found in (
                text_of(arguments.get("pretrained")),
                text_of(content.get("model_name")),
                text_of(arguments.get("model")),
                text_of(arguments.get("engine")),
            )
            if found
        ),
        None,
    )
    if name is None:
        return None
    adapter = text_of(arguments.get("peft"))
    revision = text_of(arguments.get("revision"))
    name = f"{name}+{adapter}" if adapter else name
    return f"{name}@{revision}" if revision and revision != "main" else name


def _date(content: Mapping[str, Any], path: Path) -> str | None:
    seconds = number(content.get("date"))
    if seconds is not None and 0 < seconds < 4e9:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H-%M-%S")
    return date_of(path)
