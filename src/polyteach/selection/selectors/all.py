"""All selectors, by what they ask of the student: nothing, one or two readings, or gradients."""

from __future__ import annotations

from polyteach.quality.gated import METRICS
from polyteach.selection.selectors.car import Car
from polyteach.selection.selectors.contract import Selector
from polyteach.selection.selectors.g_vendi import GVendi
from polyteach.selection.selectors.grace import Grace
from polyteach.selection.selectors.gradient_norm import GradientNorm
from polyteach.selection.selectors.grape import GrapeWins
from polyteach.selection.selectors.ifd import Ifd
from polyteach.selection.selectors.largest import Largest
from polyteach.selection.selectors.length import Length
from polyteach.selection.selectors.nll import Nll
from polyteach.selection.selectors.own_benchmark import OwnBenchmark
from polyteach.selection.selectors.quality import GatedQuality, IntrinsicMetric
from polyteach.selection.selectors.random_draw import RandomDraw
from polyteach.selection.selectors.reward import MeanReward
from polyteach.selection.selectors.rsr import Rsr

PERPLEXITY, RESPONSE_LENGTH = "perplexity", "response_length"

METRICS_ALONE: tuple[Selector, ...] = (
    *(
        IntrinsicMetric(metric.name, metric.better)
        for metric in METRICS
        if metric.name not in (PERPLEXITY, RESPONSE_LENGTH)  # one reads with the student, one is `Length`
    ),
    *(
        IntrinsicMetric(f"{side}_{name}")
        for side in ("prompt", "response")
        for name in ("vendi", "distinct_1", "distinct_2")
    ),
)

FREE: tuple[Selector, ...] = (
    RandomDraw(),
    Length(),
    Largest(),
    OwnBenchmark(),
    MeanReward(),
    *METRICS_ALONE,
)
"""The student is not asked."""

FORWARD: tuple[Selector, ...] = (
    GatedQuality(),
    IntrinsicMetric(PERPLEXITY),
    Nll(),
    GrapeWins(),
    Ifd(),
    Rsr(),
    Car(),
)
"""The student reads the rows: once, IFD twice; gated quality also human rows and their corruptions."""

GRADIENT: tuple[Selector, ...] = (GradientNorm(), Grace(), GVendi())
"""Gradients of every row, one pass for all. RoSE is in none: it trains students, see `rose.Rose`."""
