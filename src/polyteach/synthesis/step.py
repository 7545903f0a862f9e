"""The step in which a teacher writes rows of one language by one method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyteach.files import write_json
from polyteach.models.completions import TOO_LONG, Completion
from polyteach.models.local import LocalModel
from polyteach.steps import StepTask
from polyteach.synthesis.answers import BadAnswer, Pair, read_answer
from polyteach.synthesis.methods import PLANNERS
from polyteach.synthesis.prompts import load_prompts
from polyteach.synthesis.requests import Plan, Request

if TYPE_CHECKING:
    from polyteach.rows import Row

_EXAMPLES = 3  # raw answers kept a reason


@dataclass
class Failures:
    """Answers that make no row, by reason: how many, and the first few as they came."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, raw: str) -> None:
        """Counts one; `raw` is the answer, or the prompt where that was too long to be asked."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        kept = self.examples.setdefault(reason, [])
        if len(kept) < _EXAMPLES:
            kept.append(raw)

    def write(self, path: Path) -> None:
        """Writes {reason: {count, examples}} as JSON."""
        plain = {r: {"count": n, "examples": self.examples[r]} for r, n in self.counts.items()}
        write_json(path, plain)


def synthesize(task: StepTask) -> Mapping[str, Any]:
    """Writes `rows.parquet` and `failures.json`.

    Settings: `language`, `method`, `teacher`, `model` (digest), `prompts` (a prompt set), `rows`, `few_shot`,
    `rng_seed`, `temperature`, `top_p`, `max_new_tokens`, `batch_size`, `dtype`. Locations: `model`. Inputs:
    `seed_data`; translate reads `seed_data_en` in its place. Facts count the tokens of all attempts, those
    that failed included, because they were paid for.
    """
    from polyteach.rows import write_rows

    settings = task.settings
    prompts = load_prompts(settings["prompts"])
    requests = plan_requests(settings, task.inputs)
    task.progress.start(len(requests), "rows")
    model = LocalModel.load(task.locations["model"], dtype=settings["dtype"])
    completions = model.generate(
        [request.conversation for request in requests],
        **{
            name: settings[name]
            for name in ("temperature", "top_p", "max_new_tokens", "batch_size", "rng_seed")
        },
        progress=task.progress,
    )
    rows, failures = make_rows(
        requests,
        completions,
        form=prompts.answers,
        teacher=settings["teacher"],
        language=settings["language"],
        method=settings["method"],
    )
    write_rows(task.output / "rows.parquet", rows)
    failures.write(task.output / "failures.json")
    return {
        "rows": len(rows),
        "attempts": len(requests),
        "failed": dict(sorted(failures.counts.items())),
        "prompt_tokens": sum(c.prompt_tokens for c in completions if c.finish_reason != TOO_LONG),
        "response_tokens": sum(c.completion_tokens for c in completions),
    }


def make_rows(
    requests: Sequence[Request],
    completions: Sequence[Completion],
    *,
    form: str,
    teacher: str,
    language: str,
    method: str,
) -> tuple[list[Row], Failures]:
    """Turns answers into rows, and counts those that are none. A row's number is that of its request."""
    rows: list[Row] = []
    failures = Failures()
    for number, (request, completion) in enumerate(zip(requests, completions, strict=True)):
        shown = [row.prompt for row in request.basis] if method == "generate" else []
        try:
            pair = read_answer(completion, form, prompt=request.prompt, shown=shown)
        except BadAnswer as bad:
            asked = request.conversation[-1]["content"]
            failures.add(bad.reason, asked if bad.reason == TOO_LONG else completion.text)
            continue
        identity = {"id": f"{teacher}/{language}/{method}/{number}", "teacher": teacher}
        rows.append(_row(request, completion, pair, language=language, method=method, **identity))
    return rows, failures


def _row(request: Request, completion: Completion, pair: Pair, **identity: str) -> Row:
    from polyteach.rows import Row

    return Row(
        source=" ".join(dict.fromkeys(row.source for row in request.basis)),
        source_id=" ".join(row.id for row in request.basis),
        prompt=pair.prompt,
        response=pair.response,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        response_tokens=completion.completion_tokens,
        extra={"category": request.category} if request.category else {},
        **identity,
    )


def plan_requests(settings: Mapping[str, Any], inputs: Mapping[str, Path]) -> list[Request]:
    """Plans what a teacher is asked; settings and inputs as for `synthesize`, those of sampling left out."""
    from polyteach.rows import read_rows

    method = settings["method"]
    source = inputs["seed_data_en" if method == "translate" else "seed_data"]
    seeds = [row for row in read_rows(source / "rows.parquet") if method in row.extra["feeds"]]
    plan = Plan(
        seeds=seeds,
        prompts=load_prompts(settings["prompts"]),
        language=settings["language"],
        rows=settings["rows"],
        few_shot=settings["few_shot"],
        rng=np.random.default_rng(settings["rng_seed"]),
    )
    return PLANNERS[method](plan)
