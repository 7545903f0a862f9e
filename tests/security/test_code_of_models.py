"""No code that comes with a model, an adapter or an embedder is run; the user is told why it is refused."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from poison import Poison, code, trace  # noqa: F401 - a fixture

from polyteach.errors import UserError
from polyteach.models import check_embedder_folder, check_model_folder
from polyteach.models.adapters import check_adapter_folder
from polyteach.models.embeddings import embed
from polyteach.models.loading import fill_template, load_causal, with_adapter
from polyteach.pocket import model_path

torch = pytest.importorskip("torch")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return shutil.copytree(model_path("err-03"), tmp_path / "model")


def change(file: Path, **values: Any) -> None:
    plain = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    file.write_text(json.dumps(plain | values), encoding="utf-8")


def test_pickled_weights_are_neither_loaded_nor_taken(model: Path, trace: Path) -> None:  # noqa: F811
    torch.save(Poison(trace), model / "pytorch_model.bin")
    load_causal(str(model), "float32")  # beside safetensors they are not looked at
    (model / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"only pickled weights \(pytorch_model.bin\), which can run code"):
        load_causal(str(model), "float32")
    assert not trace.exists()


@pytest.mark.parametrize("known", [True, False])
def test_code_in_a_models_folder_is_not_run(model: Path, trace: Path, known: bool) -> None:  # noqa: F811
    (model / "modeling_own.py").write_text(code(trace), encoding="utf-8")
    own = {"AutoConfig": "modeling_own.Config", "AutoModelForCausalLM": "modeling_own.Model"}
    change(model / "config.json", auto_map=own, **({} if known else {"model_type": "nobody_knows_it"}))
    change(model / "tokenizer_config.json", auto_map={"AutoTokenizer": ["modeling_own.T", "modeling_own.T"]})
    if known:
        load_causal(str(model), "float32")
    else:
        with pytest.raises(UserError, match="needs code of its own, which is never run"):
            load_causal(str(model), "float32")
    assert not trace.exists()


@pytest.mark.parametrize("name", ["attn_implementation", "_attn_implementation"])
def test_attention_from_the_hub_is_refused(model: Path, name: str) -> None:
    change(model / "config.json", **{name: "somebody/attention"})
    with pytest.raises(UserError, match="asks for code from the hub, which is never run"):
        check_model_folder(model)


@pytest.mark.parametrize(
    "name", ["../other/model.safetensors", "/model.safetensors", "a/../../b.safetensors"]
)
def test_weights_lie_in_the_models_own_folder(model: Path, name: str) -> None:
    other = model.parent / "other"
    other.mkdir()
    (model / "model.safetensors").rename(other / "model.safetensors")
    index = {"weight_map": {"a": name}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(UserError, match="names a file outside of the folder"):
        check_model_folder(model)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.mkdir('TRACE') }}",
        "{{ messages.append(1) }}",
    ],
)
def test_a_chat_template_reaches_nothing_but_the_conversation(
    model: Path,
    trace: Path,  # noqa: F811
    template: str,
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = template.replace("TRACE", str(trace))
    with pytest.raises(UserError, match="the chat template refuses a conversation"):
        fill_template(tokenizer, [{"role": "user", "content": "a"}], add_generation_prompt=True)
    assert not trace.exists()


def test_a_pickled_adapter_is_refused(model: Path, tmp_path: Path, trace: Path) -> None:  # noqa: F811
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    change(adapter / "adapter_config.json", peft_type="LORA", base_model_name_or_path=str(model))
    torch.save(Poison(trace), adapter / "adapter_model.bin")
    base, _ = load_causal(str(model), "float32")
    for use in (check_adapter_folder, lambda folder: with_adapter(base, str(model), str(folder))):
        with pytest.raises(UserError, match=r"has no adapter_model\.safetensors"):
            use(adapter)
    assert not trace.exists()


def embedder(folder: Path, kind: str = "sentence_transformers.models.Transformer") -> Path:
    modules = [{"idx": 0, "name": "0", "path": "", "type": kind}]
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["own.Part", "os.system", "sentence_transformersX.Part", None, 5])
def test_parts_of_an_embedder_are_sentence_transformers_own(model: Path, trace: Path, kind: Any) -> None:  # noqa: F811
    (embedder(model, kind) / "own.py").write_text(code(trace), encoding="utf-8")
    with pytest.raises(UserError, match="needs code of its own"):
        check_embedder_folder(model)
    if importlib.util.find_spec("sentence_transformers"):
        with pytest.raises(UserError, match="needs code of its own"):
            embed(["a"], str(model))
    assert not trace.exists()


def test_an_embedder_with_pickled_weights_is_refused(model: Path, trace: Path) -> None:  # noqa: F811
    embedder(model)
    dense = model / "2_Dense"
    dense.mkdir()
    torch.save(Poison(trace), model / "pytorch_model.bin")
    check_embedder_folder(model)  # its safetensors are read
    torch.save(Poison(trace), dense / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"only pickled weights \(2_Dense/pytorch_model.bin\)"):
        check_embedder_folder(model)
    assert not trace.exists()
