"""What a model's folder must hold, checked without loading it; and its identity."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polyteach.errors import UserError
from polyteach.manifests import is_inside
from polyteach.models.names import split_hub
from polyteach.steps import digest_of

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.json")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_IDENTITY = (
    *_TOKENIZERS,
    *("config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "merges.txt", "vocab.txt", "chat_template.jinja", "chat_template.json"),
    *("*.safetensors", "*.safetensors.index.json"),
)
_EMBEDDER_IDENTITY = tuple(f"**/{kind}" for kind in ("*.json", "*.txt", "*.model", "*.safetensors", "*.bin"))
_DOWNLOAD_AGAIN = "copy or download the model again"
_HEAD = 4096
"""Bytes of each tensor that `weights_digest` reads."""


def model_digest(location: str) -> str:
    """Returns the identity of a model: what makes two of them the same, wherever they lie.

    For a folder the SHA-256 over names and bytes of its config, tokenizer and safetensors files (a README
    does not count); for `org/name@commit` the text `hub:org/name@commit`.

    Raises:
        UserError: the folder is missing or unreadable.
    """
    hub = split_hub(location)
    if hub:
        return f"hub:{hub[0]}@{hub[1]}"
    return _content_digest(Path(location), _IDENTITY)


def weights_digest(location: str) -> str:
    """Returns what tells a model's weights from those of another training, in milliseconds whatever its size.

    SHA-256 over name, type, shape and the first 4 KiB of each tensor. Training moves nearly all numbers, so
    the first ones of each tensor tell models apart; how weights are cut into files is no part of it.

    Args:
        location: a folder, or `org/name@commit` that has been downloaded.

    Raises:
        UserError: a weight file is missing, cut off or damaged.
    """
    found = []
    for path in _weight_files(_downloaded(location)):
        tensors = check_safetensors(path)
        with _open(path) as file:
            start = 8 + struct.unpack("<Q", file.read(8))[0]
            for name, tensor in tensors.items():
                first, last = tensor["data_offsets"]
                file.seek(start + first)
                head = hashlib.sha256(file.read(min(last - first, _HEAD))).hexdigest()
                found.append([name, tensor["dtype"], tensor["shape"], head])
    return digest_of(sorted(found))


def _downloaded(location: str) -> Path:
    """The folder of a model; of one on the hub where it was downloaded to."""
    hub = split_hub(location)
    if hub is None:
        return Path(location)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(hub[0], revision=hub[1], local_files_only=True))


def _content_digest(folder: Path, patterns: Iterable[str]) -> str:
    """SHA-256 over names and bytes of the files that match."""
    total = hashlib.sha256()
    for path in sorted({p for pattern in patterns for p in _folder(folder).glob(pattern)}):
        with _open(path) as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return total.hexdigest()


def check_model_folder(path: Path) -> None:
    """Checks, in milliseconds and without importing torch, that a folder can be a causal language model.

    Raises:
        UserError: no folder, no config, no tokenizer, no safetensors (or only pickled weights, which are
            never loaded), a missing shard, a file that is cut off or damaged.
    """
    folder = _folder(path)
    config = folder / "config.json"
    if not config.is_file():
        if (folder / "adapter_config.json").is_file():
            what, fix = "is a LoRA adapter, not a whole model", "merge the adapter into its base first"
            raise UserError(what, where=str(path), fix=fix)
        what = "is no model folder: it has no config.json"
        raise UserError(what, where=str(path), fix=below(folder) or "point at the folder of config.json")
    told = _json(config)
    if not isinstance(told, dict) or not told.get("model_type"):
        raise UserError("names no model_type", where=str(config), fix=_DOWNLOAD_AGAIN)
    _check_kernels(told, config)
    _check_tokenizer(folder)
    for weights in _weight_files(folder):
        check_safetensors(weights)


def below(folder: Path) -> str | None:
    """What to do about the folder of a student, whose model lies in the folder `model` of it; else None."""
    inner = folder / "model"
    there = any((inner / name).is_file() for name in ("config.json", "adapter_config.json"))
    return f"did you mean {inner}?" if there else None


def check_embedder_folder(path: Path) -> None:
    """Checks, without importing torch, that a folder can be a sentence-transformers model.

    It may also be a plain encoder of transformers, of which sentence-transformers takes the mean.

    Raises:
        UserError: no folder, or neither `modules.json` nor `config.json` in it, or one that is no JSON.
    """
    found = [_folder(path) / name for name in ("modules.json", "config.json") if (path / name).is_file()]
    if not found:
        raise UserError(
            "is no embedding model: it has neither modules.json nor config.json",
            where=str(path),
            fix="give a folder that sentence-transformers saved, or use `lexical`",
        )
    for file in found:
        told = _json(file)
        if file.name == "modules.json":
            _check_modules(told, file)
        elif isinstance(told, dict):
            _check_kernels(told, file)
    safe = {file.parent for file in path.rglob("*.safetensors")}
    pickles = sorted(file for kind in _PICKLES for file in path.rglob(kind) if file.parent not in safe)
    if pickles:
        raise UserError(
            f"has only pickled weights ({pickles[0].relative_to(path)}), which can run code",
            where=str(path),
            fix="convert the weights to safetensors: save_pretrained(...) of sentence-transformers does",
        )


def _check_modules(modules: Any, file: Path) -> None:
    """Refuses parts that are not sentence-transformers' own: its versions before 6 run their code unasked."""
    names = (
        [part.get("type") for part in modules if isinstance(part, dict)] if isinstance(modules, list) else []
    )
    if not names or len(names) < len(modules):
        raise _damaged(file, "names no parts of a model")
    foreign = [str(name) for name in names if not str(name).startswith("sentence_transformers.")]
    if foreign:
        raise UserError(
            f"needs code of its own ({foreign[0][:80]}), which is never run", str(file), "use another model"
        )


def _check_kernels(config: dict[str, Any], file: Path) -> None:
    """Refuses an attention that is to be fetched from the hub: it is compiled code (package `kernels`)."""
    for name in ("attn_implementation", "_attn_implementation", "_attn_implementation_internal"):
        if "/" in str(config.get(name)):
            fix = f"remove {name} from it"
            raise UserError("asks for code from the hub, which is never run", str(file), fix)


def embedder_digest(location: str) -> str:
    """Returns the identity of an embedding model, as `model_digest` does, its modules' folders included.

    Raises:
        UserError: the folder is missing or unreadable.
    """
    hub = split_hub(location)
    return f"hub:{hub[0]}@{hub[1]}" if hub else _content_digest(Path(location), _EMBEDDER_IDENTITY)


def count_parameters(folder: Path) -> int:
    """Counts the weights of a model's folder, from the headers of the files a model is loaded from.

    Raises:
        UserError: a weight file is missing, cut off or damaged.
    """
    headers = [check_safetensors(path) for path in _weight_files(folder)]
    return sum(math.prod(tensor["shape"]) for tensors in headers for tensor in tensors.values())


def check_safetensors(path: Path) -> dict[str, Any]:
    """Checks that a safetensors file has a readable header and is as long as the header says.

    Returns:
        the header: `dtype`, `shape` and `data_offsets` by tensor.

    Raises:
        UserError: the file is cut off or damaged.
    """
    size = path.stat().st_size
    with _open(path) as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > size - 8:
            raise _damaged(path, f"is cut off: it has {size} bytes, fewer than its header needs")
        text = file.read(length)
    try:
        tensors: dict[str, Any] = {k: v for k, v in json.loads(text).items() if k != "__metadata__"}
        expected = 8 + length + max((t["data_offsets"][1] for t in tensors.values()), default=0)
        sum(math.prod(t["shape"]) for t in tensors.values())  # raises where a shape is none
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise _damaged(path, "has no readable header: it is no safetensors file, or damaged") from error
    if size != expected:
        state = "is cut off" if size < expected else "is damaged"
        raise _damaged(path, f"{state}: it has {size} bytes, its header says {expected}")
    return tensors


def _check_tokenizer(folder: Path) -> None:
    if not any((folder / name).is_file() for name in (*_TOKENIZERS, "vocab.txt")):
        raise UserError(
            "has no tokenizer",
            where=str(folder),
            fix="copy tokenizer.json and tokenizer_config.json of the model into the folder",
        )
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            _json(folder / name)


def _weight_files(folder: Path) -> Iterable[Path]:
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file():
        return [whole]
    if not index.is_file():
        pickles = sorted(p.name for pattern in _PICKLES for p in folder.glob(pattern))
        found = f", only pickled weights ({pickles[0]}), which can run code" if pickles else ""
        raise UserError(
            f"has no model.safetensors{found}",
            where=str(folder),
            fix="convert the weights to safetensors: model.save_pretrained(...) of transformers does",
        )
    shards = _shards(index)
    if odd := [name for name in shards if not is_inside(name)]:
        raise _damaged(index, f"names a file outside of the folder ({odd[0][:80]!r})")
    missing = [name for name in shards if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"lacks {len(missing)} of {len(shards)} weight files, first {missing[0]}",
            where=str(folder),
            fix=_DOWNLOAD_AGAIN,
        )
    return [folder / name for name in shards]


def _shards(index: Path) -> list[str]:
    content = _json(index)
    weight_map = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise _damaged(index, "names no weight files")
    return sorted({str(name) for name in weight_map.values()})


def _folder(path: Path) -> Path:
    if not path.exists():
        raise UserError("there is no such model folder", where=str(path), fix="check the path")
    if not path.is_dir():
        raise UserError("is a file, not a model folder", where=str(path), fix="give the folder it lies in")
    return path


def _json(path: Path) -> Any:
    try:
        with _open(path) as file:
            return json.load(file)
    except ValueError as error:  # broken JSON or broken UTF-8
        raise _damaged(path, f"is no readable JSON: {error}") from error


def _open(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise UserError(
            f"cannot be read: {error.strerror}", where=str(path), fix="check the permissions"
        ) from error


def _damaged(path: Path, what: str) -> UserError:
    return UserError(what, where=str(path), fix=_DOWNLOAD_AGAIN)
