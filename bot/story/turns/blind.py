"""Show no more of a secret passage than its next writer needs: how it ends."""

import re

LINE = 160  # characters that count as one line where a passage has no line breaks
_ENDS = re.compile(r"(?<=[.!?…。！？])[\"'”’」』）)]*\s*")


def last_lines(text: str) -> str:
    """Return the last line of a passage; of a line longer than `LINE`, the last sentences or words that fit."""
    last = text.strip().splitlines()[-1].strip()
    if len(last) <= LINE:
        return last
    starts = [match.end() for match in _ENDS.finditer(last) if match.end() < len(last)]
    fitting = [start for start in starts if len(last) - start <= LINE]
    return last[fitting[0] :] if fitting else f"…{last[-LINE:]}"
