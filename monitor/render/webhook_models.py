"""Type the webhook bodies; the published JSON Schemas are made from these models.

Version 1. Fields may be added within a version, never removed, renamed or narrowed: readers must
ignore what they do not know. What is unknown is absent; no field is ever null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

URN = "urn:media-monitor:schema:{type}:1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _plain(value: object) -> object:
    """Replace lone surrogates: no JSON reader agrees with another on them."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_plain)]
Moment = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, description="RFC 3339, in UTC.")
]
Language = Annotated[Text, Field(description="BCP 47, in lower case.")]
Direction = Annotated[Literal["ltr", "rtl"], Field(description="How the title runs.")]
Link = Annotated[Text, Field(description="Absent without web.public_url.")]
Change = Literal["new", "update", "sent"]


class Body(BaseModel):
    """Be the root of the models."""

    model_config = ConfigDict(frozen=True)


class RuleBody(Body):
    """Name a rule."""

    id: Text
    name: Text
    revision: Annotated[Text, Field(description="Hash of the rule's meaning.")]
    labels: dict[str, Text] = {}
    url: Link | None = None


class SourceBody(Body):
    """Name who published an article."""

    id: Annotated[Text, Field(description="Its key in sources.yaml, or its domain.")]
    name: Text
    country: Annotated[Text, Field(description="ISO 3166-1 alpha-2.")] | None = None
    lang: Language | None = None
    tier: int | None = None


class WhyBody(Body):
    """Give one reason in the rule's own words."""

    rule: Annotated[Text, Field(description="The rule's id.")]
    line: Annotated[Text, Field(description="The rule's name for the line; empty if none.")]
    clause: Annotated[Text, Field(description="The query text that hit.")]
    term: Annotated[Text, Field(description="What it found, in the article's words.")]
    article: Annotated[Text, Field(description="The article's id.")]
    field: Annotated[Text, Field(description="title, body, author, url or tag.")]
    lang: Language | None = None
    start: Annotated[int, Field(ge=0, description="Code points of the field, from 0.")]
    end: Annotated[int, Field(ge=0, description="Code points, exclusive.")]
    text: Annotated[Text, Field(description="What stands there, with words around it.")] | None = (
        None
    )


class MatchBody(Body):
    """Say when and why the rule matched."""

    id: Annotated[Text, Field(description="The alert's id: the same for every receiver.")]
    first_matched_at: Annotated[
        Moment, Field(description="When the rule first found itself in this story.")
    ]
    raised_at: Moment
    reason: Annotated[Text, Field(description="new_story, development or every.")]
    why: list[WhyBody]


class StoryBody(Body):
    """Describe a story."""

    id: Text
    revision: Annotated[int, Field(description="Counts changes of its articles.")]
    change: Change
    title: Text
    lang: Language | None = None
    dir: Direction
    summary: Text | None = None
    first_seen_at: Moment
    last_seen_at: Moment
    source_count: int
    article_count: int
    report_count: Annotated[
        int,
        Field(
            description="Independent reports: sources (of a group: one; of a news agency's report:"
            " the agency) heard in what is no copy."
        ),
    ]
    copy_count: Annotated[
        int, Field(description="Repeats of another article or of a news agency's report.")
    ]
    url: Link | None = None
    previous_story_ids: Annotated[
        list[Text], Field(description="Ids of stories that were merged into this one.")
    ] = []
    continues: (
        Annotated[Text, Field(description="The id of a story too old to take these articles.")]
        | None
    ) = None


class ArticleBody(Body):
    """Describe one article of a story."""

    id: Text
    url: Annotated[Text, Field(description="As published; absent if it has none.")] | None = None
    canonical_url: (
        Annotated[
            Text,
            Field(
                description="Names the article, to compare: host and scheme are levelled, so it"
                " may lead nowhere. To follow, take url."
            ),
        ]
        | None
    ) = None
    title: Text
    lang: Language | None = None
    dir: Direction
    published_at: Annotated[
        Text, Field(description="RFC 3339 in UTC; a date alone if published_precision is day.")
    ]
    published_precision: Literal["second", "day", "unknown"]
    fetched_at: Moment
    source: SourceBody
    snippet: Text | None = None
    is_match: bool
    is_new: Annotated[bool, Field(description="This channel was not told of it before.")]
    is_stub: Annotated[bool, Field(description="Judged on title and teaser alone.")]
    relation: Annotated[Text, Field(description="first, same, copy, excerpt, update or event.")]
    wire: Annotated[Text, Field(description="The news agency that it was taken from.")] | None = (
        None
    )


class StoryData(Body):
    """Be what a channel is told at once: one rule, one story."""

    channel: Text
    rule: RuleBody
    match: MatchBody
    story: StoryBody
    articles: list[ArticleBody]
    articles_omitted: Annotated[int, Field(ge=0)] = 0
    notes: list[Text] = []
    truncated: Annotated[bool, Field(description="Something was left out for size.")] = False


class WindowBody(Body):
    """Be a digest's span of time, half-open; `zone` is the reader's IANA zone."""

    start: Moment
    end: Moment
    zone: Text


class DigestStory(Body):
    """Be one story of a digest, tagged with all its rules."""

    change: Change
    rules: list[RuleBody]
    story: StoryBody
    articles: list[ArticleBody]
    articles_omitted: Annotated[int, Field(ge=0)] = 0
    why: list[WhyBody]
    notes: list[Text] = []


class DigestData(Body):
    """Be what a channel is told in one slot."""

    channel: Text
    slot: Annotated[Text, Field(description='Local date and time, or "first".')]
    window: WindowBody
    missed_slots: Annotated[int, Field(ge=0)] = 0
    stories: list[DigestStory]
    stories_omitted: Annotated[int, Field(ge=0)] = 0
    health: list[Text] = []
    truncated: Annotated[bool, Field(description="Something was left out for size.")] = False


class TestData(Body):
    """Be what `monitor channels test` sends."""

    __test__ = False  # not a test class of pytest's

    channel: Text
    message: Text


class _Envelope(Body):
    type: str
    timestamp: Moment
    schema_: Annotated[str, Field(alias="schema")]
    id: Annotated[Text, Field(description="The delivery's id, as in webhook-id.")]
    test: bool = False


class StoryMatched(_Envelope):
    """Tell a channel of a story for the first time."""

    type: Literal["story.matched"] = "story.matched"
    schema_: Annotated[
        Literal["urn:media-monitor:schema:story.matched:1"], Field(alias="schema")
    ] = "urn:media-monitor:schema:story.matched:1"
    data: StoryData


class StoryUpdated(_Envelope):
    """Tell a channel again of a story: another rule or a further article matches."""

    type: Literal["story.updated"] = "story.updated"
    schema_: Annotated[
        Literal["urn:media-monitor:schema:story.updated:1"], Field(alias="schema")
    ] = "urn:media-monitor:schema:story.updated:1"
    data: StoryData


class DigestReady(_Envelope):
    """Hand over a digest."""

    type: Literal["digest.ready"] = "digest.ready"
    schema_: Annotated[
        Literal["urn:media-monitor:schema:digest.ready:1"], Field(alias="schema")
    ] = "urn:media-monitor:schema:digest.ready:1"
    data: DigestData


class ChannelTest(_Envelope):
    """Try a channel; `test` is true."""

    type: Literal["channel.test"] = "channel.test"
    schema_: Annotated[
        Literal["urn:media-monitor:schema:channel.test:1"], Field(alias="schema")
    ] = "urn:media-monitor:schema:channel.test:1"
    data: TestData


Payload = StoryMatched | StoryUpdated | DigestReady | ChannelTest
PAYLOADS: tuple[type[Payload], ...] = (StoryMatched, StoryUpdated, DigestReady, ChannelTest)


class _AbsentNotNull(GenerateJsonSchema):
    """Write optional fields as they are sent: with their type or not at all."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        if written.get("default", 0) is None:
            del written["default"]
        return written

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # noqa: ARG002  # the signature is pydantic's
    ) -> bool:
        inner = field["schema"]
        return inner["type"] != "default" or inner.get("default", 0) is not None


def schemas() -> dict[str, dict[str, Any]]:
    """Give the JSON Schema (2020-12) of each body by its type, such as "story.matched"."""
    return {model.model_fields["type"].default: _schema(model) for model in PAYLOADS}


def _schema(model: type[Payload]) -> dict[str, Any]:
    written = model.model_json_schema(schema_generator=_AbsentNotNull, mode="serialization")
    name = URN.format(type=model.model_fields["type"].default)
    return {"$schema": DIALECT, "$id": name, **written}
