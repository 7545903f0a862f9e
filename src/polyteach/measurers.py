"""What the steps that measure rows are handed: who measures them, and where."""

from __future__ import annotations

from typing import Any

from polyteach.endpoints import locations as served_at
from polyteach.facts import scorer_of
from polyteach.files import package_files_digest
from polyteach.models.embeddings import LEXICAL
from polyteach.quality.cell import ORACLE
from polyteach.resources import Resources
from polyteach.study import Candidates, EndpointModel
from polyteach.writers import Handed, world_digest


def measured(study: Candidates, resources: Resources, language: str, rng_seed: int) -> Handed:
    """Whatever measures rows of a language: embedder, judge, the model that perplexity is taken under."""
    quality = study.quality
    named = scorer_of(study)
    scorer = resources.models[named] if named else None
    locations = {"perplexity": scorer.location} if scorer else {}
    judge: dict[str, Any] | None = None
    if isinstance(quality.judge, EndpointModel):
        judge = _at_endpoint(quality.judge)
        locations |= served_at(quality.judge, study, "judge_")
    elif quality.judge == ORACLE.name:
        judge = {"kind": ORACLE.name, "world_digest": world_digest()}
    elif quality.judge:
        model = resources.models[quality.judge]
        judge = {"kind": "model", "model": model.digest}
        locations |= {"judge": model.location, "payer": study.name}
    if judge and judge["kind"] != ORACLE.name:
        judge["rubric_digest"] = package_files_digest(
            "polyteach.quality", "rubric.yaml", "control_tokens.yaml", "plea_words.yaml"
        )
    embedder: str | dict[str, Any] = LEXICAL
    if isinstance(quality.embedder, EndpointModel):
        embedder = _at_endpoint(quality.embedder)
        locations |= served_at(quality.embedder, study, "embedder_")
    elif resources.embedder:
        embedder = resources.embedder.digest
        locations["embedder"] = resources.embedder.location
    settings = {
        "language": language,
        "embedder": embedder,
        "perplexity": {"model": scorer.digest} if scorer else None,
        "judge": judge,
        "rng_seed": rng_seed,
    }
    return settings, locations


def _at_endpoint(served: EndpointModel) -> dict[str, Any]:
    """What of a model at an endpoint is part of a step's identity."""
    return {"kind": "endpoint", "model": served.model, "extra": served.endpoint.extra}
