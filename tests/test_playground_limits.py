"""Prove each of Discord's limits both ways: what just fits passes, and one more is refused by its code."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground import limits
from bot.playground.errors import ApiError
from bot.playground.world.state import Upload
from tests.refusals import codes

V2 = 1 << 15


def message(**payload: Any) -> set[str]:
    """Return the codes with which a message is refused."""
    return codes(lambda: limits.check_message(payload))


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    """Build an action row."""
    return {"type": 1, "components": list(parts)}


def button(name: str = "b", **more: Any) -> dict[str, Any]:
    """Build a button."""
    return {"type": 2, "style": 1, "label": "go", "custom_id": name, **more}


def select(options: int = 2, **more: Any) -> dict[str, Any]:
    """Build a string select."""
    listed = [{"label": str(n), "value": str(n)} for n in range(options)]
    return {"type": 3, "custom_id": "s", "options": listed, **more}


def fields(count: int) -> list[dict[str, str]]:
    """Build embed fields."""
    return [{"name": "n", "value": "v"}] * count


def poll(answers: int = 2, *, question: int = 1, answer: int = 1, hours: int = 24) -> dict[str, Any]:
    """Build a poll."""
    listed = [{"poll_media": {"text": "a" * answer}}] * answers
    return {"question": {"text": "q" * question}, "answers": listed, "duration": hours}


def text(length: int) -> dict[str, Any]:
    """Build a text display."""
    return {"type": 10, "content": "t" * length}


def section(texts: int = 1) -> dict[str, Any]:
    """Build a section."""
    return {"type": 9, "components": [text(1)] * texts, "accessory": button("x")}


def gallery(items: int) -> dict[str, Any]:
    """Build a media gallery."""
    return {"type": 12, "items": [{"media": {"url": "https://example.org/a.png"}}] * items}


LENGTH, BAD, REQUIRED = "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "BASE_TYPE_REQUIRED"
CHOICES, SCHEME = "BASE_TYPE_CHOICES", "URL_TYPE_INVALID_SCHEME"
DUPLICATE = "COMPONENT_CUSTOM_ID_DUPLICATED"

# What fits, what does not, and the code.
MESSAGES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("content", {"content": "x" * 2000}, {"content": "x" * 2001}, LENGTH),
    ("content type", {"content": "5"}, {"content": 5}, "STRING_TYPE_CONVERT"),
    ("blank", {"content": " x"}, {"content": " \n"}, "50006"),
    ("empty", {"content": "x"}, {}, "50006"),
    (
        "components alone",
        {"content": "x", "components": [row(button())]},
        {"components": [row(button())]},
        "50006",
    ),
    ("nonce", {"content": "x", "nonce": "1" * 25}, {"content": "x", "nonce": "1" * 26}, LENGTH),
    ("embeds", {"embeds": [{"title": "t"}] * 10}, {"embeds": [{"title": "t"}] * 11}, LENGTH),
    ("embed title", {"embeds": [{"title": "t" * 256}]}, {"embeds": [{"title": "t" * 257}]}, LENGTH),
    (
        "description",
        {"embeds": [{"description": "d" * 4096}]},
        {"embeds": [{"description": "d" * 4097}]},
        LENGTH,
    ),
    ("fields", {"embeds": [{"fields": fields(25)}]}, {"embeds": [{"fields": fields(26)}]}, LENGTH),
    (
        "field name",
        {"embeds": [{"fields": [{"name": "n" * 256, "value": "v"}]}]},
        {"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]},
        BAD,
    ),
    (
        "field value",
        {"embeds": [{"fields": [{"name": "n", "value": "v" * 1024}]}]},
        {"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]},
        BAD,
    ),
    (
        "empty field",
        {"embeds": [{"fields": [{"name": "n", "value": "v"}]}]},
        {"embeds": [{"fields": [{"name": "", "value": "v"}]}]},
        REQUIRED,
    ),
    (
        "footer",
        {"embeds": [{"footer": {"text": "f" * 2048}}]},
        {"embeds": [{"footer": {"text": "f" * 2049}}]},
        LENGTH,
    ),
    (
        "author",
        {"embeds": [{"author": {"name": "f" * 256}}]},
        {"embeds": [{"author": {"name": "f" * 257}}]},
        BAD,
    ),
    (
        "embed total",
        {"embeds": [{"description": "d" * 3000}, {"description": "d" * 3000}]},
        {"embeds": [{"description": "d" * 3000}, {"description": "d" * 3001}]},
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    ("empty embed", {"embeds": [{"title": "t"}]}, {"embeds": [{}]}, REQUIRED),
    (
        "colour",
        {"embeds": [{"title": "t", "color": 0xFFFFFF}]},
        {"embeds": [{"title": "t", "color": 1 << 24}]},
        "NUMBER_TYPE_MAX",
    ),
    (
        "embed url",
        {"embeds": [{"title": "t", "url": "https://a.org"}]},
        {"embeds": [{"title": "t", "url": "ftp://a.org"}]},
        SCHEME,
    ),
    (
        "no url",
        {"embeds": [{"title": "t", "url": "http://localhost"}]},
        {"embeds": [{"title": "t", "url": "zz"}]},
        "URL_TYPE_INVALID_URL",
    ),
    (
        "image",
        {"embeds": [{"image": {"url": "attachment://a.png"}}]},
        {"embeds": [{"image": {"url": "file://a.png"}}]},
        SCHEME,
    ),
    (
        "timestamp",
        {"embeds": [{"title": "t", "timestamp": "2026-01-01T00:00:00+00:00"}]},
        {"embeds": [{"title": "t", "timestamp": "soon"}]},
        "DATE_TIME_TYPE_PARSE",
    ),
    ("stickers", {"sticker_ids": ["1"] * 3}, {"sticker_ids": ["1"] * 4}, LENGTH),
    ("poll answers", {"poll": poll(10)}, {"poll": poll(11)}, BAD),
    ("poll question", {"poll": poll(question=300)}, {"poll": poll(question=301)}, BAD),
    ("poll answer", {"poll": poll(answer=55)}, {"poll": poll(answer=56)}, BAD),
    ("poll hours", {"poll": poll(hours=768)}, {"poll": poll(hours=769)}, "NUMBER_TYPE_MAX"),
    (
        "parse and ids",
        {"content": "x", "allowed_mentions": {"parse": [], "users": ["1"]}},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    (
        "allowed users",
        {"content": "x", "allowed_mentions": {"users": [1] * 100}},
        {"content": "x", "allowed_mentions": {"users": [1] * 101}},
        LENGTH,
    ),
    (
        "attachment",
        {"content": "x", "attachments": []},
        {"content": "x", "attachments": [{"id": 0, "filename": "a"}]},
        "ATTACHMENT_NOT_FOUND",
    ),
    (
        "reference",
        {"content": "x", "message_reference": {"message_id": 5}},
        {"content": "x", "message_reference": {"message_id": "five"}},
        "NUMBER_TYPE_COERCE",
    ),
]

# Components of a message that has a content too.
COMPONENTS: list[tuple[str, list[Any], list[Any], str]] = [
    ("rows", [row(button(str(n))) for n in range(5)], [row(button(str(n))) for n in range(6)], LENGTH),
    ("buttons", [row(*[button(str(n)) for n in range(5)])], [row(*[button(str(n)) for n in range(6)])], BAD),
    ("label", [row(button(label="l" * 80))], [row(button(label="l" * 81))], LENGTH),
    ("custom id", [row(button("i" * 100))], [row(button("i" * 101))], BAD),
    ("no custom id", [row(button())], [row({"type": 2, "style": 1, "label": "a"})], REQUIRED),
    (
        "link",
        [row({"type": 2, "style": 5, "label": "a", "url": "https://a.org"})],
        [row({"type": 2, "style": 5, "label": "a"})],
        REQUIRED,
    ),
    (
        "link or name",
        [row({"type": 2, "style": 5, "label": "a", "url": "https://a.org"})],
        [row(button(style=5, url="https://a.org"))],
        "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
    ),
    (
        "emoji",
        [row(button(emoji={"name": "▶️"}))],
        [row(button(emoji={"name": "play"}))],
        "BUTTON_COMPONENT_INVALID_EMOJI",
    ),
    ("bare", [row(button())], [row(button(label=""))], "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED"),
    ("style", [row(button(style=4))], [row(button(style=7))], CHOICES),
    ("same name", [row(button("a"), button("b"))], [row(button("a"), button("a"))], DUPLICATE),
    (
        "same name in rows",
        [row(button("a")), row(button("b"))],
        [row(button("a")), row(button("a"))],
        DUPLICATE,
    ),
    (
        "same id",
        [row(button(id=1), button("c", id=2))],
        [row(button(id=1), button("c", id=1))],
        "COMPONENT_ID_DUPLICATED",
    ),
    ("options", [row(select(25))], [row(select(26))], BAD),
    ("no options", [row(select(1))], [row(select(0))], REQUIRED),
    (
        "most values",
        [row(select(2, max_values=2))],
        [row(select(2, max_values=3))],
        "SELECT_COMPONENT_MAX_VALUES_INVALID",
    ),
    (
        "fewest values",
        [row(select(3, min_values=2, max_values=2))],
        [row(select(3, min_values=2, max_values=1))],
        "SELECT_COMPONENT_MIN_VALUES_INVALID",
    ),
    ("placeholder", [row(select(placeholder="p" * 150))], [row(select(placeholder="p" * 151))], LENGTH),
    (
        "select and button",
        [row(select()), row(button())],
        [row(select(), button())],
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
    ),
    ("layout without flag", [row(button())], [text(1)], CHOICES),
    ("not a row", [row(button())], [button()], CHOICES),
    ("empty row", [row(button())], [row()], REQUIRED),
]

# Components of a message with Components V2.
LAYOUTS: list[tuple[str, list[Any], list[Any], str]] = [
    ("count", [text(1)] * 40, [text(1)] * 41, LENGTH),
    (
        "count at depth",
        [{"type": 17, "components": [text(1)] * 38}, text(1)],
        [{"type": 17, "components": [text(1)] * 38}, text(1), text(1)],
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
    ),
    ("text", [text(4000)], [text(4001)], BAD),
    ("total", [text(2000), text(2000)], [text(2000), text(2001)], "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
    ("section", [section(3)], [section(4)], BAD),
    ("accessory", [section()], [{"type": 9, "components": [text(1)]}], REQUIRED),
    ("gallery", [gallery(10)], [gallery(11)], BAD),
    (
        "file",
        [{"type": 13, "file": {"url": "attachment://a"}}],
        [{"type": 13, "file": {"url": "https://a.org"}}],
        SCHEME,
    ),
    (
        "nested",
        [{"type": 17, "components": [text(1)]}],
        [{"type": 17, "components": [{"type": 17, "components": [text(1)]}]}],
        CHOICES,
    ),
    ("unknown", [text(1)], [{"type": 99}], CHOICES),
    ("nothing", [text(1)], [], "50006"),
]


@pytest.mark.parametrize(("name", "fits", "exceeds", "code"), MESSAGES, ids=[m[0] for m in MESSAGES])
def test_a_message_is_held_to_its_limits(name: str, fits: Any, exceeds: Any, code: str) -> None:
    """What just fits passes, one more is refused."""
    assert message(**fits) == set()
    assert message(**exceeds) == {code}


@pytest.mark.parametrize(("name", "fits", "exceeds", "code"), COMPONENTS, ids=[m[0] for m in COMPONENTS])
def test_components_are_held_to_their_limits(name: str, fits: Any, exceeds: Any, code: str) -> None:
    """Rows, buttons and selects."""
    assert message(content="x", components=fits) == set()
    assert message(content="x", components=exceeds) == {code}


@pytest.mark.parametrize(("name", "fits", "exceeds", "code"), LAYOUTS, ids=[m[0] for m in LAYOUTS])
def test_layouts_are_held_to_their_limits(name: str, fits: Any, exceeds: Any, code: str) -> None:
    """Components V2."""
    assert message(flags=V2, components=fits) == set()
    assert message(flags=V2, components=exceeds) == {code}


@pytest.mark.parametrize("field", [{"content": "x"}, {"embeds": [{"title": "t"}]}, {"poll": poll()}])
def test_a_layout_has_no_room_for_the_old_fields(field: dict[str, Any]) -> None:
    """Content, embeds and polls are refused beside Components V2."""
    assert message(flags=V2, components=[text(1)], **field) == {
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    }


def test_a_message_becomes_a_layout_when_the_old_fields_are_emptied() -> None:
    """An edit to Components V2 says null for what the message held, and is refused where it stays."""
    held = {"content": "old", "embeds": [{"title": "t"}], "flags": 0}
    layout = {"flags": V2, "components": [text(1)]}
    emptied = layout | {"content": None, "embeds": []}
    assert codes(lambda: limits.check_message(emptied, existing=held)) == set()
    assert codes(lambda: limits.check_message(layout, existing=held)) == {
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    }


def test_an_edit_is_judged_with_what_stays() -> None:
    """An edit may leave content out, but may not take the last thing away."""
    held = {"content": "old", "embeds": [], "attachments": [], "flags": 0}
    limits.check_message({"components": []}, existing=held)
    limits.check_message({"content": None, "embeds": [{"title": "t"}]}, existing=held)
    assert codes(lambda: limits.check_message({"content": ""}, existing=held)) == {"50006"}


def test_files_are_counted_and_weighed() -> None:
    """Ten files and ten mebibytes pass; one more of either does not."""
    small, full = Upload("a", "b", b"x"), Upload("a", "b", b"x" * (10 << 20))
    limits.check_message({}, files=[small] * 9 + [full])
    assert codes(lambda: limits.check_message({}, files=[small] * 11)) == {LENGTH}
    assert codes(lambda: limits.check_message({}, files=[Upload("a", "b", full.data + b"x")])) == {"40005"}


def test_every_error_of_a_form_is_told_at_its_place() -> None:
    """The tree of errors is Discord's."""
    with pytest.raises(ApiError) as refused:
        limits.check_message({"content": "x" * 2001, "embeds": [{"title": "t" * 257}]})
    at = refused.value.body()
    assert at["code"] == 50035
    assert at["message"] == "Invalid Form Body"
    assert at["errors"]["content"]["_errors"] == [
        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}
    ]
    assert at["errors"]["embeds"]["0"]["title"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"


@pytest.mark.parametrize("nonsense", [None, 5, "x", [5], {"a": 1}, [None], [{"name": 5, "options": 7}]])
def test_nonsense_is_refused_and_breaks_nothing(nonsense: Any) -> None:
    """A body of any JSON type gives 50035."""
    for check in (limits.check_message, limits.check_modal, limits.check_commands):
        with pytest.raises(ApiError) as refused:
            check(nonsense)
        assert refused.value.code in (50035, 50006)


KEYS = (
    *("content", "embeds", "fields", "name", "value", "title", "footer", "text", "author", "url"),
    *("image", "components", "type", "style", "label", "options", "custom_id", "accessory", "media", "items"),
    *(
        "flags",
        "poll",
        "question",
        "answers",
        "poll_media",
        "duration",
        "allowed_mentions",
        "parse",
        "users",
        "message_reference",
    ),
    *(
        "message_id",
        "attachments",
        "id",
        "choices",
        "name_localizations",
        "en-US",
        "description",
        "component",
    ),
)
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 1 << 60)
    | st.text(max_size=5)
    | st.sampled_from([1, 2, 3, V2])
)
JSON = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@given(JSON)
def test_no_body_whatever_breaks_a_check(body: Any) -> None:
    """Every JSON value is either taken or refused by ApiError."""
    for check in (limits.check_message, limits.check_modal, limits.check_commands):
        codes(lambda check=check: check(body))  # type: ignore[misc]  # mypy cannot type a lambda's default
        codes(lambda check=check: check([body]))  # type: ignore[misc]  # likewise
