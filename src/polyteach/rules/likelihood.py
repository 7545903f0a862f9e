"""Responses that a model finds far likelier, or far less likely, than the others of the set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from polyteach.rules.rule import Context, Found, Settings
from polyteach.study.values import Number

if TYPE_CHECKING:
    from polyteach.rows import Row


class Likelihood(Settings):
    """The response's NLL a token given its prompt, under a named model, is outside two quantiles of the set.

    The tails hold noise and loops, and also what is rare and right: it takes the same share of any set.
    """

    rule: ClassVar[str] = "likelihood"
    of_set: ClassVar[bool] = True
    model: str = Field(min_length=1, description="a folder, a hub id, or pocket:NAME")
    low: Number = Field(
        default=0.01, ge=0, lt=1, description="quantile below which a row goes: too predictable"
    )
    high: Number = Field(
        default=0.99, gt=0, le=1, description="quantile above which a row goes: too surprising"
    )

    @model_validator(mode="after")
    def _is_a_band(self) -> Likelihood:
        if self.low >= self.high:
            raise ValueError("`low` lies below `high`")
        return self

    def find(self, rows: Sequence[Row], context: Context) -> Found:
        """Judges rows; one that the model cannot read (`too_long`, ...) cannot be told.

        Raises:
            UserError: the model is nowhere, or cannot be loaded.
        """
        import numpy as np

        from polyteach.models.likelihood import response_likelihoods
        from polyteach.models.local import LocalModel
        from polyteach.resources import find_model

        model = LocalModel.load(find_model(self.model, Path()).location)
        context.progress.start(len(rows), "rows")
        found = response_likelihoods(
            model.model,
            model.tokenizer,
            [(row.prompt, row.response) for row in rows],
            context=model.context,
            progress=context.progress,
        )
        costs = [None if one.nll is None or not one.tokens else one.nll / one.tokens for one in found]
        known = [cost for cost in costs if cost is not None]
        untold = Counter(
            one.reason or "no_tokens" for one, cost in zip(found, costs, strict=True) if cost is None
        )
        if not known:
            return Found((False,) * len(rows), dict(sorted(untold.items())))
        low, high = np.quantile(known, [self.low, self.high])
        outside = tuple(cost is not None and not low <= cost <= high for cost in costs)
        return Found(outside, dict(sorted(untold.items())))
