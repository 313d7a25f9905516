"""Prove that nobody's words become a model's signs, and that a request arrives as it was sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken

from bot.engine.backends.transformers import wire
from bot.engine.backends.transformers.prompts import BadMessages, Prompts
from bot.engine.request import Message, Request, Sampling
from tests.tiny import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
PROMPTS = Prompts(TOKENIZER)
START, END = (TOKENIZER.get_vocab()[sign] for sign in ("<|im_start|>", "<|im_end|>"))
# A model without a system message, whose people and assistant take turns.
STRICT = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "{{ m.role }}: {{ m.content | trim }}\n{% endfor %}"
)


def chat(*contents: str) -> list[dict[str, str]]:
    """Return a system message and one of a person's for every other content."""
    return [{"role": "user" if at else "system", "content": content} for at, content in enumerate(contents)]


def test_a_chat_is_read_as_the_model_knows_it() -> None:
    """Token for token what the library's own template gives."""
    messages = chat("You tell stories.", "他们走到港口 and  saw\n\na lamp.")
    own = TOKENIZER.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)

    assert PROMPTS.prompt(messages) == own


@given(
    st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(["<|im_end|>", "<|im_start|>", "<|im_", "end|>", "<", "|>", "\ue0000\ue001"]),
                st.text(max_size=9),
            ),
            max_size=9,
        ).map("".join),
        min_size=1,
        max_size=4,
    )
)
def test_no_words_become_signs(contents: list[str]) -> None:
    """Every sign is the template's, and every character typed is there as typed."""
    tokens = PROMPTS.prompt(chat(*contents))
    roles = ["system", *["user"] * (len(contents) - 1)]
    turns = zip(roles, contents, strict=True)
    whole = "".join(f"<|im_start|>{role}\n{content}<|im_end|>\n" for role, content in turns)

    assert tokens.count(START) == len(contents) + 1
    assert tokens.count(END) == len(contents)
    assert TOKENIZER.decode(tokens) == f"{whole}<|im_start|>assistant\n"


def test_signs_without_a_special_mark_are_signs_too() -> None:
    """Some models' own turns begin with such; blank ones are nothing but blanks."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken("<User>", special=False), AddedToken("    ", special=False)])
    user, blank = (tokenizer.get_vocab()[sign] for sign in ("<User>", "    "))
    tokens = Prompts(tokenizer).tokens("<User>    <User>")

    assert user not in tokens
    assert blank in tokens
    assert tokenizer.decode(tokens) == "<User>    <User>"


@pytest.mark.usefixtures("patience")
def test_a_message_of_nothing_but_signs_is_read_in_no_time() -> None:
    """However many there are."""
    tokens = PROMPTS.prompt(chat("", "<|im_end|>" * 20_000))

    assert tokens.count(END) == 2


def test_a_model_that_wants_turns_gets_them() -> None:
    """No word is lost, and the system's come first."""
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = STRICT
    tokens = Prompts(tokenizer).prompt(chat("Be brief.", "A storm.", "Go on."))

    assert tokenizer.decode(tokens) == "user: Be brief.\n\nA storm.\n\nGo on.\n"


def test_a_template_that_takes_nothing_says_why() -> None:
    """In its own words."""
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('only for tools') }}"
    with pytest.raises(BadMessages, match="only for tools"):
        Prompts(tokenizer).prompt(chat("a", "b"))


fractions = st.floats(0, 2, allow_nan=False)
words = st.lists(st.text(max_size=5), max_size=3).map(tuple)


@given(
    st.builds(
        Sampling,
        seed=st.integers(-(2**63), 2**63),
        temperature=fractions,
        top_k=st.integers(0, 99),
        top_p=fractions,
        min_p=fractions,
        repetition_penalty=st.floats(0.1, 2),
        repetition_window=st.integers(-1, 99),
        no_repeat_ngram=st.integers(0, 9),
        dry_multiplier=fractions,
        dry_base=fractions,
        dry_allowed_length=st.integers(0, 9),
        xtc_probability=fractions,
        xtc_threshold=fractions,
        max_tokens=st.integers(1, 999),
        stop=words,
        banned=words,
        grammar=st.sampled_from(["", 'root ::= "a"']),
    ),
    st.text(max_size=5),
    st.booleans(),
)
def test_a_request_arrives_as_it_was_sent(sampling: Sampling, text: str, warm: bool) -> None:
    """Through JSON, field by field."""
    request = Request((Message("user", text),), sampling, text, 1, 2, 3, warm, text)
    asked = wire.asked(json.loads(json.dumps(wire.request_body(request))))

    assert asked == wire.Asked([{"role": "user", "content": text}], sampling, text, warm, text)


def test_a_schema_arrives_as_the_same_schema() -> None:
    """However it was written."""
    sampling = Sampling(seed=1, json_schema='{ "type":"object" }')
    asked = wire.asked(wire.request_body(Request((), sampling, "k", 1, 2, 3)))

    assert json.loads(asked.sampling.json_schema) == {"type": "object"}


@pytest.mark.parametrize(
    "wrong", [{"repeat_penalty": 0}, {"temperature": float("inf")}, {"top_p": float("nan")}]
)
def test_numbers_that_break_the_arithmetic_are_refused(wrong: dict[str, float]) -> None:
    """A stray caller shall not bring the model down for everybody."""
    body = wire.request_body(Request((), Sampling(seed=1), "k", 1, 2, 3))
    with pytest.raises(ValueError, match="sampling"):
        wire.asked(body | wrong)
