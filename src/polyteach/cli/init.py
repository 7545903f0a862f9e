"""`polyteach init`: a commented study to start from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from polyteach.cli.options import JSON_OPTION
from polyteach.cli.terminal import print_json


def init(
    languages: Annotated[list[str], typer.Argument(help="BCP-47 codes, such as de fil sw.")],
    name: Annotated[str, typer.Option(help="The study's name.")] = "my-study",
    screen: Annotated[
        bool, typer.Option("--screen", help="Candidates alone, for `polyteach screen`: no students.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Where to; standard output where not given.")] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Write a commented study, or candidates, for these languages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from polyteach.errors import UserError
    from polyteach.languages import english_name
    from polyteach.pocket import LANGUAGES
    from polyteach.study.values import check_name

    codes = _standard_codes(languages)
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise UserError(f"listed twice: {', '.join(twice)}", fix="name each language once")
    try:
        check_name(name)
    except ValueError as error:
        raise UserError(str(error), where=f"--name {name!r}", fix="such as my-study") from error
    unexamined = [code for code in codes if code not in LANGUAGES]
    environment = Environment(
        loader=PackageLoader("polyteach.study"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # this is YAML, of codes that were checked
    )
    text = environment.get_template("study.yaml.j2").render(
        screen=screen,
        name=_scalar(name),
        codes=codes,
        languages=[_scalar(code) for code in codes],
        names=[english_name(code) for code in codes],
        examined=LANGUAGES,
        unexamined=unexamined,
        english=any(code.split("-")[0] == "en" for code in codes),
        pocket=set(codes) <= set(LANGUAGES) - {"en"},
    )
    if output is not None:
        if output.exists():
            raise UserError("there is a file already", where=str(output), fix="choose another --output")
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"cannot write ({error.strerror})", where=str(output), fix="choose another --output"
            ) from error
    if unexamined and not screen:
        typer.echo(
            f"warning: this study cannot run: no benchmark of this version has items in "
            f"{', '.join(unexamined)} (they have: {', '.join(LANGUAGES)})",
            err=True,
        )
    if as_json:
        written = str(output) if output else None
        print_json({"schema_version": 1, "path": written, "study": text})
    elif output is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"wrote {output}; next: polyteach {'screen' if screen else 'run'} {output} --dry-run")


def _standard_codes(spellings: Sequence[str]) -> list[str]:
    from polyteach.errors import UserError, UserErrors
    from polyteach.languages import standard_code

    codes, errors = [], []
    for spelling in spellings:
        try:
            codes.append(standard_code(spelling))
        except UserError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)
    return codes


def _scalar(text: str) -> str:
    """Text as YAML, in quotes where it would be read as something else (`no`, `2024`)."""
    import yaml

    quoted: str = yaml.safe_dump(text, allow_unicode=True, width=1000)
    return quoted.removesuffix("...\n").strip()
