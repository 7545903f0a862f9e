"""Endpoints and journals from what a step is handed: settings, which define the output, and locations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from polyteach.steps import digest_of

if TYPE_CHECKING:
    from polyteach.models.answering import Answerer
    from polyteach.models.endpoint.settings import EndpointSettings
    from polyteach.models.journal import Journal
    from polyteach.models.prices import Price
    from polyteach.models.trouble import Trouble


@dataclass(frozen=True)
class Served:
    """A model at an endpoint.

    Attributes:
        settings: how it is reached.
        identity: in the keys of requests: its name, and what is sent along with every request.
        price: None where it is unknown.
        cap: USD that the journal's payer may spend; None for no cap.
        batch_folder: where the batch API's state lies; None where answers are asked for directly.
        ledgers: a folder below which lies that of all who use the journal; None where nothing outlives a run.
    """

    settings: EndpointSettings
    identity: str
    price: Price | None
    cap: float | None
    batch_folder: Path | None = None
    ledgers: Path | None = None

    def answerer(self, trouble: Trouble | None = None) -> Answerer:
        """Who asks it: directly, its troubles counted, or through the host's batch API."""
        if self.batch_folder is not None:
            from polyteach.models.batch import BatchAnswerer, BatchSettings

            return BatchAnswerer(
                BatchSettings(endpoint=self.settings),
                self.batch_folder,
                beside=self.ledgers,
                price=self.price,
                cap=self.cap,
            )
        from polyteach.models.batch.looking import NotInBatches
        from polyteach.models.endpoint import EndpointAnswerer

        directly = EndpointAnswerer(self.settings, self.price, self.cap, trouble=trouble)
        return NotInBatches(directly, self.ledgers) if self.ledgers else directly


def find_served(model: str, fixed: Mapping[str, Any], locations: Mapping[str, str], role: str = "") -> Served:
    """Reads where a model is served. No server is asked.

    Locations, all but the first optional: `endpoint`, the fields of `EndpointSettings` as a JSON object,
    without those that settings have; in it `batch`, whether to use the batch API, whose state is kept in the
    folder `state`; below `states`, where there is one, lies that of all who use the journal. `price`, USD
    per million tokens as a JSON object, see `prices.price_of`. `budget`, a number: the cap. `journal`, see
    `open_journal`: who writes to it keeps limits per minute together.

    Args:
        model: its name at the server.
        fixed: fields of `EndpointSettings` that change answers, such as `extra`; a step's settings have them.
        locations: of the step.
        role: put before `endpoint` and `price`, as in `judge_endpoint`; a step has one budget.

    Raises:
        UserError: a setting is out of range, or a price is none.
    """
    from polyteach.models.endpoint.settings import EndpointSettings
    from polyteach.models.prices import price_of

    where = json.loads(locations[f"{role}endpoint"])
    folder = Path(locations["state"]) / f"{role}batches" if where.pop("batch", False) else None
    ledgers = locations.get("states", locations.get("state"))
    pace = Path(locations["journal"]).with_suffix(".pace") if "journal" in locations else None
    settings = EndpointSettings(model=model, pace_folder=pace, **(where | dict(fixed)))
    own = json.loads(locations[f"{role}price"]) if f"{role}price" in locations else None
    extra = fixed.get("extra")
    return Served(
        settings,
        identity=digest_of([model, extra]) if extra else model,
        price=price_of(model, own, urls=settings.urls, batch=folder is not None),
        cap=float(locations["budget"]) if "budget" in locations else None,
        batch_folder=folder,
        ledgers=Path(ledgers) if ledgers else None,
    )


@contextmanager
def open_journal(locations: Mapping[str, str]) -> Iterator[Journal]:
    """Opens the journal that `journal` names, for the payer that `payer` names; else one for the moment."""
    from polyteach.models.journal import Journal

    payer = locations.get("payer", "")
    if "journal" in locations:
        with Journal(Path(locations["journal"]), payer) as journal:
            yield journal
        return
    with (
        TemporaryDirectory(prefix="polyteach-") as folder,
        Journal(Path(folder) / "journal", payer) as journal,
    ):
        yield journal
