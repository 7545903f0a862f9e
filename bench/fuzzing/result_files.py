"""Result files: those of other tools, bundles, reviewers' answers, and what lies in the folders of runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import strategies as st

from fuzzing.case import Action, Case
from fuzzing.commands import command, told
from fuzzing.data_files import DATA, written
from fuzzing.exploring import Target
from fuzzing.mutations import Draw, Mutator
from fuzzing.small_run import BUNDLE, GOOD, REVIEW, RUN, SCREEN, make_small_run
from polyteach.notebook.run import open_run

FOREIGN = "results_2025-01-02T03-04-05.000006.json"
_SAMPLES = "samples_mgsm_de_2025-01-02T03-04-05.000006.jsonl"
_DETAILS = "details/model/2025-01-02T03-04-05/details_exam|5_2025-01-02T03-04-05.parquet"
_ROWS = f"{RUN}/artifacts/synthesis/clean/de/respond/rows.parquet"
_IN_RUN = (
    *("results.json", "status.json", "analysis.json", "artifacts/report/manifest.json"),
    *("artifacts/synthesis/clean/de/respond/manifest.json", "artifacts/seed_data/de/manifest.json"),
    *("artifacts/quality/clean/de/metrics.json", "artifacts/score/results.json"),
)
_KEYS = (
    "value",
    "se",
    "low",
    "high",
    "n",
    "unscored",
    "definition",
    "teacher",
    "language",
    "reason",
    "results",
    "config",
)
_VALUES = (
    "clean",
    "wrong",
    "de",
    "en",
    "base-c",
    "pocket-choice",
    0.5,
    1,
    "acc,none",
    "N/A",
    [0, 1],
    {"value": 0.5, "n": 3},
)


def _notebook(folder: Path) -> int:
    def look() -> None:
        run = open_run(RUN)
        for each in (run.leaderboard, run.cells, run.gain, run.quality, run.metrics, run.anchors, run.gate):
            each()
        run.rows("clean", "de")
        run.samples("de")
        run._repr_html_()

    return told(look)


_OF_RUNS: dict[str, Action] = {
    "status": command("status", RUN),
    "status-json": command("status", RUN, "--json"),
    "compare": command("compare", GOOD, RUN, "--html", "page-of-both.html"),
    "compare-json": command("compare", RUN, GOOD, "--json"),
    "power": command("power", RUN),
    "bundle-write": command("bundle", "write", RUN, "--output", "new.bundle.json", "--force"),
    "recommend-run": command("recommend", "de", "--run", RUN),
    "export": command("export", RUN, "--output", "folder", "--teacher", "clean"),
    "export-winner": command(
        "export", RUN, "--output", "folder", "--layout", "sharegpt", "--format", "jsonl"
    ),
    "review-page": command("review", "page", RUN, "--rows", "4", "--output", "again.html"),
    "review-import": command("review", "import", RUN, REVIEW),
    "ingest-run": command("ingest", RUN, "--json"),
    "notebook": _notebook,
}
_OF_SCREENS: dict[str, Action] = {
    "screen-recommend": command("recommend", "de", "--screen", SCREEN),
    "screen-bundle": command("bundle", "write", SCREEN, "--output", "new.bundle.json", "--force"),
    "screen-export": command("export", SCREEN, "--output", "folder", "--teacher", "clean"),
    "screen-review": command("review", "page", SCREEN, "--rows", "4", "--output", "again.html"),
    "screen-status": command("status", SCREEN),
}
_OF_BUNDLES: dict[str, Action] = {
    "bundle-show": command("bundle", "show", "other.json"),
    "bundle-show-packed": command("bundle", "show", "other.json.gz", "--json"),
    "bundle-merge": command(
        "bundle", "merge", BUNDLE, "other.json", "--output", "merged.json", "--csv", "all.csv"
    ),
    "bundle-recommend": command("recommend", "de", "--bundle", "other.json"),
}
_OF_OTHERS: dict[str, Action] = {
    "ingest": command("ingest", "others", "--output-dir", "out", "--every-eval-ever", "eee"),
    "ingest-json": command("ingest", "others", "--json"),
    "ingest-file": command("ingest", f"others/{FOREIGN}"),
}
ACTIONS = (
    _OF_RUNS
    | _OF_SCREENS
    | _OF_BUNDLES
    | _OF_OTHERS
    | {"review-answers": command("review", "import", RUN, REVIEW)}
)


def result_target(folder: Path) -> Target:
    """Result files: real ones of others, and those of a small run that is made in `folder`, changed."""
    if not folder.is_dir():
        make_small_run(folder)
    foreign = _foreign()
    own = {name: _json(folder / RUN / name) for name in _IN_RUN}
    screen, review, bundle = (
        _json(folder / SCREEN / "screen.json"),
        _json(folder / REVIEW),
        _json(folder / BUNDLE),
    )
    status = _json(folder / SCREEN / "status.json")
    rows = pq.read_table(folder / _ROWS).to_pylist()[:6]
    key = next((folder / RUN / "reviews").rglob("key.json")).relative_to(folder).as_posix()

    @st.composite
    def cases(draw: Draw) -> Case:
        mutator = Mutator(draw, _KEYS, _VALUES)
        kind = mutator.below(8)
        if kind < 3:
            action = mutator.of(sorted(_OF_RUNS))
            if action.startswith("review") and mutator.once_in(3):
                return Case(action, {key: _changed(mutator, _json(folder / key))})
            if mutator.once_in(6):
                return Case(action, {_ROWS: written(mutator, mutator.tree(rows), "parquet")})
            name = mutator.of(("results.json", "results.json", "results.json", *_IN_RUN))
            if action.startswith("status"):
                name = "status.json"
            return Case(action, {f"{RUN}/{name}": _changed(mutator, own[name])})
        if kind == 3:
            action = mutator.of(sorted(_OF_SCREENS))
            name, tree = ("status.json", status) if action == "screen-status" else ("screen.json", screen)
            return Case(action, {f"{SCREEN}/{name}": _changed(mutator, tree)})
        if kind == 4:
            content = _changed(mutator, bundle)
            files = {"other.json": content, "other.json.gz": mutator.packed(content)}
            return Case(mutator.of(sorted(_OF_BUNDLES)), files)
        if kind == 5:
            return Case("review-answers", {REVIEW: _changed(mutator, review)})
        name = mutator.of(sorted(foreign))
        files = {f"others/{FOREIGN}": _changed(mutator, foreign[name])}
        if mutator.once_in(2):
            files[f"others/{_SAMPLES}"] = written(mutator, mutator.tree(_samples()), "jsonl")
        if mutator.once_in(3):
            files[f"others/{_DETAILS}"] = written(mutator, mutator.tree(_details()), "parquet")
        if mutator.once_in(3):
            files["others/judge.jsonl"] = written(mutator, mutator.tree(_judgements()), "jsonl")
        if mutator.once_in(4):
            files["others/second.json"] = _changed(mutator, foreign[mutator.of(sorted(foreign))])
        return Case(mutator.of(sorted(_OF_OTHERS)), files)

    return Target(
        "results", ACTIONS, cases(), folder, _OF_OTHERS.keys() | _OF_BUNDLES.keys() - {"bundle-merge"}
    )


def _changed(mutator: Mutator, tree: Any) -> bytes:
    text = json.dumps(mutator.tree(tree), ensure_ascii=mutator.below(2) == 0)
    return mutator.content(mutator.text(text) if mutator.once_in(20) else text)


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _foreign() -> dict[str, Any]:
    """Result files of other tools that are at hand, and one of lm-eval with groups and filters."""
    found = {"groups": _GROUPS, "every-eval-ever": _EVERY}
    for pattern in (
        "results/lmeval/*.json",
        "results/lighteval/**/*.json",
        "results/acegpt/*.json",
        "paper/authors_tgl*.json",
    ):
        for path in sorted(DATA.glob(pattern)):
            found[os.fspath(path.relative_to(DATA))] = _json(path)
    return found


def _samples() -> list[dict[str, Any]]:
    return [
        {
            "doc_id": n,
            "doc": {"q": "?"},
            "target": "1",
            "resps": [["1"]],
            "filtered_resps": ["1"],
            "filter": "none",
            "metrics": ["acc"],
            "acc": float(n % 2),
        }
        for n in range(4)
    ]


def _details() -> list[dict[str, Any]]:
    return [{"doc": {"id": str(n), "task_name": "exam|5"}, "metric": {"acc": n / 4}} for n in range(4)]


def _judgements() -> list[dict[str, Any]]:
    path = DATA / "results/judge_de_mtbenchx_gpt4_single.jsonl"
    if not path.is_file():
        return [
            {"id": "1", "teacher": "a", "judgment": "Rating: [[7]]", "score": 7, "turn": 1, "judge": "gpt-4"}
        ]
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:3]]


_GROUPS: dict[str, Any] = {
    "results": {
        "mgsm": {"exact_match,strict": 0.55, "alias": "mgsm"},
        "mgsm_de": {
            "alias": " - mgsm_de",
            "exact_match,strict": 0.5,
            "exact_match_stderr,strict": "N/A",
            "exact_match,flexible": 0.6,
            "exact_match_stderr,flexible": 0.049,
        },
        "wikitext": {"word_perplexity,none": 12.5, "word_perplexity_stderr,none": "N/A"},
    },
    "groups": {"mgsm": {"exact_match,strict": 0.55}},
    "group_subtasks": {"mgsm": ["mgsm_de"]},
    "configs": {
        "mgsm_de": {
            "dataset_path": "juletxara/mgsm",
            "dataset_name": "de",
            "metric_list": [{"metric": "exact_match", "higher_is_better": True}],
        }
    },
    "n-shot": {"mgsm_de": 8},
    "higher_is_better": {"mgsm_de": {"exact_match": True}},
    "n-samples": {"mgsm_de": {"original": 250, "effective": 100}},
    "config": {"model_args": {"pretrained": "a/b", "revision": "r1"}, "limit": 100},
    "lm_eval_version": "0.4.13",
    "date": 1_700_000_000.0,
}
_EVERY: dict[str, Any] = {
    "schema_version": "0.2.0",
    "evaluation_id": "a/b/1",
    "retrieved_timestamp": "1700000000",
    "source_metadata": {"source_name": "a", "source_type": "evaluation_run", "source_organization_name": "o"},
    "model_info": {"name": "a/b", "id": "a/b", "developer": "a"},
    "evaluation_results": [
        {
            "evaluation_name": "mgsm",
            "metric_config": {
                "lower_is_better": False,
                "score_type": "continuous",
                "min_score": 0,
                "max_score": 1,
            },
            "score_details": {"score": 0.5},
        }
    ],
}
