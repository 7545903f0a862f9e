"""Who could be recommended: candidates of a file or of the evidence; which teacher of a source is which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

_DROPPED = {"instruct", "inst", "it", "chat", "hf", "ibm", "c4ai", "meta", "latest"}
_DATE = re.compile(r"[-_ ](20\d\d-[01]\d-[0-3]\d|[01]\d-20\d\d)$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A teacher, used in some way.

    Attributes:
        name: unique among candidates.
        model: as its host or a study calls it; None of a simulated one, or where nobody says.
        methods: how it is used; empty where that is open.
        is_local: whether it runs on one's own machine, so that no host is paid; None where nobody says.
        price: the user's own, as `models.prices.price_of` takes it.
        urls: of its endpoint.
        batch: whether it is asked through a batch API.
        is_simulated: a teacher of the pocket world.
        teacher: whose methods compete as candidates of their own; None where the name says it.
    """

    name: str
    model: str | None = None
    family: str | None = None
    parameters: float | None = None
    methods: tuple[str, ...] = ()
    is_local: bool | None = None
    price: Mapping[str, float | None] | None = field(default=None, hash=False)
    urls: tuple[str, ...] = ()
    batch: bool = False
    is_simulated: bool = False
    teacher: str | None = None

    @classmethod
    def of(
        cls,
        name: str,
        kind: str,
        model: str | None,
        family: str | None,
        parameters: float | None,
        methods: Sequence[str] = (),
        teacher: str | None = None,
    ) -> Self:
        """A teacher as results, screens and bundles know it; `kind` is `model` or `simulated`.

        One of the pocket world, which no host serves, is local; of any other nobody says it.
        """
        is_simulated = kind == "simulated"
        is_local = True if is_simulated or (model or "").startswith("pocket:") else None
        return cls(
            name,
            model,
            family,
            parameters,
            tuple(methods),
            is_local,
            is_simulated=is_simulated,
            teacher=teacher,
        )


def identity(name: str) -> str:
    """What is left of a model's name without owner, revision, date, and words such as `Instruct`.

    `meta-llama/Llama-3.1-70B-Instruct` and `Llama 3.1 70B Inst.` are both `llama3.170b`.
    """
    plain = name.rpartition("/")[2].partition("@")[0].strip().lower()
    plain = _DATE.sub("", plain)
    words = [word.strip(".") for word in re.split(r"[^a-z0-9.]+", plain)]
    return "".join(word for word in words if word not in _DROPPED) or plain


def is_same_model(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates use one model: by their models where both are known, else by any name."""
    if one.model and other.model:
        return identity(one.model) == identity(other.model)
    names = [{identity(text) for text in (c.model, c.teacher or c.name) if text} for c in (one, other)]
    return bool(names[0] & names[1])


def find(teacher: Candidate, among: Sequence[Candidate]) -> Candidate | None:
    """The candidate that a teacher of some source is.

    Of several that use its model, in ways that do not contradict its own: the one of its name; else the one
    of its methods; else the only one that does not say its methods. None where that leaves it open: what a
    source says of a teacher is not said of each way to use it.
    """
    alike = [c for c in among if is_same_model(c, teacher) and not _contradict(c, teacher)]
    if len(alike) < 2:
        return alike[0] if alike else None
    for fits in (
        lambda c: c.name == teacher.name,
        lambda c: bool(teacher.methods) and set(c.methods) == set(teacher.methods),
        lambda c: not c.methods,
    ):
        found = [candidate for candidate in alike if fits(candidate)]
        if len(found) == 1:
            return found[0]
    return None


def _contradict(one: Candidate, other: Candidate) -> bool:
    return bool(one.methods and other.methods) and set(one.methods) != set(other.methods)


def together(groups: Iterable[Iterable[Candidate]], sources: Sequence[str] = ()) -> list[Candidate]:
    """All candidates of several sources, each once, in their order.

    Names are made unique: by what the source is called, where `sources` says that of each, else by a number.
    """
    found: list[Candidate] = []
    for place, group in enumerate(groups):
        source = sources[place] if sources else ""
        before = list(found)  # those of one source are all different
        for teacher in group:
            known = find(teacher, before)
            if known is None:
                found.append(_renamed(teacher, {c.name for c in found}, source))
            else:
                found[found.index(known)] = before[before.index(known)] = _filled(known, teacher)
    return found


def _renamed(teacher: Candidate, taken: set[str], source: str) -> Candidate:
    own = f"{teacher.name} ({source})" if source and teacher.name in taken else teacher.name
    name, number = own, 2
    while name in taken:
        name, number = f"{own} ({number})", number + 1
    return replace(teacher, name=name)


def _filled(known: Candidate, other: Candidate) -> Candidate:
    """What one source does not say another may."""
    return replace(
        known,
        model=known.model or other.model,
        family=known.family or other.family,
        parameters=known.parameters or other.parameters,
        methods=known.methods or other.methods,
        is_local=other.is_local if known.is_local is None else known.is_local,
    )


def from_file(path: Path) -> list[Candidate]:
    """The teachers in a file of candidates or in a study; rows that exist are none.

    Raises:
        UserError, UserErrors: it is neither, or has data alone.
    """
    from polyteach.errors import UserError
    from polyteach.models.sizes import named_parameters
    from polyteach.study.load import load_candidates
    from polyteach.study.teachers import Contestant, SimulatedTeacher

    found = []
    study = load_candidates(path)
    for teacher in study.teachers:
        methods = tuple(study.methods_of(teacher))
        if isinstance(teacher, Contestant):
            continue
        if isinstance(teacher, SimulatedTeacher):
            found.append(Candidate(teacher.name, methods=methods, is_local=True, is_simulated=True))
            continue
        endpoint = teacher.endpoint
        found.append(
            Candidate(
                teacher.name,
                teacher.model,
                teacher.family,
                teacher.parameters or named_parameters(teacher.model),
                methods,
                endpoint is None,
                teacher.price.model_dump() if teacher.price else None,
                tuple(endpoint.urls) if endpoint else (),
                bool(endpoint and endpoint.batch),
            )
        )
    if not found:
        raise UserError("it names no teacher that writes", str(path), "add teachers with a `model`")
    return found
