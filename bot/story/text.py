"""Clean what people typed, and take the power out of what could command a model or a screen."""

import re
import unicodedata

from bot.errors import Refused
from bot.locales import _

# Bidirectional overrides and isolates could reorder other people's text; the rest shows nothing.
INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u202a-\u202e\u2060-\u2069\u206a-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
# Tags and runs of variation selectors can carry a hidden message; a flag and one selector are only drawing.
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f)|[\U000e0000-\U000e007f]")
_SELECTORS = re.compile("([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
# A joiner means something only between two visible characters: inside an emoji, Persian, Hindi …
_LOOSE_JOINER = re.compile(r"(?<![^\s\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![^\s\u200c\u200d])")
_LINE_END = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
# Tried only where a run of blanks begins, so that long runs cost no more than their length.
_TRAILING_SPACE = re.compile(r"(?<![^\S\n])[^\S\n]+(?=\n|\Z)")
_BLANK_LINES = re.compile(r"\n{4,}")
# Characters that are letters or marks to Unicode but blank on the screen.
_BLANK = re.compile(
    "[\\s\u061c\u200e\u200f\u115f\u1160\u2800\u3164\uffa0\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff]+"
)


TEMPLATE_TOKEN = re.compile(
    r"[<＜〈《][|｜][^<＜〈《\n]{0,64}?[|｜][>＞〉》]"  # <|im_start|> and its full-width cousins
    r"|[<＜〈]/?(?:s|bos|eos|pad|unk|sep|cls|mask|sop|eop|eod|sys|inst|think|thinking|system|user|assistant|human|"
    r"(?:bos|eos|pad|unk|cls|sep|mask|system|user|chatbot)_token|(?:start|end|begin|beginning)_?of_\w{1,24}|"
    r"tool_\w{1,24}|function_\w{1,24}|(?:image|audio|video|vision)_\w{1,24}|fim_\w{1,16}|reserved_\w{1,32}|"
    r"repo_?name|file_?(?:name|sep)|gh_stars|issue_\w{1,16}|jupyter_\w{1,16}|empty_output|commit_\w{1,16}|"
    r"unused_?\d{1,4}|extra_id_\d{1,4}|special_?\d{1,4}|seed:\w{1,24})[>＞〉]"
    r"|<</?sys>>"
    r"|\[/?(?:inst|system_prompt|available_tools|tool_\w{1,24}|think|img|gmask|smask|mask|sop|eop|cls|sep|pad|unk|bos|"
    r"eos|unused_token_\d{1,4}|control_\d{1,4}|prefix|middle|suffix)\]"
    r"|\]~b\]|\]!p~\[|\[e~\[",
    re.IGNORECASE,
)
_HARMLESS = str.maketrans("<＜〈《>＞〉》[]|｜", "‹‹‹‹››››⁅⁆¦¦")

_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]()<-])")
NAME_LENGTH = 32


def clean_passage(raw: str, *, limit: int) -> str:
    """Return a passage as it will be kept: same words, no hidden or reordering characters.

    Raises Refused, with the words as typed, when nothing visible is left or more than `limit` characters.
    """
    # Cleaning takes time, which nobody gets for what cannot fit.
    if len(raw) > 2 * limit:
        raise _too_long(raw, raw, limit)
    text = unicodedata.normalize("NFC", _visible(_LINE_END.sub("\n", raw)))
    text = _BLANK_LINES.sub("\n\n\n", _TRAILING_SPACE.sub("", text)).strip()
    if not _BLANK.sub("", text):
        raise Refused(
            _("There are no words in this passage. Write a sentence or two and send it again."), words=raw
        )
    if len(text) > limit:
        raise _too_long(text, raw, limit)
    return text


def _too_long(text: str, raw: str, limit: int) -> Refused:
    return Refused(
        _(
            "This passage has {length} characters, and {limit} fit in one. Send it as several passages.",
            length=f"{len(text):,}",
            limit=f"{limit:,}",
        ),
        words=raw,
    )


def is_table_talk(raw: str) -> bool:
    """Tell whether people talk among themselves: all in (parentheses), or beginning with `//`."""
    text = raw.strip()
    return text.startswith(("//", "／／")) or _in_one_bracket(text)


def neutralise(text: str) -> str:
    """Return the text with every chat-template token made harmless but readable, and the rest as it is."""
    while (safe := TEMPLATE_TOKEN.sub(lambda found: found[0].translate(_HARMLESS), text)) != text:
        text = safe
    return text


def inline_name(name: str) -> str:
    """Return a display name that formats nothing and mentions nobody, at most 32 characters of it."""
    plain = " ".join(_visible(name).split())[:NAME_LENGTH].strip()
    if not _BLANK.sub("", plain):
        return "?"
    # Discord has no escape for "@": a zero-width space keeps @everyone from reading as a mention.
    return _MARKDOWN.sub(r"\\\1", neutralise(plain)).replace("@", "@\u200b")


def _visible(text: str) -> str:
    text = _TAGS.sub(r"\1", INVISIBLE.sub("", text))
    return _LOOSE_JOINER.sub("", _SELECTORS.sub(r"\1", text))


def _in_one_bracket(text: str) -> bool:
    """Tell whether the bracket that opens the text closes with its last character."""
    if not text.startswith(("(", "（")):
        return False
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "(（") - (char in ")）")
        if depth == 0:
            return at == len(text) - 1
    return False
