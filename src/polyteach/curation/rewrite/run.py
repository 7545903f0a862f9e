"""Weak rows of a set answered again by a teacher; all others stay as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyteach.curation.judging import judge_rows
from polyteach.curation.naming import as_plain
from polyteach.curation.reading import judged_rows
from polyteach.curation.rewrite.asking import Answers, ask_again, most_it_takes, plan_of
from polyteach.curation.rewrite.figures import by_rule, metrics_of
from polyteach.curation.rewrite.records import write_rewritten
from polyteach.curation.rewrite.weak import Weak, weak_rows, why_not_taken
from polyteach.errors import UserError
from polyteach.files import file_digest, write_json, writing
from polyteach.rules import AnyRule
from polyteach.rules.judged import JudgeBelow
from polyteach.rules.rule import Context
from polyteach.seed_data.turns import has_other_turns
from polyteach.synthesis.stand_alone import Files

if TYPE_CHECKING:
    from polyteach.quality.judge import Judge
    from polyteach.rows import Row
    from polyteach.steps import Progress

CHOSEN_BY_MARKS = (
    "the rubric is by the judge that chose which rows are weak and which new responses are taken: its errors "
    "are in the gain; have another judge measure both files"
)
OpenJudge = Callable[[], AbstractContextManager["Judge | None"]]
"""Opens whoever gives marks; opened anew where marks are wanted, so that the teacher's money is not held."""


@dataclass(frozen=True)
class Request:
    """What is to be rewritten, and by whom.

    Attributes:
        data: a JSONL, CSV or Parquet file, all of whose rows are in the settings' `language`.
        rules: what makes a row weak; a new response has to pass all of them.
        settings: of the teacher, as for `synthesis.step.synthesize`, without `method` and `rows`.
        locations: as there.
        limit: the most rows to be asked for; None for all that are weak.
    """

    data: Path
    rules: Sequence[AnyRule]
    settings: Mapping[str, Any]
    locations: Mapping[str, str]
    limit: int | None = None

    @property
    def language(self) -> str:
        """Standard code of the rows' language."""
        return str(self.settings["language"])

    def context(self, judge: Judge | None, progress: Progress) -> Context:
        """What rules may need."""
        return Context(rng_seed=self.settings["rng_seed"], judge=judge, progress=progress)


def rewrite_files_of(output: Path) -> Files:
    """What is written beside an output, under names of its own.

    Raises:
        UserError: see `Files.of`.
    """
    return replace(
        Files.of(output),
        summary=output.with_name(f"{output.name}.rewrite.json"),
        journal=output.with_name(f"{output.name}.rewrite.sqlite"),
        batches=output.with_name(f"{output.name}.rewrite.batches"),
    )


def rewrite_file(request: Request, files: Files, open_judge: OpenJudge, progress: Progress) -> dict[str, Any]:
    """Writes a file's rows, the weak ones with new responses where a teacher gave better ones.

    A new response is taken only if the row passes all rules with it; else the original stays. Row order and
    columns stay. The same request gives the same bytes, whether or not the journal had some of the answers.

    Args:
        request: what and by whom.
        files: see `rewrite_files_of`.
        open_judge: whoever gives marks for `judge_below` and the rubric; gives None where nobody is named.
        progress: told of each stage.

    Returns:
        The summary as plain data; it is written too.

    Raises:
        UserError: the file cannot be read or changes meanwhile, or nobody can answer.
        BudgetReached, KeyboardInterrupt: after what was answered was written; a note on it says how many.
            Where it comes while the judge is asked, answers are in the journal alone.
    """
    digest = file_digest(request.data) if request.data.is_file() else ""
    rows, weak = _read(request, request.rules, open_judge, progress)
    plan = plan_of(rows, weak.to_ask, request.settings, request.limit)
    answers = Answers()
    if plan.rows:
        answers = ask_again(
            rows, plan, request.settings, {**request.locations, **files.locations}, files, progress
        )
    with open_judge() as judge:
        context = request.context(judge, progress)
        refused = why_not_taken(rows, answers.rows, weak, request.rules, context)
        taken = {place: row for place, row in answers.rows.items() if place not in refused}
        new_rows = [taken.get(place, row) for place, row in enumerate(rows)]
        after = judge_rows(new_rows, request.rules, context) if taken else weak.judged
        settings = (request.language, judge, request.settings["rng_seed"], progress)
        metrics = {"before": metrics_of(rows, *settings)}
        metrics["after"] = metrics_of(new_rows, *settings) if taken else metrics["before"]
    if file_digest(request.data) != digest:
        raise UserError("changed while it was read", where=str(request.data), fix="run it again")
    because = dict(enumerate(weak.judged.reasons))
    write_rewritten(files.rows, request.data, dict(enumerate(rows)), taken, because)
    summary = {
        "schema_version": 1,
        "kind": "rewrite",
        "state": _state(answers),
        "language": request.language,
        "teacher": request.settings["teacher"],
        "input": {"file": request.data.name, "sha256": digest},
        "output": {"file": files.rows.name, "sha256": file_digest(files.rows)},
        "rules": [as_plain(rule) for rule in request.rules],
        "rows": len(rows),
        "weak": weak.rows,
        "rewritten": len(taken),
        "left": {
            "no_new_response_mends": weak.left_for,
            "no_answer": answers.failed,
            "new_response_found": dict(sorted(Counter(refused.values()).items())),
            "not_asked": len(weak.to_ask) - plan.rows + answers.unasked,
        },
        "by_rule": by_rule(request.rules, weak, after, list(taken)),
        "metrics": metrics,
        "caution": CHOSEN_BY_MARKS if taken and _ask_for_marks(request.rules) else None,
        "asked": answers.facts or None,
        "files": {"rows": files.rows.name, "summary": files.summary.name, "journal": files.journal.name},
    }
    with writing(files.summary):
        write_json(files.summary, summary)
    if answers.stopped is not None:
        answers.stopped.add_note(
            f"{len(taken)} of {len(weak.to_ask)} weak rows are rewritten in {files.rows}; {answers.unasked} "
            "requests are left"
        )
        raise answers.stopped
    return summary


def foretell_rewrite(
    request: Request, files: Files, open_judge: OpenJudge | None, progress: Progress
) -> dict[str, Any]:
    """Says which rows are weak, and what asking for them takes at most; asks no teacher, writes nothing.

    Args:
        request: as for `rewrite_file`.
        files: likewise.
        open_judge: likewise; None where the judge costs money: rules that ask it are left out.
        progress: told of each stage.
    """
    rules = [rule for rule in request.rules if open_judge or not _ask_for_marks([rule])]
    rows, weak = _read(request, rules, open_judge, progress)
    plan = plan_of(rows, weak.to_ask, request.settings, request.limit)
    known = {rule.reason for rule in rules}
    return {
        "schema_version": 1,
        "kind": "rewrite_plan",
        "language": request.language,
        "teacher": request.settings["teacher"],
        "rows": len(rows),
        "weak": weak.rows,
        "no_new_response_mends": weak.left_for,
        "asked": plan.rows,
        "by_rule": [
            {
                "reason": rule.reason,
                "weak": weak.judged.dropped.get(rule.reason, 0),
                "found": weak.judged.found.get(rule.reason, 0),
                "could_not_tell": dict(weak.judged.untold.get(rule.reason, {})),
            }
            for rule in rules
        ],
        "not_looked_at": [rule.reason for rule in request.rules if rule.reason not in known],
        "at_most": most_it_takes(plan, request.settings, {**request.locations, **files.locations}),
    }


def _read(
    request: Request, rules: Sequence[AnyRule], open_judge: OpenJudge | None, progress: Progress
) -> tuple[list[Row], Weak]:
    """The rows of the file, and which are weak."""
    from contextlib import nullcontext

    others: list[bool] = []
    rows = list(
        judged_rows([request.data], request.language, lambda record: others.append(has_other_turns(record)))
    )
    if not rows:
        fix = "a file of examples has at least one row"
        raise UserError("the file has no rows", where=str(request.data), fix=fix)
    places = [place for place, other in enumerate(others) if other]
    with open_judge() if open_judge else nullcontext() as judge:
        return rows, weak_rows(rows, rules, request.context(judge, progress), places)


def _ask_for_marks(rules: Sequence[AnyRule]) -> bool:
    return any(isinstance(rule, JudgeBelow) for rule in rules)


def _state(answers: Answers) -> str:
    if answers.stopped is None:
        return "done"
    return "interrupted" if isinstance(answers.stopped, KeyboardInterrupt) else "budget_reached"
