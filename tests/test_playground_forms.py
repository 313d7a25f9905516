"""Prove that options, selections and modals from people are taken when right and refused when not, whatever comes."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.errors import ApiError
from bot.playground.interactions.components import bounds, check_use, find
from bot.playground.interactions.modals import check_submission
from bot.playground.interactions.options import check_options
from bot.playground.interactions.resolved import Resolver
from bot.playground.world.defaults import furnish
from bot.playground.world.world import World

DEFINITIONS: list[dict[str, Any]] = [
    {"type": 3, "name": "text", "description": "d", "min_length": 2, "max_length": 5},
    {"type": 3, "name": "choice", "description": "d", "choices": [{"name": "A", "value": "a"}]},
    {"type": 3, "name": "guess", "description": "d", "autocomplete": True},
    {"type": 4, "name": "number", "description": "d", "min_value": -3, "max_value": 3, "required": True},
    {"type": 5, "name": "flag", "description": "d"},
    {"type": 6, "name": "user", "description": "d"},
    {"type": 7, "name": "channel", "description": "d", "channel_types": [0]},
    {"type": 8, "name": "role", "description": "d"},
    {"type": 9, "name": "either", "description": "d"},
    {"type": 10, "name": "real", "description": "d"},
    {"type": 11, "name": "file", "description": "d"},
]
TREE: list[dict[str, Any]] = [
    {
        "type": 2,
        "name": "group",
        "description": "d",
        "options": [{"type": 1, "name": "sub", "description": "d"}],
    },
    {"type": 1, "name": "plain", "description": "d", "options": DEFINITIONS},
]
MODAL: dict[str, Any] = {
    "custom_id": "form",
    "title": "Form",
    "components": [
        {"type": 1, "id": 1, "components": [{"type": 4, "id": 2, "custom_id": "old", "required": False}]},
        {"type": 10, "id": 3, "content": "Read this"},
        {
            "type": 18,
            "id": 4,
            "label": "Words",
            "component": {"type": 4, "id": 5, "custom_id": "words", "min_length": 2, "max_length": None},
        },
        {
            "type": 18,
            "id": 6,
            "label": "Pick",
            "component": {
                "type": 21,
                "id": 7,
                "custom_id": "pick",
                "options": [{"label": "A", "value": "a"}],
            },
        },
        {
            "type": 18,
            "id": 8,
            "label": "Some",
            "component": {
                "type": 22,
                "id": 9,
                "custom_id": "some",
                "required": False,
                "options": [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}],
            },
        },
        {"type": 18, "id": 10, "label": "Yes", "component": {"type": 23, "id": 11, "custom_id": "yes"}},
    ],
}
RIGHT: dict[str, Any] = {"words": "two", "pick": "a", "some": ["a", "b"], "yes": True}

_names = st.sampled_from(
    [option["name"] for option in DEFINITIONS] + ["sub", "group", "plain", "words", "pick", "some", "yes"]
)
_keys = st.sampled_from(["type", "name", "value", "values", "options", "focused", "custom_id", "components"])
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=7) | _names
)
anything = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_keys | st.just("component"), inner, max_size=4)
    ),
    max_leaves=12,
)
options = st.lists(
    st.fixed_dictionaries({"name": _names}, optional={"type": st.integers(1, 11), "value": anything})
)


def resolver() -> Resolver:
    """Resolve for a member of a fresh world, who brought one file."""
    world = World()
    guild = furnish(world)
    user_id = int(world.create_user("Mara")["id"])
    world.add_member(guild.id, user_id)
    channel = next(c for c in world.channels.values() if c["name"] == "fireside")
    return Resolver(world, user_id=user_id, channel_id=int(channel["id"]), attachments={"0": {"id": "77"}})


RESOLVER = resolver()


@given(given_options=anything | options, autocomplete=st.booleans())
def test_no_options_break_the_check(given_options: Any, autocomplete: bool) -> None:
    """Whatever a client sends is either clean or refused with 50035."""
    for definitions in (DEFINITIONS, TREE, []):
        with contextlib.suppress(ApiError):
            checked = check_options(definitions, given_options, resolver=RESOLVER, autocomplete=autocomplete)
            assert all(option["name"] in {d["name"] for d in definitions} for option in checked)


@given(
    text=st.text(min_size=2, max_size=5), number=st.integers(-3, 3), real=st.floats(-9, 9), flag=st.booleans()
)
def test_right_options_pass_unchanged(text: str, number: int, real: float, flag: bool) -> None:
    """What the definition allows reaches the bot as it was given, in its order."""
    sent = [
        {"name": "text", "type": 3, "value": text},
        {"name": "number", "type": 4, "value": number},
        {"name": "real", "type": 10, "value": real},
        {"name": "flag", "type": 5, "value": flag},
    ]
    assert check_options(DEFINITIONS, sent, resolver=RESOLVER) == sent


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"name": "text", "value": "1"}, id="too short"),
        pytest.param({"name": "text", "value": "123456"}, id="too long"),
        pytest.param({"name": "text", "type": 4, "value": 5}, id="another type than declared"),
        pytest.param({"name": "choice", "value": "b"}, id="no such choice"),
        pytest.param({"name": "number", "value": 1}, id="given twice"),
        pytest.param({"name": "real", "value": "1"}, id="a text is no number"),
        pytest.param({"name": "flag", "value": "true"}, id="a text is no truth value"),
        pytest.param({"name": "user", "value": "1"}, id="no such user"),
        pytest.param({"name": "channel", "value": "1"}, id="no such channel"),
        pytest.param({"name": "role", "value": "x"}, id="no id"),
        pytest.param({"name": "file", "value": "1"}, id="no such file"),
        pytest.param({"name": "other", "value": "1"}, id="no such option"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    """One wrong option is enough."""
    right = {"name": "number", "type": 4, "value": 1}
    assert check_options(DEFINITIONS, [right], resolver=RESOLVER)
    with pytest.raises(ApiError) as refused:
        check_options(DEFINITIONS, [right, wrong], resolver=RESOLVER)
    assert refused.value.code == 50035


def test_files_are_named_by_number_and_given_by_id() -> None:
    """A person names the file that came along; the bot receives the attachment's own id."""
    local = resolver()
    sent = [{"name": "number", "value": 1}, {"name": "file", "value": "0"}]
    checked = check_options(DEFINITIONS, sent, resolver=local)
    assert checked[1]["value"] == "77"
    assert local.resolved["attachments"] == {"77": {"id": "77"}}


def test_autocomplete_needs_one_focused_option_and_nothing_else() -> None:
    """Required options may be missing while somebody types, but exactly one option has the cursor."""
    focused = {"name": "guess", "type": 3, "value": "g", "focused": True}
    assert check_options(DEFINITIONS, [focused], resolver=RESOLVER, autocomplete=True) == [focused]
    for wrong in ([], [{"name": "text", "value": "ab", "focused": True}]):
        with pytest.raises(ApiError):
            check_options(DEFINITIONS, wrong, resolver=RESOLVER, autocomplete=True)


@given(sent=anything)
def test_no_submission_breaks_the_check(sent: Any) -> None:
    """Whatever a client sends for a modal is either clean or refused."""
    with contextlib.suppress(ApiError):
        assert len(check_submission(MODAL, sent, RESOLVER)) == len(MODAL["components"])


def submission(**changes: Any) -> list[dict[str, Any]]:
    """Fill in the modal, flat: only custom_ids and values count."""
    filled = RIGHT | changes
    return [{"custom_id": name, "value": value, "values": value} for name, value in filled.items()]


def test_a_right_submission_mirrors_the_modal() -> None:
    """Every component comes back in its place with its id, what was not touched with its default."""
    checked = check_submission(MODAL, submission(), RESOLVER)
    assert [part["id"] for part in checked] == [1, 3, 4, 6, 8, 10]
    assert checked[0]["components"] == [{"type": 4, "id": 2, "custom_id": "old", "value": ""}]
    assert [part["component"].get("value", part["component"].get("values")) for part in checked[2:]] == [
        "two",
        "a",
        ["a", "b"],
        True,
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"words": ""}, id="a required text is empty"),
        pytest.param({"words": "1"}, id="a text is too short"),
        pytest.param({"words": "x" * 4001}, id="a text is too long"),
        pytest.param({"words": 5}, id="a number is no text"),
        pytest.param({"pick": None}, id="a required pick is missing"),
        pytest.param({"pick": "b"}, id="a pick is not offered"),
        pytest.param({"some": ["a", "b", "c"]}, id="more than offered"),
        pytest.param({"some": ["a", "a"]}, id="one twice"),
        pytest.param({"more": "x"}, id="what the modal does not ask"),
    ],
)
def test_a_wrong_submission_is_refused(wrong: dict[str, Any]) -> None:
    """One wrong answer is enough."""
    assert check_submission(MODAL, submission(), RESOLVER)
    with pytest.raises(ApiError) as refused:
        check_submission(MODAL, submission(**wrong), RESOLVER)
    assert refused.value.code == 50035


@given(custom_id=anything, values=anything)
def test_no_click_breaks_the_check(custom_id: Any, values: Any) -> None:
    """Whatever component and values a client names, the bot hears of what is on the message only."""
    menu = {"type": 3, "id": 2, "custom_id": "pick", "options": [{"label": "A", "value": "a"}]}
    row = [{"type": 1, "id": 1, "components": [menu]}]
    with contextlib.suppress(ApiError):
        used = check_use(find(row, custom_id), {"values": values}, RESOLVER)
        assert used == {"custom_id": "pick", "component_type": 3, "id": 2, "values": ["a"]}


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"type": 3}, (1, 1)),
        ({"type": 3, "min_values": 0, "max_values": 4}, (0, 4)),
        ({"type": 3, "min_values": 2, "max_values": 4, "required": False}, (0, 4)),
        ({"type": 3, "min_values": None, "max_values": None}, (1, 1)),
        ({"type": 21}, (1, 1)),
        ({"type": 21, "required": False}, (0, 1)),
        ({"type": 22, "options": [{}, {}, {}]}, (1, 3)),
    ],
)
def test_how_many_values_a_component_takes(component: dict[str, Any], expected: tuple[int, int]) -> None:
    """Defaults are one value for menus, all for groups of boxes, and none where nothing is required."""
    assert bounds(component) == expected
