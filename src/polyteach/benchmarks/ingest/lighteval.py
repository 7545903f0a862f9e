"""Result files of lighteval.

By `logging/evaluation_tracker.py` and `logging/info_loggers.py` of 0.11.0 and 0.13.0: figures stand under
`results`, by `suite|task|shots` (0.11), `task|shots` (0.13) or `suite|task|shots|truncation` (before);
averages over a task's subsets under `task:_average`, and one over everything under `all`. Only known fields
are read: the model's configuration may hold an API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyteach.benchmarks.ingest import language
from polyteach.benchmarks.ingest.names import date_of
from polyteach.benchmarks.ingest.reading import table, text_of, whole
from polyteach.benchmarks.ingest.record import FileRead, Raw
from polyteach.benchmarks.ingest.scale import number

FORMAT = "lighteval"
AVERAGE, ALL = "average of subsets", "average of everything in the file"


def recognise(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a result file of lighteval."""
    return {"results", "config_general"} <= content.keys()


def read(file: str, path: Path, content: Mapping[str, Any]) -> FileRead:
    """Reads a result file.

    Args:
        file: as it is to be shown.
        path: whose name holds the date.
        content: see `recognise`.
    """
    read = FileRead(file, FORMAT, date=date_of(path))
    general = table(content["config_general"])
    sha = text_of(general.get("lighteval_sha"))
    if sha and sha != "?":
        read.facts["lighteval_sha"] = sha
    model = text_of(general.get("model_name")) or text_of(
        table(general.get("model_config")).get("model_name")
    )
    if model is None:
        model = path.resolve().parent.name
        read.notes.append("the file names no model: its folder's name stands for it")
    if general.get("max_samples") is not None:
        read.notes.append(f"the run was limited to {general['max_samples']} examples a task")
    for key, metrics in table(content["results"]).items():
        if not isinstance(metrics, Mapping):
            read.skip("the task's results are no table of metrics", str(key))
            continue
        task, shots = task_and_shots(str(key))
        config = _config(content, str(key))
        for name, value in metrics.items():
            if not name.endswith("_stderr"):
                read.figures.append(
                    Raw(
                        model=model,
                        benchmark=task,
                        metric=name,
                        value=value,
                        shots=shots,
                        se=_error(metrics.get(f"{name}_stderr")),
                        n=whole(config.get("effective_num_docs")) or whole(config.get("original_num_docs")),
                        higher_is_better=_direction(config, name),
                        language=_language(config, task),
                        aggregate=ALL if key == "all" else AVERAGE if task.endswith(":_average") else None,
                        dataset=text_of(config.get("hf_repo")),
                    )
                )
    return read


def task_and_shots(key: str) -> tuple[str, int | None]:
    """Task and shots of a result's key; the suite before and the truncation after are dropped."""
    parts = key.split("|")
    if len(parts) == 1:
        return key, None
    if len(parts) == 2:
        return parts[0], _shots(parts[1])
    return parts[1], _shots(parts[2])


def _shots(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _error(value: Any) -> float | None:
    """A standard error; lighteval writes NaN where its estimate overflowed."""
    return number(value)


def _config(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A task's configuration; some versions leave the shots out of its name."""
    configs = table(content.get("config_tasks"))
    return table(configs.get(key) or configs.get(key.rpartition("|")[0]))


def _direction(config: Mapping[str, Any], metric: str) -> bool | None:
    metrics = config.get("metrics") or config.get("metric")
    for entry in metrics if isinstance(metrics, list) else ():
        found = table(entry)
        stated = found.get("higher_is_better")
        if isinstance(stated, Mapping) and isinstance(stated.get(metric), bool):
            return bool(stated[metric])
        if found.get("metric_name") == metric and isinstance(stated, bool):
            return stated
    return None


def _language(config: Mapping[str, Any], task: str) -> str | None:
    metrics = config.get("metrics")
    described = " ".join(
        str(table(entry).get("sample_level_fn", ""))
        for entry in (metrics if isinstance(metrics, list) else ())
    )
    return (
        language.of_subset(config.get("hf_subset"))
        or language.of_task(task)
        or language.of_description(described)
    )
