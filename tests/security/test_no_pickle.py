"""Nothing in the package unpickles, runs text as code, or hands a shell what somebody else wrote."""

from __future__ import annotations

import ast
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from poison import Poison, code, trace  # noqa: F401 - a fixture

import polyteach
from polyteach.errors import UserError
from polyteach.seed_data.files import read_file
from polyteach.seed_data.origin import files_of, find_origin, records_of
from polyteach.seed_data.sources import SOURCES

PACKAGE = Path(polyteach.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "tarfile",
    "zipfile",
}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "shutil.unpack_archive"}
METHODS = {"read_pickle", "to_pickle", "unpack_archive", "extractall", "load_module", "exec_module"}
LOADERS = {"SafeLoader", "CSafeLoader"}


def problems(tree: ast.AST) -> Iterator[str]:
    """What of a module's code is not to be there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from (f"imports {name}" for name in names if name.partition(".")[0] in MODULES)
        if isinstance(node, ast.Call):
            yield from _of_call(
                ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}, node
            )


def _of_call(name: str, keywords: dict[str | None, str], node: ast.Call) -> Iterator[str]:
    last = name.rpartition(".")[2]
    if name in CALLS or last in METHODS:
        yield f"calls {name}"
    if name == "torch.load" and keywords.get("weights_only") != "True":
        yield f"calls {name} without weights_only"
    if keywords.get("allow_pickle", "False") != "False" or keywords.get("shell", "False") != "False":
        yield f"calls {name} with pickles or a shell"
    if name == "yaml.load" and keywords.get("Loader", "").rpartition(".")[2] not in LOADERS:
        yield f"calls {name} with a loader that makes objects"
    if name in ("yaml.unsafe_load", "yaml.full_load", "yaml.load_all"):
        yield f"calls {name}"
    if last in ("from_pretrained", "SentenceTransformer") and _may_be_local(name):
        given = keywords.get("trust_remote_code") == "False" or None in keywords  # `**options`
        if not given:
            yield f"calls {name} without trust_remote_code"
    if "trust_remote_code" in keywords and keywords["trust_remote_code"] != "False":
        yield f"calls {name} with trust_remote_code"


def _may_be_local(name: str) -> bool:
    return name != "PeftModel.from_pretrained"  # which reads an adapter's numbers; it has no such setting


def test_no_code_of_ours_unpickles_or_runs_text() -> None:
    assert len(FILES) > 300
    found = [
        f"{file.relative_to(PACKAGE)}: {problem}"
        for file in FILES
        for problem in problems(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_no_options_turn_it_on() -> None:
    """Options that are handed on as a dictionary."""
    found = []
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                told = zip(node.keys, node.values, strict=True)
                said = {ast.unparse(key): ast.unparse(value) for key, value in told if key}
                found += [said["'trust_remote_code'"]] if "'trust_remote_code'" in said else []
    assert set(found) == {"False"}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "eval(text)",
        "AutoModel.from_pretrained(name)",
        "AutoModel.from_pretrained(name, trust_remote_code=flag)",
    ],
)
def test_the_search_finds_what_it_is_for(text: str) -> None:
    assert list(problems(ast.parse(text)))


@pytest.mark.parametrize(
    "name", ["rows.jsonl", "rows.csv", "rows.parquet", "rows.npy", "rows.pkl", "rows.py", "rows"]
)
def test_pickles_and_scripts_given_as_data_are_refused(tmp_path: Path, trace: Path, name: str) -> None:  # noqa: F811
    for content in (pickle.dumps(Poison(trace)), code(trace).encode()):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError):
            read_file(tmp_path / name)
    np.save(tmp_path / "objects.npy", np.array([Poison(trace)], dtype=object), allow_pickle=True)
    with pytest.raises(UserError):
        read_file(tmp_path / "objects.npy")
    assert not trace.exists()


def test_a_data_sets_script_is_not_run(tmp_path: Path, trace: Path) -> None:  # noqa: F811
    source = SOURCES[0]
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("set.py", f"{folder.name}.py", "train.py", "objects.npy", "data.pkl"):
        (folder / name).write_text(code(trace), encoding="utf-8")
    with pytest.raises(UserError, match="holds no file that can be read"):
        files_of(folder, source)
    (folder / "train.jsonl").write_text(json.dumps({"a": 1}) + "\n", encoding="utf-8")
    assert [record.columns for record in records_of(source, find_origin(source, folder))] == [{"a": 1}]
    assert not trace.exists()


def test_a_pickle_in_the_schema_of_a_parquet_file_is_left_alone(tmp_path: Path, trace: Path) -> None:  # noqa: F811
    """Versions of Arrow before 14.0.1 ran it (CVE-2023-47248); ours are newer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Poison(trace)),
    }
    fields = [pa.field("prompt", pa.string(), metadata=names), pa.field("response", pa.string())]
    table = pa.table(
        [["a"], ["b"]], schema=pa.schema(fields, metadata={b"pandas": pickle.dumps(Poison(trace))})
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    (row,) = read_file(tmp_path / "rows.parquet", language="de")
    assert (row.prompt, row.response) == ("a", "b")
    assert not trace.exists()
