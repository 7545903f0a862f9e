"""The published figures as a bundle: what is shipped is what the numbers and the audit give."""

from __future__ import annotations

from polyteach import bundles
from polyteach.bundles.files import SHIPPED, shipped, to_bytes
from polyteach.bundles.paper import NAME, bundle_of_paper
from polyteach.published.paper import BASE, read_paper


def test_the_shipped_bundle_is_what_the_numbers_give() -> None:
    assert to_bytes(bundle_of_paper()) == (SHIPPED / f"{NAME}.json").read_bytes()


def test_every_released_cell_is_in_it_and_says_what_it_is() -> None:
    bundle = bundles.read(shipped()[NAME])
    assert bundle.kind == "figures"
    assert bundle.evidence is None
    assert len(bundle.cells) == 60 + 3 * 30
    cells = {cell.key: cell for cell in bundle.cells}
    cell = cells["Gemma 3 27B Inst.", "ar", BASE]
    assert cell.figures["published"].value == 0.1449610322
    assert cell.figures["result"].value == 0.4223708933
    assert cell.figures["result"].se == 0.0121  # Table 13
    assert cell.figures["metric/rubric"].value == 3.932
    assert not any(cell.scored for cell in bundle.cells)
    assert all(figure.definition for cell in bundle.cells for figure in cell.figures.values())
    assert "2604.11290" in bundle.provenance.source
    assert bundle.provenance.licence


def test_no_pgr_is_without_its_doubt() -> None:
    bundle = bundle_of_paper()
    assert all({"pgr", "published"} <= cell.doubts.keys() for cell in bundle.cells)
    cells = {cell.key: cell for cell in bundle.cells}
    assert "below the base" in cells["Aya Expanse 32B", "de", BASE].doubts["pgr"]
    assert "fractional" in cells["Aya Expanse 32B", "ja", BASE].doubts["pgr"]
    assert "not of its own base" in cells["Aya Expanse 32B", "de", "Qwen 3 8B"].doubts["pgr"]
    assert "same result" in cells["Aya Expanse 32B", "cs", BASE].doubts["result"]
    assert cells["Aya Expanse 32B", "ja", BASE].figures["difference"].value is None


def test_other_numbers_make_another_bundle() -> None:
    from dataclasses import replace

    paper = read_paper()
    key = (BASE, "de", "Aya Expanse 32B")
    other = replace(paper, cells=dict(paper.cells) | {key: replace(paper.cells[key], z=9.0)})
    assert to_bytes(bundle_of_paper(other)) != to_bytes(bundle_of_paper())
