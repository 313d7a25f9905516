"""Check a message's poll."""

from typing import Final

from bot.playground.limits.form import Body, Form

MAX_QUESTION: Final = 300
MAX_ANSWERS: Final = 10
MAX_ANSWER: Final = 55
MAX_HOURS: Final = 768


def check_poll(form: Form, payload: Body) -> None:
    """Note what is wrong with the poll of a body."""
    poll = form.object(payload, "poll", "")
    if poll is None:
        return
    if question := form.object(poll, "question", "poll", required=True):
        form.text(question, "text", "poll.question", low=1, high=MAX_QUESTION, required=True)
    for at, answer in form.objects(poll, "answers", "poll", low=1, high=MAX_ANSWERS, required=True):
        if media := form.object(answer, "poll_media", at, required=True):
            form.text(media, "text", f"{at}.poll_media", low=1, high=MAX_ANSWER, required=True)
            form.object(media, "emoji", f"{at}.poll_media")
    form.number(poll, "duration", "poll", low=1, high=MAX_HOURS)
    form.flag(poll, "allow_multiselect", "poll")
    form.choice(poll, "layout_type", "poll", (1,))
