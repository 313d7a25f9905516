"""Refuse a request in Discord's way: a status, a code, a message and, for bad forms, a tree of errors."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """Name Discord's error codes that the playground answers with."""

    GENERAL = 0
    UNKNOWN_APPLICATION = 10002
    UNKNOWN_CHANNEL = 10003
    UNKNOWN_GUILD = 10004
    UNKNOWN_MEMBER = 10007
    UNKNOWN_MESSAGE = 10008
    UNKNOWN_OVERWRITE = 10009
    UNKNOWN_ROLE = 10011
    UNKNOWN_USER = 10013
    UNKNOWN_EMOJI = 10014
    UNKNOWN_WEBHOOK = 10015
    UNKNOWN_BAN = 10026
    UNKNOWN_INTERACTION = 10062
    UNKNOWN_COMMAND = 10063
    UNKNOWN_SCHEDULED_EVENT = 10070
    BOTS_ONLY = 20002
    SLOWMODE = 20016
    MAXIMUM_PINS = 30003
    MAXIMUM_WEBHOOKS = 30007
    MAXIMUM_REACTIONS = 30010
    MAXIMUM_CHANNELS = 30013
    MAXIMUM_COMMANDS = 30032
    MAXIMUM_OLD_EDITS = 30046
    UNAUTHORIZED = 40001
    FILE_TOO_LARGE = 40005
    INTERACTION_ACKNOWLEDGED = 40060
    MISSING_ACCESS = 50001
    CANNOT_IN_DM = 50003
    NOT_THE_AUTHOR = 50005
    EMPTY_MESSAGE = 50006
    CANNOT_DM = 50007
    MISSING_PERMISSIONS = 50013
    INVALID_BULK_DELETE_COUNT = 50016
    CANNOT_PIN = 50019
    SYSTEM_MESSAGE = 50021
    INVALID_CHANNEL_TYPE = 50024
    INVALID_WEBHOOK_TOKEN = 50027
    MESSAGE_TOO_OLD = 50034
    INVALID_FORM = 50035
    THREAD_ARCHIVED = 50083
    BODY_INVALID = 50109
    REACTION_BLOCKED = 90001
    THREAD_EXISTS = 160004
    AUTOMOD_BLOCKED = 200000
    POLL_VOTING_BLOCKED = 520000
    POLL_EXPIRED = 520001
    NOT_A_POLL = 520003
    CANNOT_EXPIRE_POLL = 520006


_KNOWN: Mapping[Code, tuple[int, str]] = {
    Code.UNKNOWN_APPLICATION: (404, "Unknown Application"),
    Code.UNKNOWN_CHANNEL: (404, "Unknown Channel"),
    Code.UNKNOWN_GUILD: (404, "Unknown Guild"),
    Code.UNKNOWN_MEMBER: (404, "Unknown Member"),
    Code.UNKNOWN_MESSAGE: (404, "Unknown Message"),
    Code.UNKNOWN_OVERWRITE: (404, "Unknown Overwrite"),
    Code.UNKNOWN_ROLE: (404, "Unknown Role"),
    Code.UNKNOWN_USER: (404, "Unknown User"),
    Code.UNKNOWN_EMOJI: (400, "Unknown Emoji"),
    Code.UNKNOWN_WEBHOOK: (404, "Unknown Webhook"),
    Code.UNKNOWN_BAN: (404, "Unknown Ban"),
    Code.UNKNOWN_INTERACTION: (404, "Unknown interaction"),
    Code.UNKNOWN_COMMAND: (404, "Unknown application command"),
    Code.UNKNOWN_SCHEDULED_EVENT: (404, "Unknown Guild Scheduled Event"),
    Code.BOTS_ONLY: (403, "Only bots can use this endpoint"),
    Code.MAXIMUM_PINS: (400, "Maximum number of pins reached (250)"),
    Code.MAXIMUM_REACTIONS: (400, "Maximum number of reactions reached (20)"),
    Code.MAXIMUM_WEBHOOKS: (400, "Maximum number of webhooks reached (15)"),
    Code.MAXIMUM_CHANNELS: (400, "Maximum number of guild channels reached (500)"),
    Code.MAXIMUM_COMMANDS: (400, "Maximum number of application commands reached"),
    Code.UNAUTHORIZED: (403, "Unauthorized"),
    Code.FILE_TOO_LARGE: (413, "Request entity too large"),
    Code.INTERACTION_ACKNOWLEDGED: (400, "Interaction has already been acknowledged."),
    Code.MISSING_ACCESS: (403, "Missing Access"),
    Code.INVALID_CHANNEL_TYPE: (400, "Cannot execute action on this channel type"),
    Code.CANNOT_IN_DM: (403, "Cannot execute action on a DM channel"),
    Code.NOT_THE_AUTHOR: (403, "Cannot edit a message authored by another user"),
    Code.EMPTY_MESSAGE: (400, "Cannot send an empty message"),
    Code.CANNOT_DM: (403, "Cannot send messages to this user"),
    Code.MISSING_PERMISSIONS: (403, "Missing Permissions"),
    Code.INVALID_BULK_DELETE_COUNT: (
        400,
        "Provided too few or too many messages to delete. "
        "Must provide at least 2 and fewer than 100 messages to delete",
    ),
    Code.CANNOT_PIN: (403, "A message can only be pinned in the channel in which it was sent"),
    Code.SYSTEM_MESSAGE: (403, "Cannot execute action on a system message"),
    Code.INVALID_WEBHOOK_TOKEN: (401, "Invalid Webhook Token"),
    Code.MESSAGE_TOO_OLD: (400, "A message provided was too old to bulk delete"),
    Code.THREAD_ARCHIVED: (400, "Thread is archived"),
    Code.BODY_INVALID: (400, "The request body contains invalid JSON."),
    Code.REACTION_BLOCKED: (403, "Reaction was blocked"),
    Code.THREAD_EXISTS: (400, "A thread has already been created for this message"),
    Code.AUTOMOD_BLOCKED: (400, "Message was blocked by automatic moderation"),
    Code.POLL_VOTING_BLOCKED: (403, "Poll voting blocked"),
    Code.POLL_EXPIRED: (400, "Poll expired"),
    Code.NOT_A_POLL: (400, "Cannot expire a message that is not a poll"),
    Code.CANNOT_EXPIRE_POLL: (403, "You do not have permission to expire this poll"),
}


class ApiError(Exception):
    """Carry a refusal to the client; `extra` joins the JSON body, as `retry_after` does."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: Mapping[str, Any] | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON that Discord would answer."""
        body: dict[str, Any] = {"message": self.message, "code": int(self.code), **self.extra}
        if self.errors:
            body["errors"] = self.errors
        return body


def known(code: Code) -> ApiError:
    """Return the error with the status and message that Discord gives this code."""
    status, message = _KNOWN[code]
    return ApiError(status, code, message)


def invalid_form(errors: Mapping[str, Any]) -> ApiError:
    """Return 50035 with its nested tree of errors, whose leaves are `{"_errors": [{"code", "message"}]}`."""
    return ApiError(400, Code.INVALID_FORM, "Invalid Form Body", errors)


def invalid_field(path: str, code: str, message: str) -> ApiError:
    """Return 50035 with one error at a dotted path."""
    tree: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path.split(".")):
        tree = {key: tree}
    return invalid_form(tree)
