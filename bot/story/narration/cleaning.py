"""Turn what a model says into a passage while it is being said: no tokens, labels or talk about the task."""

import re
from collections.abc import Iterator, Sequence

from bot.story.text import INVISIBLE, TEMPLATE_TOKEN, neutralise

_HALF_TOKEN = re.compile(r"(?:[<＜〈《]{1,2}(?:[|｜][^<＜〈《\n]{0,66}|/?\w{0,48}>?)|\[/?\w{0,20})\Z")
_THOUGHT = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)

# A line is judged by this much of its beginning; a line that may be a label is waited for longer.
_BEGINNING = 24
_LONG_BEGINNING = 160
_SUSPECT = re.compile(
    r"[\W_]{0,8}(?:#|title|premise|sure|certainly|of course|okay|ok\b|absolutely|great|here|the (?:next|story)|"
    r"好的|好[,，!！]|当然|以下|下面|这是|接下来)",
    re.IGNORECASE,
)
_OPENINGS = (
    re.compile(
        r"[ *_\[(]{0,6}(?:narrator|narration|story|continuation|continued|(?:the )?next (?:part|passage|lines?)|"
        r"passage|assistant|ai|response|answer|output|旁白|叙述者|故事|续写|正文|下文|回答|助手)[ *_\])]{0,4}[:：]\**",
        re.IGNORECASE,
    ),
    re.compile(
        r"[ *_]{0,6}(?:sure|certainly|of course|okay|ok|absolutely|great)[,.!]"
        r"(?:[^\n]{0,90}\b(?:story|continu\w{1,10}|part|passage|scene)\b[^\n]{0,40}[:.!])?\s*\n",
        re.IGNORECASE,
    ),
    re.compile(
        r"[ *_]{0,6}(?:(?:sure|certainly|okay)[,.!] +)?here(?:'s|’s| is| are)\b"
        r"(?:[^\n]{0,120}:\s*\n|[^\n.:]{0,60}\b(?:continuation|story|part|passage)\b[^\n.:]{0,40}:\s*)",
        re.IGNORECASE,
    ),
    re.compile(
        r"[ *_]{0,6}the (?:next (?:part|passage|scene|lines?|sentences?)|story)\b[^\n]{0,80}:\s*\n",
        re.IGNORECASE,
    ),
    re.compile(r"[ *_]{0,6}(?:(?:好的|好|当然)[,，。!！])?(?:以下|下面|这|接下来)[^\n。：:]{0,40}[:：]\s*"),
    re.compile(r"[ *_]{0,6}(?:title|premise|标题|书名)[ *_]{0,4}[:：][^\n]{0,120}\n", re.IGNORECASE),
    re.compile(r"\s*(?:\*\*[^*\n]{1,80}\*\*|[-*_]{3,}) *\n"),
)
_HEADING = re.compile(r"\s*#{1,6}(?:\s|\Z)")
_OTHER_ROLE = re.compile(
    r"[\W_]{0,4}(?:user|human|system|assistant|instructions?|用户|系统|助手|指令)\**\s*[:：]"
    r"|[(\[*]+(?:note|author['’]s note|word count|注|注意|说明)\**\s*[:：]|word count\s*[:：]"
    r"|(?:would you like me to|let me know if|shall i continue|do you want me to|what happens next\?)"
    r"|(?:需要|要不要|是否需要|希望)我(?:继续|接着)",
    re.IGNORECASE,
)

_END = re.compile(r"(?:[.!?…]+[\"'”’)\]*_»]*(?=\s|\Z)|[。！？…⋯]+[”’」』）)\"'》*_]*)")
_WHOLE = re.compile(r"[.!?…。！？⋯—–~～][\"'”’」』）)\]》*_»]*\Z")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Prof|Capt|Lt|Sgt|vs|etc)\.\Z")
_LONGEST_ABBREVIATION = 6  # characters, with the one before it
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_RULE_AT_END = re.compile(r"\n[^\S\n]*[-*_#]{3,}\Z")
_PAIRS = {"“": "”", "「": "」", "『": "』"}
_WRAPPED = {'"': '"', "“": "”", "「": "」"}


class NarrationFilter:
    """Clean a stream of text piece by piece; what was given out is never taken back.

    `ended` turns true when the model ends its turn or begins another role: the stream can be cancelled.
    """

    def __init__(self, *, echoes: Sequence[str] = ()) -> None:
        """Take the texts of the prompt's end, which small models like to repeat before they begin."""
        self.ended = False
        self.text = ""
        self._echoes = [echo.casefold() for echo in echoes if echo.strip()]
        self._raw = ""
        self._line = ""
        self._blank = ""
        self._judged = False
        self._thinking = False
        self._over = False

    def feed(self, piece: str) -> str:
        """Take what the model said and return what can be shown now."""
        return self._advance(piece, final=False)

    def flush(self) -> str:
        """Return what was held back, at the end of the stream."""
        return self._advance("", final=True)

    def _advance(self, piece: str, *, final: bool) -> str:
        if self.ended:
            return ""
        shown = len(self.text)
        self._raw += INVISIBLE.sub("", piece)
        for said in self._spoken(final=final):
            self._line += said
            self._release(final=False)
        self._release(final=final or self._over)
        self.ended = self.ended or self._over
        return self.text[shown:]

    def _spoken(self, *, final: bool) -> Iterator[str]:
        """Yield what was said aloud: no tokens, no thoughts, nothing after the end of the turn."""
        while found := TEMPLATE_TOKEN.search(self._raw):
            said, self._raw = self._raw[: found.start()], self._raw[found.end() :]
            if not self._thinking:
                yield said
            thought = _THOUGHT.fullmatch(found[0])
            # Before the first word a token is only a template's echo; after it, the turn is over.
            if not self._thinking and (self.text + self._line).strip():
                self._over, self._raw = True, ""
            elif thought:
                self._thinking = not thought[1]
        half = None if final else _HALF_TOKEN.search(self._raw)
        aloud = self._raw[: half.start()] if half else self._raw
        self._raw = self._raw[len(aloud) :]
        if not self._thinking:
            yield aloud

    def _release(self, *, final: bool) -> None:
        """Move judged lines from the held text to the shown one."""
        while self._line and not self.ended and (self._judged or self._judge(final=final)):
            line, newline, self._line = self._line.partition("\n")
            self._show(line + newline)
            self._judged = not newline

    def _judge(self, *, final: bool) -> bool:
        """Decide about the line that begins the held text; False where there is not enough of it yet."""
        if not self.text:
            self._line = self._line.lstrip()
        head, newline, rest = self._line.partition("\n")
        if not (newline or final or self._enough(head)):
            return False
        if self.text and _OTHER_ROLE.match(head):
            self.ended = True
            return False
        kept = self._line
        if _HEADING.match(head):
            kept = rest
        elif not self.text:
            kept = self._without_opening(kept)
        if kept != self._line:
            self._line = kept
            return bool(kept) and self._judge(final=final)
        self._judged = True
        return True

    def _enough(self, head: str) -> bool:
        if head.lstrip().startswith("#"):
            return False
        if self.text:
            return len(head) >= _BEGINNING
        start = head.lstrip().casefold()
        if any(echo.startswith(start) for echo in self._echoes):
            return False
        return len(head) >= (_LONG_BEGINNING if _SUSPECT.match(head) else _BEGINNING)

    def _without_opening(self, text: str) -> str:
        """Take one label, announcement or echo of the prompt off the beginning, if there is one."""
        for echo in self._echoes:
            if text[: len(echo)].casefold() == echo:
                return text[len(echo) :]
        found = next(filter(None, (opening.match(text) for opening in _OPENINGS)), None)
        return text[found.end() :] if found else text

    def _show(self, text: str) -> None:
        """Add text, with runs of blank lines made one and the blank at its end held back."""
        text = self._blank + text
        body = text.rstrip()
        if not body:
            self._blank = text
            return
        self._blank = text[len(body) :]
        start = body.lstrip()
        gap = body[: len(body) - len(start)]
        lines = gap.count("\n")
        if lines:
            gap = "\n" * min(lines, 2)
        self.text += (gap if self.text else "") + start


def finish(text: str, *, cut: bool) -> str:
    """Return a passage that ends at a sentence.

    `cut` tells that it was stopped in mid-speech: half a sentence at the end goes if a whole one is left.
    Paragraphs that only a line end divides get the blank line that sets prose apart.
    """
    text = _unwrapped(_RULE_AT_END.sub("", neutralise(text).rstrip()).strip())
    text = text if _BLANK_LINE.search(text) else text.replace("\n", "\n\n")
    if not cut or not text:
        return text
    for found in reversed(list(_END.finditer(text))):
        if not _ABBREVIATION.search(text, max(0, found.end() - _LONGEST_ABBREVIATION), found.end()):
            return _with_quotes_closed(text[: found.end()])
    return text.rstrip(",，、;；:：-— ") + "…"


def is_whole(text: str) -> bool:
    """Tell whether a text ends with a sentence, or with one that is broken off on purpose."""
    return bool(_WHOLE.search(text.rstrip()))


def _unwrapped(text: str) -> str:
    """Take quotation marks off that enclose the whole passage rather than one speech in it."""
    if len(text) < 2 or _WRAPPED.get(text[0]) != text[-1]:
        return text
    inner = text[1:-1]
    quotes = [at for at, char in enumerate(inner) if char in (text[0], text[-1])]
    nested = (
        bool(quotes) and inner[quotes[0]] == text[0] and (quotes[0] == 0 or not inner[quotes[0] - 1].strip())
    )
    return inner.strip() if nested or (not quotes and "\n" in inner) else text


def _with_quotes_closed(text: str) -> str:
    """Close speech that was open where the passage was cut."""
    paragraph = text.rpartition("\n\n")[2]
    closing = '"' if paragraph.count('"') % 2 else ""
    for opened, closed in _PAIRS.items():
        if paragraph.count(opened) > paragraph.count(closed):
            closing += closed
    return text + closing
