"""Generate: the teacher is shown seed pairs and writes a new prompt and its response."""

from __future__ import annotations

from polyteach.synthesis.requests import Plan, Request, no_seed_data


def plan_generate(plan: Plan) -> list[Request]:
    """Plans `plan.rows` attempts, each with its own few-shot examples, the task categories in turn.

    Source: arXiv 2604.11290, k=3 random seed pairs. Unlike the released code, the draw is seeded.

    Raises:
        UserError: there are fewer seed pairs than one attempt shows.
    """
    pairs, categories = plan.seeds, plan.prompts.categories
    if len(pairs) < max(plan.few_shot, 1):
        raise no_seed_data(plan, "generate", max(plan.few_shot, 1))
    requests = []
    for number in range(plan.rows):
        drawn = plan.rng.choice(len(pairs), plan.few_shot, replace=False)
        examples = tuple(pairs[i] for i in drawn)
        category = categories[number % len(categories)] if categories else ""
        conversation = plan.prompts.conversation(
            "generate", plan.language, examples=examples, category=category
        )
        requests.append(Request(conversation, examples, category=category))
    return requests
