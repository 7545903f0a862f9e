"""Translation models of random weights: every sentence as the model alone translates it, and nothing lost."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_translators import CONTEXT, end_row, save_m2m, save_model, save_nllb
from transformers import AutoTokenizer, M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

from polyteach.errors import UserError
from polyteach.models.journal import Journal
from polyteach.models.translation.pieces import pieces
from polyteach.models.translation.sentences import Limits, SentenceModel
from polyteach.models.translation.translator import CUT_OFF, EMPTY, Translation, Translator

TEXT = (
    "# Apples\n\nHello there. How are you? I have 3 of them, thanks.\n\n- one apple\n- two pears\n\n"
    "```py\nx = 'Hello there.'\n```\n\n**Note:** see https://a.org/b for more.\n"
)
LONG = "the old man and the sea, " * 40 + "and so on."
TEXTS = [TEXT, LONG, "Hello there.", "", "12 + 3 = 15", " \n", "never mind; go on"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("translators")
    return {"nllb": save_nllb(folder / "nllb"), "m2m": save_m2m(folder / "m2m")}


@pytest.fixture(params=["nllb", "m2m"])
def translator(folders: dict[str, Path], request: pytest.FixtureRequest) -> Translator:
    return Translator.load(str(folders[request.param]))


def german(translator: Translator, texts: list[str], **options: Any) -> list[Translation]:
    return list(translator.translate(texts, "en", "de", **options))


def alone(folder: Path, kind: str, sentence: str, beams: int) -> str:
    """A sentence's translation by the shortest way through transformers' own API, to German."""
    model = M2M100ForConditionalGeneration.from_pretrained(folder).eval()
    target = {"nllb": "deu_Latn", "m2m": "__de__"}[kind]
    if kind == "nllb":
        tokenizer = AutoTokenizer.from_pretrained(folder, src_lang="eng_Latn")
        ids = tokenizer(sentence)["input_ids"]
    else:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        ids = tokenizer(f"__en__{sentence}</s>", add_special_tokens=False)["input_ids"]
    output = model.generate(
        input_ids=torch.tensor([ids]),
        forced_bos_token_id=tokenizer.convert_tokens_to_ids(target),
        max_length=CONTEXT,
        min_length=3,
        num_beams=beams,
        do_sample=False,
    )
    return str(tokenizer.decode(output[0], skip_special_tokens=True)).strip()


@pytest.mark.parametrize("beams", [1, 2])
def test_each_sentence_is_as_the_model_alone_has_it_and_the_rest_stays(
    folders: dict[str, Path], translator: Translator, beams: int
) -> None:
    kind = Path(translator.location).name

    def de(sentence: str) -> str:
        return alone(folders[kind], kind, sentence, beams)

    (found,) = german(translator, [TEXT], limits=Limits(beams=beams))
    assert found.failed is None
    assert found.text == (
        f"# {de('Apples')}\n\n"
        f"{de('Hello there.')} {de('How are you?')} {de('I have 3 of them, thanks.')}\n\n"
        f"- {de('one apple')}\n- {de('two pears')}\n\n"
        "```py\nx = 'Hello there.'\n```\n\n"
        f"**{de('Note:')}** {de('see https://a.org/b for more.')}\n"
    )
    assert len({de("Hello there."), de("How are you?"), de("one apple")}) > 1


def test_the_models_own_beams_are_taken_where_none_are_named(translator: Translator) -> None:
    own = german(translator, TEXTS)
    assert own == german(translator, TEXTS, limits=Limits(beams=2))
    assert own != german(translator, TEXTS, limits=Limits(beams=1))


def test_twice_the_same_in_batches_of_any_size_and_drawing_is_off(translator: Translator) -> None:
    first = german(translator, TEXTS)
    torch.manual_seed(123)
    assert german(translator, TEXTS, batch_size=1) == first
    assert german(translator, TEXTS, batch_size=5) == first


def test_what_has_no_words_stays_and_costs_nothing(translator: Translator) -> None:
    found = german(translator, ["", "12 + 3 = 15", " \n"])
    assert [(each.text, each.failed, each.prompt_tokens) for each in found] == [
        ("", None, 0),
        ("12 + 3 = 15", None, 0),
        (" \n", None, 0),
    ]


def test_a_text_longer_than_the_context_is_translated_to_its_end(translator: Translator) -> None:
    asked = len(translator.tokenizer(LONG, add_special_tokens=False)["input_ids"])
    assert asked > 10 * CONTEXT
    (found,) = german(translator, [LONG])
    assert found.failed is None
    assert found.prompt_tokens >= asked
    parts = [
        piece.text
        for piece in pieces(LONG, "en", lambda s: len(translator.tokenizer(s)["input_ids"]) < 30)
        if piece.translate
    ]
    assert found.text.count(" ") >= len(parts) // 2 - 1
    short = german(translator, [LONG], limits=Limits(max_piece_tokens=30))[0]
    assert short.prompt_tokens > found.prompt_tokens  # more sentences, each with its two marks
    assert short.failed is None


def test_a_translation_that_does_not_end_fails_its_text_alone(translator: Translator) -> None:
    # greedy: with beams, a limit may also prefer another translation, one that ends within it
    whole = german(translator, TEXTS, limits=Limits(beams=1))
    reasons = []
    for limit in (1, 2, 3, 5, 8):
        short = german(translator, TEXTS, limits=Limits(beams=1, max_new_tokens=limit))
        for before, after in zip(whole, short, strict=True):
            assert (after.text, after.failed) == ("", CUT_OFF) or after == before
        reasons.append([each.failed for each in short])
    assert {CUT_OFF, None} == set(reasons[0])
    assert reasons[0].count(CUT_OFF) > reasons[-1].count(CUT_OFF)


def test_a_sentence_that_comes_out_as_nothing_fails_its_text(folders: dict[str, Path]) -> None:
    model = M2M100ForConditionalGeneration.from_pretrained(folders["nllb"]).eval()
    with torch.no_grad():
        model.lm_head.weight[:] = 0.0  # so the first token, <s>, comes where the end may not
        model.lm_head.weight[2] = end_row(model, -40)
    translator = Translator(model, AutoTokenizer.from_pretrained(folders["nllb"]), "here", "float32")
    assert german(translator, ["Hello.", "5"]) == [
        Translation("", EMPTY, 9, 1, 0),
        Translation("5", None, 0, 0, 0),
    ]


def test_tokens_within_a_text_are_words_and_unknown_characters_are_counted(translator: Translator) -> None:
    plain, odd, unknown = german(translator, ["ab cd", "ab</s>deu_Latn cd", "ab 猫 cd"])
    assert plain.unknown_tokens == 0
    assert odd.prompt_tokens > plain.prompt_tokens + 5
    assert unknown.unknown_tokens == 1


def test_blanks_between_sentences_are_the_targets(translator: Translator) -> None:
    def joined(source: str, target: str, text: str) -> str:
        (found,) = translator.translate([text], source, target, limits=Limits(beams=1))
        assert found.failed is None
        return found.text

    def ja(text: str) -> str:
        return joined("en", "ja", text)

    def en(text: str) -> str:
        return joined("ja", "en", text)

    assert (
        joined("en", "ja", "Go on.  Stop it now.\nGo on.")
        == f"{ja('Go on.')}{ja('Stop it now.')}\n{ja('Go on.')}"
    )
    assert joined("ja", "en", "ab文。これをcd。") == f"{en('ab文。')} {en('これをcd。')}"


def test_texts_are_read_as_they_are_needed(translator: Translator) -> None:
    endless = (f"Number {n} of many." for n in count())
    found = list(islice(translator.translate(endless, "en", "de", batch_size=2), 3))
    assert len(found) == 3
    assert next(endless) == "Number 128 of many."  # one window: 64 batches of 2


def test_the_journal_keeps_each_sentence_once_and_is_asked_first(
    translator: Translator, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    texts = ["Go on. Stop it.", "Stop it. Go on."]
    with closing(Journal(path, "study")) as journal:
        first = german(translator, texts, journal=journal)
        assert first == german(translator, texts)
        assert (journal.spent().answers, journal.spent().money, journal.spent().unpriced) == (2, 0.0, 0)
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE answers SET text = 'kept', digest = 'none'")
        file.commit()
    with closing(Journal(path, "study")) as journal:
        assert [each.text for each in german(translator, texts, journal=journal)] == ["kept kept"] * 2
        for options in ({"limits": Limits(beams=1)}, {"limits": Limits(max_new_tokens=50)}):
            assert "kept" not in german(translator, texts, journal=journal, **options)[0].text
        list(translator.translate(texts, "en", "ja", journal=journal))
        assert journal.spent().answers == 8


def test_a_run_that_was_interrupted_ends_with_the_same_words(translator: Translator, tmp_path: Path) -> None:
    texts = [f"Text {'a' * (n % 7)} is number {n} of many, or so." for n in range(300)]
    whole = german(translator, texts, batch_size=2)
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        begun: Iterator[Translation] = translator.translate(texts, "en", "de", batch_size=2, journal=journal)
        assert next(begun) == whole[0]
        begun.close()  # type: ignore[attr-defined]
        kept = journal.spent().answers
        assert 0 < kept < 300
        assert german(translator, texts, batch_size=2, journal=journal) == whole
        assert journal.spent().answers == 300


def test_a_language_that_the_model_lacks_is_named_before_anything_is_translated(
    translator: Translator,
) -> None:
    with pytest.raises(UserError, match=r"has no Gothic \(got\)"):
        list(translator.translate(["a"], "en", "got"))
    with pytest.raises(UserError, match=r"has no Serbian \(Latin\)"):
        list(translator.translate(["a"], "sr-Latn", "de"))


def test_models_that_do_not_translate_are_refused(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="cannot load this model") as caught:
        Translator.load(str(tiny_model))
    assert "sequence-to-sequence" in str(caught.value)


@pytest.mark.skipif(
    importlib.util.find_spec("sentencepiece") is not None, reason="sentencepiece is installed"
)
def test_a_tokenizer_whose_package_is_missing_says_which(tmp_path: Path) -> None:
    config = M2M100Config(
        vocab_size=9, d_model=8, encoder_layers=1, decoder_layers=1, max_position_embeddings=9
    )
    config.encoder_attention_heads = config.decoder_attention_heads = 1
    M2M100ForConditionalGeneration(config).save_pretrained(tmp_path)
    (tmp_path / "vocab.json").write_text(json.dumps({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}))
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"\0")
    with pytest.raises(UserError, match="sentencepiece"):
        Translator.load(str(tmp_path))
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "M2M100Tokenizer"}')
    with pytest.raises(UserError, match="M2M100Tokenizer requires the SentencePiece library"):
        Translator.load(str(tmp_path))


def test_a_folder_is_loaded_once(folders: dict[str, Path]) -> None:
    load: Callable[[str], Translator] = Translator.load
    assert load(str(folders["m2m"])) is load(str(folders["m2m"]))
    assert load(str(folders["m2m"])).digest != load(str(folders["nllb"])).digest


def test_m2m_100s_own_tokenizer(tmp_path: Path) -> None:
    sentencepiece = pytest.importorskip("sentencepiece", reason="M2M-100's own tokenizer needs sentencepiece")
    spoken = [f"{TEXT} {chr(97 + n % 26) * n}" for n in range(60)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in spoken for line in text.split("\n") if line),
        model_prefix=str(tmp_path / "sentencepiece.bpe"),
        vocab_size=150,
        model_type="bpe",
        minloglevel=2,
    )
    trained = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "sentencepiece.bpe.model"))
    words = [trained.id_to_piece(number) for number in range(3, trained.get_piece_size())]
    names = ["<s>", "<pad>", "</s>", "<unk>", *words]
    (tmp_path / "vocab.json").write_text(json.dumps({name: n for n, name in enumerate(names)}))
    own = M2M100Tokenizer(
        str(tmp_path / "vocab.json"), str(tmp_path / "sentencepiece.bpe.model"), src_lang="en"
    )
    translator = Translator.load(str(save_model(tmp_path, own, len(names) + 108)))
    assert len(translator.tokens) == 100
    sentences = SentenceModel(
        translator.model, own, translator.generation_config, translator.languages("en", "fil"), Limits()
    )
    for sentence in ("Hello there.", "How are you?"):
        assert sentences.encode(sentence) == own(sentence)["input_ids"]
    assert own.convert_ids_to_tokens(sentences.encode("a __de__ b</s>"))[1:-1].count("__de__") == 0
    (found,) = translator.translate([TEXT], "en", "fil")
    assert found.text == "" if found.failed else found.text.startswith("# ")
