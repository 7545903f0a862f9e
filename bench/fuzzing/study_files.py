"""Study files: the YAML of studies and candidates, of rules and recipes, as commands read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from fuzzing.case import Case
from fuzzing.commands import command, told
from fuzzing.exploring import Target
from fuzzing.mutations import Draw, Mutator
from fuzzing.schemas import Described
from polyteach.curation.naming import default_rules_yaml
from polyteach.curation.recipes import recipe_of
from polyteach.errors import UserError, UserErrors
from polyteach.study.load import told_with_lines
from polyteach.study.schema import Study

STUDIES = Path(__file__).parents[2] / "studies"
FILE, RULES, RECIPE = "study.yaml", "rules.yaml", "recipe.yaml"
DATA, EXAM = "rows.jsonl", "exam.csv"
_LIST = "list.yaml"

_ROWS = '{"prompt": "Wie heißt der erste Monat?", "response": "Der Januar.", "language": "de"}\n' * 3
_QUESTIONS = "question,option_a,option_b,answer\n1+1?,2,3,A\n2+2?,4,5,A\n"
_WORDS = (
    *(
        "de",
        "ja",
        "fil",
        "en",
        "pocket:err-03",
        "pocket:base-a",
        "pocket:base-c",
        "pocket:large-english",
        "humans",
    ),
    *(DATA, EXAM, "missing.jsonl", "seed_data", "oracle", "lexical", "pocket-choice", "pocket-exact", "mgsm"),
    *(
        "Qwen/Qwen3-8B",
        "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY",
        "belebele",
        "global-mmlu-lite",
        "aya",
        "a",
        "b",
    ),
    *("arc_easy", "google/gemma-3-4b-it", "facebook/nllb-200-distilled-600M", "prompt", "response", "train"),
)
_SPECIAL = (
    *(
        "!!python/object/apply:os.system ['true']",
        "!!binary aGk=",
        "!!set {a, b}",
        "!!omap [a: 1]",
        "!!int x",
    ),
    *(
        "!!timestamp 2024-13-45",
        "&a [*a]",
        "*nowhere",
        "<<: {a: 1}",
        "? [a, b]\n: c",
        "%YAML 9.9\n---",
        "--- a\n--- b",
    ),
    *(
        "!local x",
        "!!float .inf",
        "!!null ''",
        "| \n  text",
        "- - - - a",
        "2024-01-01",
        "0o17",
        "1:30:00",
        "=",
        "!!str",
    ),
)
_RULES = default_rules_yaml()
_RECIPE = {"epochs": 2, "learning_rate": 1e-3, "lora": {"r": 4, "alpha": 8}, "batch_size": 4}


def _filter(*options: str) -> list[str]:
    return ["filter", DATA, "--language", "de", "--output", "kept.jsonl", *options]


def _told(folder: Path) -> int:
    """Mistakes that are found later, told with the lines of a file that may have changed meanwhile."""
    places = (
        "teachers[0].model",
        "teachers[7]",
        "students.bases[0].model: x",
        "seed_data[0].file",
        "name",
        "?",
    )

    def later() -> None:
        with told_with_lines(Path(FILE)):
            raise UserErrors([UserError("is not there", place, "put it there") for place in places])

    return told(later)


def _recipe(folder: Path) -> int:
    return told(lambda: recipe_of(Path(RECIPE), "pocket:base-a"))


ACTIONS = {
    "dry-run": command("run", FILE, "--dry-run"),
    "dry-run-json": command("run", FILE, "--dry-run", "--json"),
    "rehearsal": command("run", FILE, "--dry-run", "--limit", "3", "--rng-seed", "7"),
    "screen": command("screen", FILE, "--dry-run"),
    "screen-by-method": command("screen", FILE, "--dry-run", "--by", "method", "--json"),
    "race": command("race", FILE, "--dry-run"),
    "power": command("power", FILE),
    "status": command("status", FILE),
    "recommend": command("recommend", "de", "--candidates", FILE),
    "told": _told,
    "rules": command(*_filter("--rules", RULES)),
    "recipe": _recipe,
}


def _keys(schema: Any) -> list[str]:
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", {})})


def study_target() -> Target:
    """Study files: shipped ones and made-up ones, changed."""
    schema = Study.model_json_schema()
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(STUDIES.rglob("*.yaml"))}
    trees = {name: yaml.safe_load(text) for name, text in texts.items()}
    keys, names = _keys(schema), sorted(texts)

    @st.composite
    def cases(draw: Draw) -> Case:
        mutator = Mutator(draw, keys, _WORDS, plain=False)
        action = mutator.of(sorted(ACTIONS))
        files = {DATA: _ROWS.encode(), EXAM: _QUESTIONS.encode()}
        if action == "rules":
            return Case(
                action, files | {RULES: mutator.content(_yaml_text(mutator, _RULES, yaml.safe_load(_RULES)))}
            )
        if action == "recipe":
            recipe = _yaml_text(mutator, yaml.safe_dump(_RECIPE), _RECIPE)
            return Case(action, files | {RECIPE: mutator.content(recipe)})
        name, kind = mutator.of(names), mutator.below(8)
        if kind == 7:
            content = mutator.damaged(draw(st.binary(max_size=200)))
        else:
            tree = Described(schema, mutator, _WORDS).value() if kind in (5, 6) else trees[name]
            content = mutator.content(_yaml_text(mutator, texts[name], tree))
        return Case(action, files | {FILE: content})

    return Target("study", ACTIONS, cases())


def _yaml_text(mutator: Mutator, text: str, tree: Any) -> str:
    """YAML of which the data is changed, or the text, or both."""
    kind = mutator.below(6)
    if kind == 0:
        return mutator.text(text)
    changed = mutator.tree(tree)
    if kind == 1 and isinstance(changed, dict) and changed:  # an anchor with an alias, of itself too
        key, inner = mutator.of(list(changed)), mutator.of(list(changed))
        changed[key] = mutator.of((changed, changed[inner], [changed[inner]] * 3))
    written = str(yaml.dump(changed, allow_unicode=mutator.below(2) == 0, sort_keys=False))
    if kind == 2:
        lines = written.split("\n")
        at = mutator.below(len(lines))
        lines[at] = f"{lines[at].partition(':')[0]}: {mutator.of(_SPECIAL)}"
        written = "\n".join(lines)
    return mutator.text(written) if kind == 3 else written
