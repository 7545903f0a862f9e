"""What the student would learn from each row: gradients of its loss, one a row, projected at random.

One pass, shared by GRACE, the gradient norm and G-Vendi. The loss is what a student is taught by: the mean
cross-entropy of the response's tokens, its end included. A row that several teachers have is read once.

Where a model has more than `WEIGHTS` weights, gradients are of the last of its tensors only (`weights_of`);
what is better, those of a LoRA (as in the code released with arXiv 2511.02833) or the last ones, was not
measured. Rows are read one by one: under `torch.func.vmap` a row of the pocket world took 4 to 6 ms against
6, and it does not run every architecture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyteach.selection.selectors.contract import NO_ROWS, Pool, Scored, Selection, nobody

if TYPE_CHECKING:
    import torch

    from polyteach.models.local import LocalModel
    from polyteach.rows import Row
    from polyteach.selection.selectors.tools import Tools
    from polyteach.students.encode import EncodedRows

DIMENSIONS = 1024
"""Of the projection, as in arXiv 2505.20161. Inner products of unit vectors are off by about 1/32."""
WEIGHTS = 2**23
"""The most weights of which gradients are taken."""
HELD = 2**26
"""Numbers of gradients in memory at a time: 256 MB in float32."""
BLOCK = 4096
"""Rows of the projection's matrix that exist at a time: 16 MB for 1,024 dimensions."""
MOST_UNSCORED = 0.5
"""A teacher of which more than this share of rows has no gradient is not scored."""
NO_STUDENT = "no student to take gradients of"


@dataclass(frozen=True, slots=True, eq=False)
class RowGradients:
    """A teacher's rows as the student's gradients.

    Attributes:
        projected: float32 [scored rows, dimensions], in the rows' order; inner products are those of the
            gradients themselves, in expectation.
        norms: float64 [scored rows]; of the gradients themselves.
        prompts: of the scored rows.
        unscored: rows without a gradient, by reason: `empty_response`, `too_long` (not one token of the
            response lies within the student's context), `not_finite`.
    """

    projected: NDArray[np.float32]
    norms: NDArray[np.float64]
    prompts: tuple[str, ...]
    unscored: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.norms)

    def first(self, rows: int) -> RowGradients:
        """The first of the scored rows."""
        return RowGradients(self.projected[:rows], self.norms[:rows], self.prompts[:rows], self.unscored)

    def in_dimensions(self, dimensions: int) -> NDArray[np.float64]:
        """Projected to fewer dimensions: a part of a random projection is one, scaled anew."""
        share = dimensions / self.projected.shape[1]
        scaled: NDArray[np.float64] = self.projected[:, :dimensions] / np.sqrt(np.float64(share))
        return scaled


def scored_by_gradients(pool: Pool, tools: Tools, score: Callable[[RowGradients], Scored]) -> Selection:
    """Scores each teacher by as many gradients as every other has.

    Both a spectrum and its entropy grow with the number of rows. So rows without a gradient shorten the
    samples of all teachers alike, but for teachers of which most rows have none: they are not scored.
    """
    student = tools.student
    if student is None:
        return nobody(pool, NO_STUDENT)
    found = tools.once(pool, "gradients", lambda: gradients_of(student, pool, tools))
    reasons = {teacher: why for teacher, one in found.items() if (why := _why_not(one))}
    rows = min((len(one) for teacher, one in found.items() if teacher not in reasons), default=0)
    return Selection.of(
        {t: (None, reasons[t]) if t in reasons else score(one.first(rows)) for t, one in found.items()}
    )


def _why_not(one: RowGradients) -> str | None:
    missing = sum(one.unscored.values())
    if not missing and not len(one):
        return NO_ROWS
    if missing > MOST_UNSCORED * (missing + len(one)):
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(one.unscored.items()))
        return f"most of its rows have no gradient: {told}"
    return None


def gradients_of(student: LocalModel, pool: Pool, tools: Tools) -> dict[str, RowGradients]:
    """The gradients of all rows of a pool, by teacher.

    Args:
        student: the base.
        pool: its rng_seed decides the projection, one for all teachers.
        tools: told of the tokens read.
    """
    known = {_pair(row): row for rows in pool.rows.values() for row in rows}
    asked = [pair for pair in known if pair[1].strip()]
    encoded = encoded_rows(student, [known[pair] for pair in asked])
    tokens = sum(map(len, encoded.input_ids))
    tools.spent(forward_tokens=tokens, backward_tokens=tokens)
    projected, norms = projected_gradients(student.model, encoded, pool.rng_seed)
    place = {asked[int(id_)]: number for number, id_ in enumerate(encoded.ids)}
    return {teacher: _of_rows(rows, place, projected, norms) for teacher, rows in pool.rows.items()}


def _pair(row: Row) -> tuple[str, str]:
    return row.prompt, row.response


def encoded_rows(student: LocalModel, rows: Sequence[Row], most_tokens: int | None = None) -> EncodedRows:
    """Rows as a student is taught them, cut at so many tokens or its context; their ids are their numbers."""
    from polyteach.students.encode import EncodedRows, encode_rows
    from polyteach.students.template import with_chat_template

    if not rows:
        return EncodedRows([], [], [], 0, 0)
    tokenizer = with_chat_template(deepcopy(student.tokenizer))  # others use it as it is
    numbered = [replace(row, id=str(number)) for number, row in enumerate(rows)]
    return encode_rows(tokenizer, numbered, min(most_tokens or student.context, student.context))


def _of_rows(
    rows: Sequence[Row],
    place: Mapping[tuple[str, str], int],
    projected: NDArray[np.float32],
    norms: NDArray[np.float64],
) -> RowGradients:
    """One teacher's part of the gradients of all."""
    unscored: Counter[str] = Counter()
    places: list[int] = []
    prompts: list[str] = []
    for row in rows:
        at = place.get(_pair(row))
        if at is None:
            unscored["too_long" if row.response.strip() else "empty_response"] += 1
        elif not np.isfinite(norms[at]) or not np.isfinite(projected[at]).all():
            unscored["not_finite"] += 1
        else:
            places.append(at)
            prompts.append(row.prompt)
    return RowGradients(projected[places], norms[places], tuple(prompts), dict(unscored))


def projected_gradients(
    model: Any, encoded: EncodedRows, rng_seed: int, dimensions: int = DIMENSIONS, held: int = HELD
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Gradients of examples, projected [examples, dimensions], and their norms [examples].

    Args:
        model: a causal language model of transformers, in eval mode; neither its weights nor their flags are
            changed.
        encoded: what it is taught.
        rng_seed: of the projection.
        dimensions: a multiple of 64.
        held: numbers of gradients in memory at a time; a single row may have more.
    """
    import torch

    names = weights_of(model)
    weights = {name: model.get_parameter(name).detach().requires_grad_() for name in names}
    numbers = sum(weight.numel() for weight in weights.values())
    group, count = max(1, held // numbers), len(encoded.ids)
    projected = np.zeros((count, dimensions), dtype=np.float32)
    norms = np.zeros(count)
    for start in range(0, count, group):
        end = min(start + group, count)
        gradients = torch.empty((end - start, numbers), device=model.device)
        for number in range(start, end):
            ids, labels = encoded.input_ids[number], encoded.labels[number]
            gradients[number - start] = loss_gradient(model, weights, ids, labels)
        norms[start:end] = torch.linalg.vector_norm(gradients, dim=1, dtype=torch.float64).cpu().numpy()
        projected[start:end] = project(gradients, dimensions, rng_seed).cpu().numpy()
    return projected, norms


def weights_of(model: Any, most: int = WEIGHTS) -> list[str]:
    """The weights of which gradients are taken, by name.

    All, where they are at most so many; else the model's last tensors, embeddings and output layer left out,
    as many as stay within it, and at least one.
    """
    sizes = {name: one.numel() for name, one in model.named_parameters() if one.is_floating_point()}
    if sum(sizes.values()) <= most:
        return list(sizes)
    ends = (model.get_input_embeddings(), model.get_output_embeddings())
    outside = {id(weight) for module in ends if module is not None for weight in module.parameters()}
    taken: list[str] = []
    for name in reversed(sizes):
        if id(model.get_parameter(name)) in outside:
            continue
        if taken and sum(sizes[one] for one in taken) + sizes[name] > most:
            break
        taken.append(name)
    return taken


def loss_gradient(
    model: Any, weights: Mapping[str, torch.Tensor], ids: Sequence[int], labels: Sequence[int]
) -> torch.Tensor:
    """The gradient of one example's loss by some weights, as one vector in float32.

    Args:
        model: see `projected_gradients`.
        weights: by name, of the model's values, each with `requires_grad`.
        ids: of the example's tokens.
        labels: as many, `IGNORED` where no loss is taken.
    """
    import torch

    from polyteach.students.encode import IGNORED

    inputs = torch.tensor([ids], device=model.device)
    targets = torch.tensor(labels[1:], device=model.device)
    with torch.enable_grad():
        output = torch.func.functional_call(
            model, dict(weights), kwargs={"input_ids": inputs, "use_cache": False}
        )
        loss = torch.nn.functional.cross_entropy(output.logits[0, :-1].float(), targets, ignore_index=IGNORED)
        parts = torch.autograd.grad(loss, list(weights.values()), materialize_grads=True)
    return torch.cat([part.flatten().float() for part in parts])


def project(gradients: torch.Tensor, dimensions: int, rng_seed: int) -> torch.Tensor:
    """Projects vectors [rows, numbers] to [rows, dimensions] by a matrix of random signs / sqrt(dimensions).

    Inner products are kept in expectation (Johnson and Lindenstrauss; signs: Achlioptas 2003). The matrix
    never exists as a whole: its parts are made from a counter each time they are needed.
    """
    import torch

    projected: torch.Tensor = torch.zeros((len(gradients), dimensions), device=gradients.device)
    for block, start in enumerate(range(0, gradients.shape[1], BLOCK)):
        part = gradients[:, start : start + BLOCK]
        matrix = torch.from_numpy(signs(block, part.shape[1], dimensions, rng_seed))
        projected += part @ matrix.to(gradients.device)
    return projected.div_(dimensions**0.5)


def signs(block: int, rows: int, dimensions: int, rng_seed: int) -> NDArray[np.float32]:
    """Part of the projection's matrix: its rows from `block * BLOCK` on, each entry -1 or 1.

    Args:
        block: number of the part.
        rows: how many, at most `BLOCK`.
        dimensions: a multiple of 64.
        rng_seed: of the matrix.
    """
    philox = np.random.Philox(key=rng_seed, counter=[0, 0, block, dimensions])
    drawn = philox.random_raw(rows * dimensions // 64).astype("<u8").view(np.uint8)
    bits = np.unpackbits(drawn, bitorder="little").reshape(rows, dimensions)
    return bits.astype(np.float32) * np.float32(2) - np.float32(1)
