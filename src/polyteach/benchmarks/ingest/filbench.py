"""FilBench, a Filipino evaluation suite: its score, and the report files its tool writes.

Source: `compute_score.py` of github.com/filbench/filbench-eval at commit 808aa08, and Miranda et al.,
"FilBench: Can LLMs Understand and Generate Filipino?" (arXiv 2508.03523). A category's score is the mean of
its tasks, each weighted by its number of examples; the FilBench score is the plain mean of the four
categories. All of it is on a scale of 0 to 100.

Deviation: the authors' code counts a task that is missing as 0. Here a category that lacks a task has no
score but bounds: the least and the most it could be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

from polyteach.benchmarks.ingest.record import FileRead, Raw, Record

FORMAT = "filbench report"
DEFINITION = (
    "FilBench score, 0 to 100: mean of four categories, each the mean of its tasks weighted by their number "
    "of examples (filbench-eval at 808aa08)"
)
SCORE = "filbench:score"
STATED = "the suite's own aggregate over tasks"
CATEGORIES = ("CULTURAL_KNOWLEDGE", "CLASSICAL_NLP", "READING_COMPREHENSION", "GENERATION")
_ROUNDING = 1e-6  # what summing in another order may change, in points


@dataclass(frozen=True, slots=True)
class Task:
    """A task of the suite: its name in result files, language, category, and weight (examples)."""

    name: str
    language: str
    category: str
    examples: int


_CULTURE, _NLP, _READING, _GENERATION = CATEGORIES
TASKS = (
    Task("global_mmlu_all_tgl_mcf:_average", "fil", _CULTURE, 14_042),
    Task("include_tgl_mcf:_average", "fil", _CULTURE, 500),
    Task("kalahi_tgl_mcf", "fil", _CULTURE, 150),
    Task("stingraybench_semantic_appropriateness_tgl_mcf", "fil", _CULTURE, 100),
    Task("balita_tgl_mcf", "fil", _NLP, 35_177),
    Task("cebuaner_ceb_mcf", "ceb", _NLP, 1_310),
    Task("dengue_filipino_fil:_average", "fil", _NLP, 4_015),
    Task("firecs_fil_mcf", "fil", _NLP, 7_340),
    Task("sib200_ceb_mcf", "ceb", _NLP, 99),
    Task("sib200_tgl_mcf", "fil", _NLP, 99),
    Task("tlunifiedner_tgl_mcf", "fil", _NLP, 1_579),
    Task("universalner_ceb_mcf", "ceb", _NLP, 49),
    Task("universalner_tgl_mcf", "fil", _NLP, 56),
    Task("belebele_ceb_mcf", "ceb", _READING, 900),
    Task("belebele_fil_mcf", "fil", _READING, 900),
    Task("newsphnli_fil_mcf", "fil", _READING, 90_000),
    Task("readability_ceb_mcf", "ceb", _READING, 350),
    Task("ntrex128_fil", "fil", _GENERATION, 1_997),
    Task("tatoeba_ceb", "ceb", _GENERATION, 377),
    Task("tatoeba_tgl", "fil", _GENERATION, 2_499),
    Task("tico19_tgl", "fil", _GENERATION, 971),
)
LANGUAGES = {task.name.split(":")[0]: task.language for task in TASKS}


@dataclass(frozen=True, slots=True)
class Category:
    """One category of one model.

    Attributes:
        name: one of `CATEGORIES`.
        stated: as the file has it; None where it has none.
        computed: from the tasks, where none is missing.
        low, high: what the category can be at all, given the tasks that are there.
        share: of the category's weight, how much lies on tasks that are there.
        missing: the tasks that are not.
    """

    name: str
    stated: float | None
    computed: float | None
    low: float
    high: float
    share: float
    missing: tuple[str, ...]

    @property
    def value(self) -> float | None:
        """What counts: computed where possible, else as stated."""
        return self.stated if self.computed is None else self.computed

    @property
    def consistent(self) -> bool | None:
        """Whether the stated figure can be true, given the tasks; None where nothing is stated."""
        if self.stated is None:
            return None
        return self.low - _ROUNDING <= self.stated <= self.high + _ROUNDING

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        return {
            "category": self.name,
            "value": self.value,
            "stated": self.stated,
            "computed": self.computed,
            "low": self.low,
            "high": self.high,
            "share_of_weight_released": self.share,
            "missing": list(self.missing),
            "consistent": self.consistent,
        }


@dataclass(frozen=True, slots=True)
class FilBenchScore:
    """The score of one model; all in points (0 to 100).

    Attributes:
        value: mean of the four categories; None with `reason` where one has no value.
        stated: the score as the file states it.
        from_categories: whether any category is taken as stated, its tasks not being there.
    """

    model: str
    file: str
    categories: tuple[Category, ...]
    value: float | None
    stated: float | None
    reason: str | None = None

    @property
    def difference(self) -> float | None:
        """Stated less computed; None where either is missing."""
        return None if self.value is None or self.stated is None else self.stated - self.value

    @property
    def agrees(self) -> bool | None:
        """Whether stated and computed are the same figure up to rounding of sums."""
        return None if self.difference is None else abs(self.difference) <= _ROUNDING

    @property
    def from_categories(self) -> bool:
        """Whether any category had to be taken as stated."""
        return any(category.computed is None for category in self.categories)

    def to_json(self) -> dict[str, Any]:
        """As the outside view has it."""
        plain = {
            "model": self.model,
            "file": self.file,
            "value": self.value,
            "stated": self.stated,
            "difference": self.difference,
            "agrees": self.agrees,
            "from_stated_categories": self.from_categories,
            "categories": [category.to_json() for category in self.categories],
            "definition": DEFINITION,
        }
        return plain | {"reason": self.reason} if self.reason else plain


def score(categories: Mapping[str, float]) -> float:
    """The FilBench score from its four categories, in their unit.

    Raises:
        KeyError: a category is missing.
    """
    return fsum(categories[name] for name in CATEGORIES) / len(CATEGORIES)


def category(name: str, tasks: Mapping[str, float], stated: float | None = None) -> Category:
    """One category from the tasks that are there.

    Args:
        name: one of `CATEGORIES`.
        tasks: by the task's name as in `TASKS`, in points.
        stated: the category as a report states it, in points.
    """
    own = [task for task in TASKS if task.category == name]
    total = sum(task.examples for task in own)
    there = [task for task in own if task.name in tasks]
    covered = sum(task.examples for task in there)
    part = fsum(tasks[task.name] * task.examples for task in there)
    low, high = part / total, (part + 100.0 * (total - covered)) / total
    return Category(
        name=name,
        stated=stated,
        computed=low if covered == total else None,
        low=low,
        high=high,
        share=covered / total,
        missing=tuple(task.name for task in own if task.name not in tasks),
    )


def filbench_scores(records: Iterable[Record]) -> list[FilBenchScore]:
    """The FilBench score of every model that has one, best first; ties by name.

    A category whose tasks are all there is computed from them; else it is taken as the file states it, and
    its bounds say whether that can be true. The score is then the mean of the four.

    Args:
        records: of any formats and models, both those that count and the aggregates
            (`Ingested.records + Ingested.aggregates`); whatever is no part of FilBench is left alone.

    Returns:
        One score for each model and file that holds at least one task or category of the suite; models
        without four categories last, with the reason.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for record in records:
        if record.benchmark in _NAMES and (record.format == FORMAT or _is_main_metric(record)):
            figures = found.setdefault((record.model, record.file), {})
            figures.setdefault(record.benchmark, 100.0 * record.value)
    scores = [_score_of(model, file, figures) for (model, file), figures in sorted(found.items())]
    return sorted(scores, key=lambda s: (s.value is None, -(s.value or 0.0), s.model))


def _score_of(model: str, file: str, figures: Mapping[str, float]) -> FilBenchScore:
    categories = tuple(category(name, figures, figures.get(f"filbench:{name}")) for name in CATEGORIES)
    known = {part.name: part.value for part in categories if part.value is not None}
    missing = [name for name in CATEGORIES if name not in known]
    return FilBenchScore(
        model=model,
        file=file,
        categories=categories,
        value=None if missing else score(known),
        stated=figures.get(SCORE),
        reason=f"no value for {', '.join(missing)}" if missing else None,
    )


_NAMES = frozenset([task.name for task in TASKS] + [f"filbench:{name}" for name in CATEGORIES] + [SCORE])
_GENERATION_NAMES = frozenset(task.name for task in TASKS if task.category == _GENERATION)


def _is_main_metric(record: Record) -> bool:
    """Whether a lighteval record holds the metric that FilBench scores its task by, without shots."""
    if record.shots not in (None, 0):
        return False
    if record.benchmark in _GENERATION_NAMES:
        return record.metric == "rougeL"
    if record.benchmark.startswith("dengue_filipino_fil"):
        return record.metric == "acc_norm"
    return record.metric in ("acc", "acc_")


def recognise(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a report of FilBench's tool."""
    return {"filbench_score", "category_scores", "results"} <= content.keys()


def read(file: str, stem: str, content: Mapping[str, Any]) -> FileRead:
    """Reads a report of FilBench's tool.

    The report keeps the model's repository but not its revision, and different students share a repository.
    So one file is one model, named by both. Categories and score are aggregates over tasks, of which a
    report holds only some.

    Args:
        file: as it is to be shown.
        stem: the file's name without its ending.
        content: see `recognise`.
    """
    read = FileRead(file, FORMAT)
    config = content.get("config")
    repository = config.get("model_name") if isinstance(config, Mapping) else None
    model = f"{repository}@{stem}" if isinstance(repository, str) and repository else stem
    read.notes.append("the report names no revision of the model, so the file's name stands for it")
    results = content["results"]
    for task, metrics in results.items() if isinstance(results, Mapping) else ():
        base = str(task).split(":")[0]
        aggregate = "average of subsets" if str(task).endswith(":_average") else None
        if not isinstance(metrics, Mapping):
            read.skip("the task's results are no table of metrics", str(task))
            continue
        for metric, value in metrics.items():
            if not str(metric).endswith("_stderr"):
                read.figures.append(
                    Raw(
                        model,
                        str(task),
                        str(metric),
                        value,
                        shots=0,  # the tool keeps zero-shot results only
                        se=metrics.get(f"{metric}_stderr"),
                        language=LANGUAGES.get(base),
                        aggregate=aggregate,
                    )
                )
    stated = {SCORE: content["filbench_score"]}
    if isinstance(content["category_scores"], Mapping):
        stated |= {f"filbench:{name}": value for name, value in content["category_scores"].items()}
    for name, value in stated.items():
        read.figures.append(Raw(model, name, "points", value, shots=0, scale=(0.0, 100.0), aggregate=STATED))
    return read
