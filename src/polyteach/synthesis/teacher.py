"""Who answers for a teacher, from the settings of its step: a server, its batch API, or a local model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyteach.models.asks import Sampling
from polyteach.models.build import find_served
from polyteach.models.local import LocalModel
from polyteach.models.local_answerer import LocalAnswerer
from polyteach.models.prices import Price
from polyteach.models.trouble import Trouble
from polyteach.steps import digest_of
from polyteach.synthesis.answers import pair_schema
from polyteach.synthesis.course import Terms
from polyteach.synthesis.fitting import CountTokens, estimated_tokens
from polyteach.synthesis.prompts import load_prompts

if TYPE_CHECKING:
    from polyteach.models.answering import Answerer

FREE = Price(0.0, 0.0, 0.0, "a model on this machine")


@dataclass(frozen=True)
class Askable:
    """A teacher that can be asked.

    Attributes:
        answerer: who answers.
        identity: of the model, in the keys of requests.
        context: tokens that prompt and answer may have together; None where nothing is known.
        count: tokens of a conversation.
        price: None where it is unknown.
        takes_schema: whether a JSON schema is sent along.
    """

    answerer: Answerer
    identity: str
    context: int | None
    count: CountTokens
    price: Price | None
    takes_schema: bool

    def terms(self, settings: Mapping[str, Any]) -> Terms:
        """How a cell is asked; `settings` as for `step.synthesize`."""
        prompts = load_prompts(settings["prompts"])
        return Terms(
            model=self.identity,
            sampling=Sampling(
                settings["max_new_tokens"],
                settings["temperature"],
                settings.get("top_p"),
                settings.get("top_k"),
            ),
            rng_seed=settings["rng_seed"],
            attempts=settings.get("attempts", 1),
            method=settings["method"],
            language=settings["language"],
            prompts=prompts,
            checks_language=settings.get("language_gate", False),
            context=self.context,
            count=self.count,
            schema=pair_schema() if self.takes_schema and prompts.answers == "json" else None,
        )


def find_teacher(
    settings: Mapping[str, Any], locations: Mapping[str, str], trouble: Trouble | None = None
) -> Askable:
    """Makes ready whoever answers; a local model is loaded. Settings and locations as for `step.synthesize`.

    What goes wrong at an endpoint is counted in `trouble`.

    Raises:
        UserError: the model cannot be loaded, or a setting of the endpoint is wrong.
    """
    if settings.get("endpoint") is not None:
        served = find_served(settings["model"], settings["endpoint"], locations)
        return Askable(
            answerer=served.answerer(trouble),
            identity=served.identity,
            context=settings.get("context"),
            count=estimated_tokens,
            price=served.price,
            takes_schema=served.settings.structured != "words",
        )
    model = LocalModel.load(
        locations["model"],
        dtype=settings["dtype"],
        device_map=locations.get("device_map"),
        adapter=locations.get("adapter"),
    )
    # in half precision the size of a batch moves answers
    identity = [settings["model"], settings["dtype"], settings.get("adapter"), settings["batch_size"]]
    return Askable(
        answerer=LocalAnswerer(model, settings["batch_size"]),
        identity=digest_of(identity),
        context=min(model.context, settings.get("context") or model.context),
        count=lambda conversation: len(model.encode(conversation)),
        price=FREE,
        takes_schema=False,
    )
