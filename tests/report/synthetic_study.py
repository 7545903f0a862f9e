"""A made-up study of known truth, written the way the real steps write theirs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polyteach.figures import Figure, undefined
from polyteach.rows import Row, write_rows
from polyteach.steps import StepTask

SKILL = {"err-03": 0.80, "small": 0.70, "err-30": 0.55, "big": 0.26}
PARAMETERS = {"err-03": 530_000, "small": 230_000, "err-30": 531_000, "big": 1_040_000}
CHANCE = {"choice": 0.25, "exact": 0.0}
METHODS = ("generate", "respond")
ROWS = 120
TEXTS = {
    "de": ("Welcher Monat folgt auf den März?", "Der April folgt auf den März."),
    "ar": ("ما هي عاصمة مصر؟", "عاصمة مصر هي القاهرة، وعدد سكانها نحو 10 ملايين نسمة."),
    "ja": ("三月の次の月は何月ですか。", "三月の次は四月です。"),
}


@dataclass
class SyntheticStudy:
    """The folders of a study's artifacts, by step id, and its facts."""

    root: Path
    languages: tuple[str, ...] = ("de", "ar", "ja")
    bases: tuple[str, ...] = ("base-a",)
    trials: int = 1
    items: int = 240
    skill: dict[str, float] = field(default_factory=lambda: dict(SKILL))
    hostile: str = ""
    paid: dict[str, dict] = field(default_factory=dict)
    measured: dict[str, dict] = field(default_factory=dict)
    inputs: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for language in self.languages:
            self._gate(language)
            self._seed_data(language)
            self._metrics(f"quality/seed_data/{language}", "human", language)
            for number, teacher in enumerate(self.skill):
                self._metrics(f"quality/{teacher}/{language}", teacher, language)
                for method in METHODS:
                    self._rows(teacher, language, method, number)
                self._per_row(teacher, language)
            for base in self.bases:
                self._exam(f"examination/{base}/base/{language}", 0.28, language, "base")
                self._exam(f"examination/{base}/reference/{language}", 0.88, language, "reference")
                for teacher, skill in self.skill.items():
                    for trial in range(self.trials):
                        where = f"examination/{base}/{teacher}/{language}/{trial}"
                        self._exam(where, skill, language, f"{teacher}{trial}")

    @property
    def facts(self) -> dict:
        return {
            "name": "synthetic",
            "rng_seed": 1,
            "languages": list(self.languages),
            "trials": self.trials,
            "methods": ["generate", "respond"],
            "teachers": [
                {"name": name, "model": f"pocket:{name}", "family": None, "parameters": PARAMETERS.get(name)}
                for name in self.skill
            ],
            "bases": [{"name": base, "model": f"pocket:{base}", "family": None} for base in self.bases],
            "benchmarks": [
                {"name": name, "chance": chance, "definition": f"{name} questions of a made-up world"}
                for name, chance in CHANCE.items()
            ],
        }

    def score_task(self, output: Path, failed: list[dict[str, str]] | None = None) -> StepTask:
        output.mkdir(parents=True, exist_ok=True)
        settings = {"study": self.facts, "rng_seed": 1, "failed": failed or []}
        return StepTask(settings, {}, self.inputs, output)

    def analysis_task(self, scored: Path, output: Path) -> StepTask:
        output.mkdir(parents=True, exist_ok=True)
        settings = {"rng_seed": 1, "planned": list(self.inputs), "failed": []}
        return StepTask(settings, {}, {"score": scored} | self._written, output)

    @property
    def _written(self) -> dict[str, Path]:
        return {name: path for name, path in self.inputs.items() if name.startswith("synthesis/")}

    def report_task(self, scored: Path, analysed: Path, output: Path, samples: int = 12) -> StepTask:
        output.mkdir(parents=True, exist_ok=True)
        settings = {
            "study": self.facts,
            "settings_text": json.dumps(self.facts, indent=1),
            "samples": samples,
        }
        return StepTask(settings, {}, {"score": scored, "analysis": analysed} | self.inputs, output)

    def _folder(self, id: str) -> Path:
        folder = self.root / id
        folder.mkdir(parents=True, exist_ok=True)
        self.inputs[id] = folder
        return folder

    def _exam(self, id: str, skill: float, language: str, who: str) -> None:
        rng = np.random.default_rng([sum(map(ord, who + language + id.split("/")[1])), 7])
        hard = np.random.default_rng(5).uniform(-0.15, 0.15, self.items)
        table, summary = [], {}
        for benchmark, chance in CHANCE.items():
            p = np.clip((skill if chance else max(skill - 0.2, 0.02)) + hard, 0, 1)
            scores = (rng.random(self.items) < p).astype(float).tolist()
            table += [
                {
                    "benchmark": benchmark,
                    "item_id": f"{benchmark}-{n}",
                    "cluster": f"fact {n}",
                    "score": s,
                    "reason": None,
                }
                for n, s in enumerate(scores)
            ]
            summary[benchmark] = {
                "metric": "acc",
                "chance": chance,
                "n": self.items,
                "unscored": {},
                "mean": sum(scores) / self.items,
            }
        folder = self._folder(id)
        pq.write_table(pa.Table.from_pylist(table), folder / "items.parquet")
        (folder / "summary.json").write_text(json.dumps({"schema_version": 1, "benchmarks": summary}))

    def _metrics(self, id: str, who: str, language: str) -> None:
        rng = np.random.default_rng(sum(map(ord, who + language)))
        level = self.skill.get(who, 0.95)
        values = {
            "prompt_diversity": 0.6 + 0.3 * rng.random(),
            "response_diversity": 0.7 + 0.2 * rng.random(),
            "perplexity": 30 + 100 * rng.random(),
            "perplexity_median": 25 + 80 * rng.random(),
            "prompt_length": 30 + 10 * rng.random(),
            "response_length": 12 + 10 * rng.random(),
            "prompt_fidelity": min(1.0, level + 0.2),
            "response_fidelity": 0.31 if who == "big" else min(1.0, level + 0.15),
            "exact_duplicates": 0.3 * rng.random(),
            "near_duplicates": 0.4 * rng.random(),
        }
        figures = {name: Figure(value, f"{name}, made up", n=600, se=0.01) for name, value in values.items()}
        figures["rubric"] = (
            Figure(1 + 4 * level, "oracle mapped to 1-5", n=600)
            if who != "human"
            else undefined("oracle mapped to 1-5", "no judge was asked")
        )
        plain = {name: figure.to_json() for name, figure in figures.items()}
        folder = self._folder(id)
        (folder / "metrics.json").write_text(json.dumps(plain))
        (folder / "manifest.json").write_text(json.dumps({"facts": {"rows": 600} | self.measured}))
        if who != "human":
            gated = {"rubric": Figure(1 + 4 * level, "oracle mapped to 1-5", n=200, se=0.05).to_json()}
            (folder / "gated.json").write_text(json.dumps({"n": 200, "figures": gated, "correlations": {}}))

    def _gate(self, language: str) -> None:
        """A judge that sees shuffled words, and lengths that answer for nothing."""

        def auc(value: float) -> dict:
            return Figure(
                value, "AUC, made up", n=200, se=0.01, low=value - 0.02, high=value + 0.02
            ).to_json()

        def metric(answers_for: list[str], shuffled: float, human: float, corrupted: float) -> dict:
            return {
                "answers_for": answers_for,
                "passes": bool(answers_for),
                "reason": None if answers_for else "answers for no corruption",
                "level": "row",
                "human": Figure(human, "on human data, made up", n=200, se=0.05).to_json(),
                "corrupted": Figure(corrupted, "on corrupted data, made up", n=200, se=0.05).to_json(),
                "corruptions": {"words_shuffled": auc(shuffled), "cut_off": auc(0.6)},
            }

        plain = {
            "language": language,
            "n": 200,
            "metrics": {
                "rubric": metric(["words_shuffled"], 0.97, 5.0, 1.0),
                "response_length": metric([], 0.5, 20.0, 20.0),
            },
            "judges": {"oracle": {"parse_rate": Figure(1.0, "share parsed, made up", n=60).to_json()}},
        }
        folder = self._folder(f"gate/{language}")
        (folder / "gate.json").write_text(json.dumps(plain))
        (folder / "manifest.json").write_text(json.dumps({"facts": {"rows": 200}}))

    def _seed_data(self, language: str) -> None:
        """Human rows that the teachers' rest on."""
        prompt, response = TEXTS.get(language, ("Q", "A"))
        rows = [
            Row(f"{language}-{n}", language, "human", "", "pocket", f"{n}", f"{prompt} ({n + 1})", response)
            for n in range(ROWS)
        ]
        folder = self._folder(f"seed_data/{language}")
        write_rows(folder / "rows.parquet", rows)
        (folder / "manifest.json").write_text(json.dumps({"facts": {"rows": ROWS}}))

    def _per_row(self, teacher: str, language: str) -> None:
        """What was measured in each row: every tenth is a copy; one answer of `big` is foreign."""
        n = np.tile(np.arange(ROWS), len(METHODS))
        method = np.repeat(np.array(METHODS), ROWS)
        foreign = (n == 7) & (method == "respond") & (teacher == "big")
        columns = {
            "input": method.tolist(),
            "id": [f"{m}-{k}" for m, k in zip(method, n, strict=True)],
            "response_fidelity": np.where(foreign, 0.0, 1.0).tolist(),
            "exact_duplicates": (n % 10 == 9).astype(float).tolist(),
            "near_duplicates": (n % 10 >= 8).astype(float).tolist(),
        }
        pq.write_table(pa.table(columns), self.root / f"quality/{teacher}/{language}/per_row.parquet")

    def _rows(self, teacher: str, language: str, method: str, number: int) -> None:
        prompt, response = TEXTS.get(language, ("Q", "A"))
        rows = [
            Row(
                id=f"{method}-{n}",
                language=language,
                method=method,
                teacher=teacher,
                source="pocket",
                source_id=f"{language}-{n}",
                prompt=f"{prompt} ({n + 1})",
                response=f"{response} {self.hostile}" + " Ja." * number,
            )
            for n in range(ROWS)
        ]
        folder = self._folder(f"synthesis/{teacher}/{language}/{method}")
        write_rows(folder / "rows.parquet", rows)
        lost = {"count": 3, "examples": [f"{prompt} {self.hostile}"]}
        (folder / "failures.json").write_text(json.dumps({"empty answer": lost}))
        facts = {"retried": {"unparsable": 2}, "prompt_tokens": 5000, "response_tokens": 2000}
        facts |= {"thinking_tokens": 0, "cached_tokens": 0, "money": 0.0} | self.paid.get(teacher, {})
        (folder / "manifest.json").write_text(json.dumps({"facts": facts}))
