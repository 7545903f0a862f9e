"""Examining one model: its answers to the items of benchmarks, item by item."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.steps import Progress, SilentProgress

TOO_LONG = "longer than the model's context"
NOT_FINITE = "log-likelihood is no number"
GENERATED_TOKENS = 32
"""At most so many tokens a generated answer has (`max_gen_toks` of the task files)."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """How a model did on one item.

    Attributes:
        benchmark, item_id: which item.
        cluster: what it asks: items that ask the same, in other words, as another benchmark or in another
            language, do not vary independently.
        score: 0 or 1 by the benchmark's metric; None where the item could not be scored, `reason` saying why.
        score_norm: likewise by its second metric; None also where it has none.
        answer: what the model chose or wrote.
        reason: why there is no score; None where there is one.
    """

    benchmark: str
    item_id: str
    cluster: str
    score: float | None
    score_norm: float | None
    answer: str
    reason: str | None


def examine(
    location: str,
    language: str,
    benchmarks: Sequence[str],
    *,
    base_location: str | None = None,
    batch_size: int = 64,
    limit: int | None = None,
    progress: Progress | None = None,
) -> list[ItemResult]:
    """Examines a model in a language; the result depends on nothing else.

    Args:
        location: a model's folder, `org/name@commit`, or the folder of a LoRA adapter.
        language: standard code.
        benchmarks: names of the catalogue.
        base_location: where an adapter's base lies.
        batch_size: requests a forward pass; padding moves log-likelihoods by rounding only.
        limit: so many items of each benchmark only, see `spread_items`; None for all.
        progress: told of requests (four for a question with four choices).

    Raises:
        UserError: the model cannot be loaded, or a benchmark has no items in the language.
    """
    import torch

    from polyteach.students.base import load_adapted, load_base

    items = {name: spread_items(exam_items(name, language), limit) for name in benchmarks}
    if (Path(location) / "adapter_config.json").is_file():
        model, tokenizer = load_adapted(Path(location), base_location)
    else:
        model, tokenizer = load_base(location)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    return examine_loaded(model, tokenizer, items, batch_size=batch_size, progress=progress)


def exam_items(name: str, language: str) -> list[dict[str, Any]]:
    """The items of a benchmark in a language, as plain data.

    Raises:
        UserError: it has none in the language.
    """
    from polyteach.benchmarks.catalogue import benchmark
    from polyteach.pocket import exam

    known = benchmark(name)
    if language not in known.languages:
        raise UserError(
            f"benchmark {name!r} has no items in {language}",
            where="benchmarks",
            fix=f"its languages are {', '.join(known.languages)}",
        )
    items = exam(language).choice if known.kind == "choice" else exam(language).exact
    return [asdict(item) for item in items]


def spread_items(items: Sequence[Mapping[str, Any]], limit: int | None) -> list[Mapping[str, Any]]:
    """At most `limit` items in even strides over what they ask, in their order; all without a limit.

    Wordings of the same come one after another before the strides are made, so few items ask different
    things. Benchmarks whose items ask the same in the same order keep the same ones.
    """
    if limit is None or limit >= len(items):
        return list(items)
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        first.setdefault(item["cluster"], index)
    order = sorted(range(len(items)), key=lambda index: (first[items[index]["cluster"]], index))
    return [items[index] for index in sorted(order[place * len(items) // limit] for place in range(limit))]


def examine_loaded(
    model: Any,
    tokenizer: Any,
    items: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> list[ItemResult]:
    """Examines a model that is loaded, with a tokenizer that has a chat template.

    Args:
        model: transformers' own, or PEFT's around one.
        tokenizer: the model's.
        items: benchmark name -> items: id, question and, unless it stands for itself, cluster; with choices
            and answer_index, or with answer.
        batch_size: see `examine`.
        progress: see `examine`.

    Returns:
        A result for every item, benchmarks and items in the order given.
    """
    from polyteach.benchmarks.lm import answer_lm, run_tasks

    progress = progress or SilentProgress()
    lm = answer_lm(model, tokenizer, batch_size, progress)
    fitting = {name: [item for item in of if _fits(item, lm)] for name, of in items.items()}
    requests = sum(len(item.get("choices", [""])) for of in fitting.values() for item in of)
    progress.start(requests, "requests")
    asked = {name: of for name, of in fitting.items() if of}
    samples = run_tasks(lm, asked) if asked else {}
    answered = {
        (name, item["id"]): _result(name, item, sample)
        for name, of in asked.items()
        for item, sample in zip(of, samples[name], strict=True)
    }
    return [
        answered.get((name, item["id"])) or _unscored(name, item, TOO_LONG)
        for name, of in items.items()
        for item in of
    ]


def _fits(item: Mapping[str, Any], lm: Any) -> bool:
    """Whether prompt and longest answer go into the model's context; lm-eval would cut the prompt."""
    prompt = lm.apply_chat_template([{"role": "user", "content": item["question"]}])
    if "choices" in item:
        # one token less than all: the last one is only predicted
        longest = max(len(lm.tok_encode(prompt + choice)) for choice in item["choices"]) - 1
    else:
        longest = len(lm.tok_encode(prompt)) + GENERATED_TOKENS
    return longest <= int(lm.max_length)


def _result(name: str, item: Mapping[str, Any], sample: Mapping[str, Any]) -> ItemResult:
    if "choices" not in item:
        score, answer = sample["exact_match"], sample["filtered_resps"][0]
        return ItemResult(name, item["id"], _cluster(name, item), score, None, answer, None)
    likelihoods = [response[0] for response in sample["filtered_resps"]]
    if not all(math.isfinite(value) for value in likelihoods):
        return _unscored(name, item, NOT_FINITE)
    chosen = item["choices"][likelihoods.index(max(likelihoods))]
    cluster = _cluster(name, item)
    return ItemResult(name, item["id"], cluster, sample["acc"], sample["acc_norm"], chosen, None)


def _unscored(name: str, item: Mapping[str, Any], reason: str) -> ItemResult:
    return ItemResult(name, item["id"], _cluster(name, item), None, None, "", reason)


def _cluster(name: str, item: Mapping[str, Any]) -> str:
    """What an item asks; the item itself where its benchmark does not say. Ids are a benchmark's own."""
    return str(item.get("cluster", f"{name}/{item['id']}"))
