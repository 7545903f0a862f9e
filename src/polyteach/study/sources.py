"""Where a study's seed data come from: files, public data sets, the pocket world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from polyteach.errors import UserError
from polyteach.languages import standard_code
from polyteach.seed_data.sources import SOURCES, Columns, find_source, is_listed
from polyteach.seed_data.sources import Source as PublicSource
from polyteach.study.values import (
    METHODS,
    Distinct,
    Language,
    Method,
    Part,
    Positive,
)


def _is_english(spelling: object) -> bool:
    try:
        return isinstance(spelling, str) and standard_code(spelling) == "en"
    except UserError:
        return False


def _kind_of_source(value: Any) -> str:
    has = value.__contains__ if isinstance(value, Mapping) else lambda name: hasattr(value, name)
    return "pocket" if has("pocket") else "hub" if has("source") else "file"


class FileSource(Part):
    """Seed data in a local JSONL, Parquet or CSV file."""

    path: str = Field(description="the file")
    language: Language = Field(
        description="the language its rows are in; a row that says another one is refused"
    )
    methods: Annotated[list[Method], Distinct, Field(min_length=1)] = Field(
        default=["generate", "respond"],
        description="some of generate, translate, respond; for an English file all three by default",
    )

    @model_validator(mode="before")
    @classmethod
    def _english_feeds_translate(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "methods" not in given and _is_english(given.get("language")):
            return {**given, "methods": list(METHODS)}
        return given

    @property
    def key(self) -> str:
        """What stands for the source among a study's resources."""
        return self.path


class PocketSource(Part):
    """Seed data from the curriculum of the pocket world, true answers included."""

    pocket: Positive = Field(description="rows a language")
    methods: Annotated[list[Method], Distinct, Field(min_length=1)] = Field(
        default=list(METHODS), description="some of generate, translate, respond"
    )


class SourceColumns(Part):
    """Which columns of a data set hold what: a prompt (and a response), or messages."""

    prompt: str | None = Field(default=None, description="the column of the prompt")
    response: str | None = Field(default=None, description="the column of the response")
    messages: str | None = Field(default=None, description="the column of the conversation, instead of both")
    language: str | None = Field(default=None, description="a column that spells each row's language")
    id: str | None = Field(default=None, description="the column of the row's id")


class HubSource(Part):
    """Seed data drawn from a public data set, of the hub or from local files of the same columns."""

    source: str = Field(
        description="a source that `polyteach seed-data` lists, or the hub id of another with its columns"
    )
    rows: Positive = Field(description="rows to draw; fewer where there are not so many")
    language: Language = Field(description="the language its rows are in")
    path: str | None = Field(default=None, description="its files on this machine, instead of the hub")
    revision: str | None = Field(default=None, description="a branch, tag or commit of the hub")
    read_at_most: Positive | None = Field(
        default=None, description="read so many records at most, not the whole data set"
    )
    columns: SourceColumns | None = Field(default=None, description="of a source that is not listed")
    config: str | None = Field(default=None, description="of a source that is not listed")
    split: str = Field(default="train", description="of a source that is not listed")
    licence: str = Field(default="not stated", description="of a source that is not listed")
    methods: Annotated[list[Method], Distinct, Field(min_length=1)] = Field(
        default=["generate", "respond"],
        description="some of generate, translate, respond; by default what the source says it feeds",
    )

    @model_validator(mode="before")
    @classmethod
    def _feeds_what_the_source_says(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "methods" in given:
            return given
        listed = [list(one.methods) for one in SOURCES if one.name == given.get("source")]
        english = [list(METHODS)] if _is_english(given.get("language")) else []
        return {**given, "methods": (listed or english)[0]} if listed or english else given

    @model_validator(mode="after")
    def _can_be_read(self) -> HubSource:
        listed = {"columns", "config", "split", "licence"} & self.model_fields_set
        if is_listed(self.source) and listed:
            raise ValueError(f"the source is listed, so its {sorted(listed)[0]} is known: leave it out")
        if self.path and self.revision:
            raise ValueError("files on this machine have no revision: leave it or the path out")
        try:
            self.found()
        except UserError as error:
            raise ValueError(f"{error.what}; {error.fix}") from error
        return self

    @property
    def key(self) -> str:
        """What stands for the source among a study's resources."""
        return self.model_dump_json()

    def found(self) -> PublicSource:
        """How the data set is read."""
        columns = Columns(**self.columns.model_dump()) if self.columns else None
        return find_source(
            self.source,
            columns,
            language=self.language,
            licence=self.licence,
            config=self.config,
            split=self.split,
        )


Source = Annotated[
    Annotated[FileSource, Tag("file")]
    | Annotated[PocketSource, Tag("pocket")]
    | Annotated[HubSource, Tag("hub")],
    Discriminator(_kind_of_source),
]
