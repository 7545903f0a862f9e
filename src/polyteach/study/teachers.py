"""Who takes part in a study: models here or at endpoints, simulated teachers, rows that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    model_validator,
)

from polyteach.models.endpoint.settings import MOST_AT_ONCE, fault_of_extra, fault_of_name
from polyteach.study.values import (
    Distinct,
    Method,
    Number,
    Parameters,
    Part,
    Positive,
    TokenLimit,
    Url,
    check_name,
    read_language,
)


def _teacher_name(value: str) -> str:
    if value in ("seed_data", "base", "reference"):
        raise ValueError("this name is taken: it stands for something else in the results")
    return check_name(value)


def _data(value: Any) -> str | dict[str, str]:
    """A file, `seed_data`, or language -> file; the languages as they are standardised."""
    if isinstance(value, str) and value:
        return value
    texts = [*value, *value.values()] if isinstance(value, Mapping) else []
    if texts and all(isinstance(text, str) and text for text in texts):
        codes = [read_language(spelling) for spelling in value]
        if len(set(codes)) == len(codes):
            return dict(zip(codes, value.values(), strict=True))
    raise ValueError("this is no file, no `seed_data`, and no mapping of languages, each once, to files")


def _variable(value: str | None) -> str | None:
    if fault := fault_of_name(value):
        raise ValueError(f"this {fault}")
    return value


def _extra(value: dict[str, Any]) -> dict[str, Any]:
    if fault := fault_of_extra(value):
        raise ValueError(fault)
    return value


def _kind_of_teacher(value: Any) -> str:
    has = value.__contains__ if isinstance(value, Mapping) else lambda name: hasattr(value, name)
    return "simulated" if has("simulated") else "data" if has("data") and not has("model") else "model"


class Endpoint(Part):
    """An OpenAI-compatible server that runs a model: where it is, and how fast it may be asked.

    Nothing here makes another teacher but `extra`: the same model behind another URL is the same one.
    """

    urls: Annotated[list[Url], Distinct, Field(min_length=1)] = Field(
        description="base URLs up to /v1; with several, one that fails is left out until it answers again"
    )
    key_env: Annotated[str | None, AfterValidator(_variable)] = Field(
        default=None, description="the environment variable that holds the key; keys stand in no file"
    )
    requests_per_minute: Positive | None = Field(default=None, description="what the host allows")
    tokens_per_minute: Positive | None = Field(default=None, description="what the host allows")
    most_at_once: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = Field(
        default=256, description="requests under way at once, at most"
    )
    total_timeout_seconds: Number = Field(default=900.0, gt=0, description="for one try of one request")
    idle_timeout_seconds: Number = Field(default=600.0, gt=0, description="without a byte")
    patience_seconds: Number = Field(
        default=600.0,
        gt=0,
        description="how long all URLs may be down, and the longest wait that a server may ask for",
    )
    structured: Literal["auto", "json_schema", "words"] = Field(
        default="auto", description="how JSON is asked for: auto sends a schema until the server refuses it"
    )
    batch: bool = Field(
        default=False, description="send everything through the batch API (hours, half price)"
    )
    extra: Annotated[dict[str, Any], AfterValidator(_extra)] = Field(
        default={}, description="sent with every request as it is, such as a thinking budget"
    )


class TokenPrice(Part):
    """US dollars for a million tokens; thinking is output."""

    input: Number = Field(ge=0, description="US dollars for a million tokens sent")
    output: Number = Field(ge=0, description="for a million received, thinking included")
    cached_input: Number | None = Field(default=None, ge=0, description="input where nothing is said")
    batch_factor: Number | None = Field(
        default=None, ge=0, description="what the batch API costs of that, half where nothing is said"
    )


TeacherName = Annotated[
    str,
    AfterValidator(_teacher_name),
    Field(description="its name in the results; not `seed_data`, `base` or `reference`"),
]
SomeMethods = Annotated[
    Annotated[list[Method], Distinct, Field(min_length=1)] | None,
    Field(description="how it is used, some of synthesis.methods; nothing: all of them"),
]


class Teacher(Part):
    """A model that writes data.

    What is left out of sampling and context is what the paper used for the model (its Table 17), or for
    models without a provider's recommendation (section 3): temperature .8, top_p .9.
    """

    name: TeacherName
    model: str = Field(
        description="a folder, a hub id (org/name), or pocket:NAME; at an endpoint, its name there"
    )
    adapter: str | None = Field(
        default=None,
        description="the folder of a LoRA adapter on the model, on this machine; another adapter is another "
        "teacher",
    )
    endpoint: Endpoint | None = Field(default=None, description="where it is asked; nothing: on this machine")
    price: TokenPrice | None = Field(default=None, description="instead of the price list's, of an endpoint")
    family: str | None = Field(
        default=None, description="models of one family share a base; used in warnings"
    )
    parameters: Parameters = None
    methods: SomeMethods = None
    prompts: Literal["default", "pocket"] = Field(
        default="default",
        description="which prompt files to use: `default`, or `pocket` for the pocket world's models",
    )
    temperature: Number | None = Field(
        default=None,
        ge=0,
        le=5,
        description="of sampling, 0 to 5; 0 takes the likeliest token; none: as the paper used the model "
        "(Table 17), else 0.8",
    )
    top_p: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        description="tokens are drawn from the likeliest that together have this probability, above 0 to 1; "
        "none: as the paper used the model, else 0.9",
    )
    top_k: Positive | None = Field(
        default=None,
        description="tokens are drawn from so many likeliest; none: as the paper used the model, else "
        "from all",
    )
    max_new_tokens: TokenLimit = Field(
        default=1024, description="an answer is cut off after so many tokens, and counted as cut off"
    )
    context: TokenLimit | None = Field(
        default=None,
        description="tokens that prompt and answer have together; none: as the paper used the model. "
        "Few-shot examples are left out first",
    )
    batch_size: Positive = Field(default=16, description="requests at once, on this machine")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="numbers the model computes with; `auto`: as its files say"
    )

    @model_validator(mode="after")
    def _price_of_an_endpoint(self) -> Teacher:
        if self.price and not self.endpoint:
            raise ValueError("`price` is for a model at an endpoint; one on this machine has none")
        return self

    @model_validator(mode="after")
    def _adapter_of_this_machine(self) -> Teacher:
        if self.adapter and self.endpoint:
            raise ValueError("`adapter` is for a model on this machine; at an endpoint, name what it serves")
        return self


class Dials(Part):
    """What is wrong with a simulated teacher, see `pocket.simulated.Dials`; nothing where nothing is said."""

    error: Number = Field(default=0.0, ge=0, le=1, description="share of facts believed wrongly, 0 to 1")
    unique: Number = Field(
        default=1.0, gt=0, le=1, description="share of rows that copy no earlier one, above 0 to 1"
    )
    wrong_language: Number = Field(
        default=0.0, ge=0, le=1, description="share of rows answered in another language, 0 to 1"
    )
    length: Number = Field(
        default=1.0, gt=0, le=1000, description="length of a response; 1 is the plain answer, .5 half of it"
    )


class SimulatedTeacher(Part):
    """A teacher of the pocket world whose defects are known exactly; no model."""

    name: TeacherName
    simulated: Dials = Field(description="the dials, all of them optional")
    methods: SomeMethods = None


class Contestant(Part):
    """Rows that exist, of humans or public, taken as they are and compared with what teachers write."""

    name: TeacherName
    data: Annotated[str | dict[str, str], PlainValidator(_data)] = Field(
        description="a file of rows (with several languages {language: file}), or seed_data"
    )


AnyTeacher = Annotated[
    Annotated[Teacher, Tag("model")]
    | Annotated[SimulatedTeacher, Tag("simulated")]
    | Annotated[Contestant, Tag("data")],
    Discriminator(_kind_of_teacher),
]
