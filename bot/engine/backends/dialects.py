"""Say a request in the words of the server that shall answer it, and count tokens as it does.

What a server has no word for is left out: vLLM and llama.cpp take most of `Sampling`, others what OpenAI has.
"""

import json
import re
from typing import Any

from bot.engine.backends.cards import Card
from bot.engine.backends.chat import ChatClient, ServerRefused, chat_body
from bot.engine.backends.llamacpp import request_body
from bot.engine.errors import GenerationFailed
from bot.engine.request import Request, Sampling

ANY_SLOT = -1  # llama.cpp then takes the slot whose cache is most alike
WITHOUT_TOKENIZER = {404, 405, 501}
# A narrator thinks in the story; templates that know no such choice pass it over.
NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
COMPLAINT = re.compile(
    r"unrecogni|unsupported|not support|unknown|unexpected|not permitted|not allowed|extra", re.I
)
# A constraint that was refused is an error of its request: others may have one that is understood.
NEEDED = {"model", "messages", "stream", "max_completion_tokens", "response_format", "structured_outputs"}


def body_for(request: Request, card: Card, *, refused: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a request as a server wants it, without the fields that it `refused` before."""
    body = _said(request, card) | {"model": request.adapter or card.model}
    for field in refused & body.keys():
        value = body.pop(field)
        if field == "max_tokens":  # OpenAI has renamed it for its newer models
            body["max_completion_tokens"] = value
    return body


def refused_fields(error: ServerRefused, body: dict[str, Any]) -> frozenset[str]:
    """Return the fields that a server complains not to know; none where something else is the matter."""
    if error.status not in {400, 422} or not COMPLAINT.search(error.words):
        return frozenset()
    fields = body.keys() - NEEDED
    return frozenset(field for field in fields if re.search(rf"\b{field}\b", error.words))


async def count_tokens(client: ChatClient, root: str, card: Card, text: str) -> int:
    """Return how many tokens a text has on a server, or an estimate where it does not tell."""
    try:
        if card.dialect == "llamacpp":
            return len((await client.post(f"{root}/tokenize", {"content": text}))["tokens"])
        if card.dialect == "vllm":
            body = {"model": card.model, "prompt": text, "add_special_tokens": False}
            return int((await client.post(f"{root}/tokenize", body))["count"])
    except ServerRefused as error:
        if error.status not in WITHOUT_TOKENIZER:
            raise
    except (KeyError, TypeError, ValueError) as error:
        raise GenerationFailed(f"not a count of tokens: {error!r}") from error
    return estimate(text)


def estimate(text: str) -> int:
    """Return at least as many tokens as any usual model makes of prose.

    Three ASCII characters a token, where English has four to five, and three bytes of all else for two tokens, where
    a Chinese character has about one: a prompt planned with it is rather too short than too long.
    """
    ascii_bytes = sum(character.isascii() for character in text)
    return -(-(ascii_bytes + 2 * (len(text.encode()) - ascii_bytes)) // 3)


def _said(request: Request, card: Card) -> dict[str, Any]:
    if card.dialect == "llamacpp":
        return request_body(request, ANY_SLOT) | NO_THINKING
    body = chat_body(request) | {"stream_options": {"include_usage": True}}
    if not request.sampling.stop:
        del body["stop"]  # some servers refuse an empty list
    schema = request.sampling.json_schema
    if schema:
        shape = {"name": "answer", "schema": json.loads(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    return body | _vllm(request.sampling) if card.dialect == "vllm" else body


def _vllm(sampling: Sampling) -> dict[str, Any]:
    body: dict[str, Any] = NO_THINKING | {
        "top_k": sampling.top_k or -1,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repetition_penalty,
    }
    if sampling.banned:
        body["bad_words"] = list(sampling.banned)
    if sampling.grammar:
        body["structured_outputs"] = {"grammar": sampling.grammar}
    return body
