"""Find where a passage stops telling and sums up: morals, happy endings, lessons learned, whole years in a sentence.

A story that people go on with is not over, so such sentences take the next turn away from them.
"""

import re

_SENTENCE = re.compile(r"[^.!?。！？…\n]+(?:[.!?。！？…]+[\"'”’」』）)]*\s*|\n+|\Z)|[.!?。！？…\n]+")

# Said at the beginning of a passage's last sentences.
_ENGLISH = (
    r"(?:in the end|ultimately|all in all)(?=,| (?:they|he|she|it|we|i|all|everyone|everything|the)\b)",
    r"(?:in conclusion|to (?:sum up|conclude)|at the end of (?:the day|it all))\b",
    r"(?:so|thus),? (?:ended|(?:the|their|his|her|our) (?:story|tale|journey|legend|adventure|mystery)"
    r"|began (?:a new|the))\b",
    r"(?:so|thus),? (?:they|he|she|we) (?:all )?(?:lived|learned|learnt|realized|realised|found peace)\b",
    r"(?:from|after|since) (?:that|this) (?:day|night|moment|time)(?: on(?:wards?)?| forward)?,? (?=[^.\n]*"
    r"\b(?:never|always|ever|forever|would|knew|remembered|lived|was known)\b)",
    r"(?:they|everyone|we|he|she) (?:all )?lived (?:happily|in peace|together)\b",
    r"(?:as the (?:years|days|months|seasons|weeks) (?:passed|went|turned|rolled)|years (?:later|passed|went by)"
    r"|the years (?:passed|went by))\b",
    r"(?:it|this|that|the (?:experience|adventure|journey|encounter|memory)) (?:was|had been|became|served as|would be"
    r"|serves as) an? (?:reminder|lesson|testament|symbol|story of|tale of|journey|moment (?:that|they))\b",
    r"(?:they|he|she|everyone|we|i) (?:all )?(?:had )?(?:learned|learnt|realized|realised|understood|knew)"
    r" (?:that|then that|the|what) [^.\n]{0,80}\b(?:true (?:meaning|power|strength|friend)|power of"
    r"|importance of|value of|meaning of|friendship|kindness|lesson|truly matter(?:s|ed)|each other"
    r"|anything (?:was|is) possible|love is|hope is)\b",
    r"(?:with|by) (?:that|this|each other)[^.\n]{0,60}\b(?:journey|adventure|chapter|new (?:beginning|life|world))\b",
    r"(?:the )?moral of\b",
    r"(?:their|his|her|our) (?:journey|adventure|tale|quest|story) (?:had|was|would|is|has)\b[^.\n]{0,60}"
    r"\b(?:just begun|only beginning|just beginning|over|ended|complete|forever|an end)\b",
    r"(?:nothing|life|things|the (?:town|village|world|kingdom))[^.\n]{0,30} (?:would|was|were) (?:never|ever)"
    r"[^.\n]{0,20}\bthe same\b",
    r"the end\b[.!\s]*\Z",
)
_CHINESE = (
    r"(?:总之|总而言之|综上所述|最终)[，,]",
    r"最后[，,](?=[^。]*(?:都|终于|明白|过上|幸福))",
    r"从此(?:以后|之后)?(?:[，,]|(?=[他她我大人再]))|从那(?:以|之|天)(?:后|起)[^。]{0,4}[，,]",
    r"就这样[，,]",
    r"(?:很?多|许多)年(?:以|之)?后[，,]",
    r"这(?:个|段|一?次)?(?:故事|经历|旅程|冒险|相遇|一切)[^。\n]{0,14}(?:告诉|让|使|教会|成为|成了|证明|提醒|才刚刚|就此|永远)",
    r"(?:他|她|他们|她们|大家|我们|人们)[^。\n]{0,8}(?:明白|懂得|领悟|意识到)了?[^。\n]{0,24}"
    r"(?:真正的|道理|意义|真谛|力量|珍贵|可贵|友谊|勇气)",
    r"(?:他|她|他们|她们|大家|我们|故事|一切)[^。\n]{0,10}(?:幸福|快乐)[^。\n]{0,4}生活",
    r"(?:他们|她们|我们|他|她)的(?:故事|冒险|旅程|人生)[^。\n]{0,16}(?:才刚刚|开始|结束|落幕|继续下去|流传)",
    r"故事(?:到此|就此|至此)|(?:全书|全文|故事)完|未完待续|（完）",
)
_OPENERS = re.compile(
    rf"[\s*_]*(?:(?:and |but |then )?(?:{'|'.join(_ENGLISH)})|{'|'.join(_CHINESE)})", re.IGNORECASE
)
# Whole stretches of time, of which a passage that tells may have one.
_LEAPS = re.compile(
    r"\b(?:(?:over|in|during|throughout) the (?:next|following|coming|course of) (?:few |several |many )?"
    r"(?:days|weeks|months|years)|(?:days|weeks|months|years) (?:turned|passed|went by|later|flew by|rolled)"
    r"|as (?:time|the (?:days|weeks|months|years)) (?:passed|went (?:on|by))|time (?:passed|went (?:on|by))"
    r"|eventually|before long|one by one, they)\b"
    r"|(?:几|数|许多|很多|多)(?:天|日|周|个?月|年)(?:过去|之?后|以后)|日子一天天|时光飞逝|光阴似箭|岁月如梭"
    r"|随着时间的推移|久而久之|经过(?:几|数|多)",
    re.IGNORECASE,
)
_MOST_LEAPS = 2
_LAST = 3  # sentences at the end that are looked at
_ENDS = re.compile(
    r"\b(?:end|ending|finale|finish|conclude|conclusion|epilogue|wrap (?:it )?up|sum(?:marize|marise| up)|moral|later"
    r"|skip|years?|months?|weeks?)\b|结局|结尾|结束|收尾|尾声|大结局|完结|总结|寓意|多年|以后|之后|跳过|年后|月后",
    re.IGNORECASE,
)


def closing_of(text: str) -> int | None:
    """Return where a passage begins to sum up, among its last sentences; None where it tells to its end."""
    sentences = [found for found in _SENTENCE.finditer(text) if found[0].strip(' \n"”’」』.。!！')]
    return next((found.start() for found in sentences[-_LAST:] if _OPENERS.match(found[0])), None)


def is_summary(text: str) -> bool:
    """Tell whether a passage runs through time rather than telling a scene."""
    return len(_LEAPS.findall(text)) >= _MOST_LEAPS


def may_end(direction: str | None) -> bool:
    """Tell whether a direction asks for an ending, or for a leap in time."""
    return bool(direction and _ENDS.search(direction))
