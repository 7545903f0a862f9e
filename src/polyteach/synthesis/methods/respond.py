"""Respond: the teacher answers an existing prompt of the language."""

from __future__ import annotations

from polyteach.synthesis.requests import Plan, Request, draw_each_once


def plan_respond(plan: Plan) -> list[Request]:
    """Plans one request for each prompt drawn; the row keeps the prompt exactly as the seed data has it.

    Raises:
        UserError: there are no prompts.
    """
    return [
        Request(
            plan.prompts.conversation("respond", plan.language, prompt=row.prompt), (row,), prompt=row.prompt
        )
        for row in draw_each_once(plan, "respond")
    ]
