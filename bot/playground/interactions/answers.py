"""Write what an application answers to an interaction: messages, edits, modals and choices."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.playground.channels import messages, numbering
from bot.playground.interactions.book import COMMAND, COMPONENT, Interaction, InteractionBook
from bot.playground.world.state import Payload, Upload
from bot.playground.world.world import World

MESSAGE: Final = 4
DEFERRED_MESSAGE: Final = 5
DEFERRED_UPDATE: Final = 6
UPDATE: Final = 7
CHOICES: Final = 8
SHOW_MODAL: Final = 9

_CHAT_INPUT_ANSWER: Final = 20
_CONTEXT_MENU_ANSWER: Final = 23


class Answers:
    """Carry out callbacks and follow-ups whose bodies have been checked."""

    def __init__(self, world: World, book: InteractionBook) -> None:
        self._world = world
        self._book = book

    def first(
        self, interaction: Interaction, kind: int, data: Payload, files: Sequence[Upload]
    ) -> Payload | None:
        """Carry out the first answer; gives the message that it wrote or changed, if any."""
        self._book.settle(interaction, kind)
        if kind == CHOICES:
            choices = data.get("choices") or []
            self._book.tell(interaction, "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", choices=choices)
            return None
        if kind == SHOW_MODAL:
            self._show_modal(interaction, data)
            message = None
        elif kind in (MESSAGE, DEFERRED_MESSAGE):
            message = self._respond(interaction, kind, data, files)
        else:
            message = self._change_source(interaction, kind, data, files)
        self._book.tell(interaction, "INTERACTION_SUCCESS")
        return message

    def _respond(
        self, interaction: Interaction, kind: int, data: Payload, files: Sequence[Upload]
    ) -> Payload:
        if kind == DEFERRED_MESSAGE:
            flags = int(data.get("flags") or 0) & messages.EPHEMERAL | messages.LOADING
            message = self._write(interaction, {"flags": flags}, ())
        else:
            message = self._write(interaction, _complete(data), files)
        interaction.original = int(message["id"])
        return message

    def follow_up(self, interaction: Interaction, data: Payload, files: Sequence[Upload]) -> Payload:
        """Write a follow-up; the first one after a deferral fills the deferred message in, as on Discord."""
        original = self.find(interaction, interaction.original)
        if original is not None and original["flags"] & messages.LOADING:
            return messages.edit(self._world, interaction.channel_id, original, data, files=files)
        return self._write(interaction, _complete(data), files)

    def _write(self, interaction: Interaction, data: Payload, files: Sequence[Upload]) -> Payload:
        """Write a message in answer; with flag 64 only the person sees it."""
        ephemeral = int(data.get("flags") or 0) & messages.EPHEMERAL
        return self._world.create_message(
            interaction.channel_id,
            interaction.application_id,
            data,
            files=files,
            interaction=self._marks(interaction),
            ephemeral_for=interaction.user_id if ephemeral else None,
        )

    def find(self, interaction: Interaction, message_id: int | None) -> Payload | None:
        """Find a message that the application itself wrote in the interaction's channel."""
        message = self._world.find_message(interaction.channel_id, message_id or 0)
        if message is None or message["author"]["id"] != str(interaction.application_id):
            return None
        return message

    def _change_source(
        self, interaction: Interaction, kind: int, data: Payload, files: Sequence[Upload]
    ) -> Payload | None:
        interaction.original = interaction.source
        message = self.find(interaction, interaction.source)
        if message is None or kind == DEFERRED_UPDATE:
            return message
        return messages.edit(self._world, interaction.channel_id, message, data, files=files)

    def _show_modal(self, interaction: Interaction, data: Payload) -> None:
        modal = {
            "custom_id": data["custom_id"],
            "title": data["title"],
            "components": numbering.number(data["components"]),
        }
        interaction.modal = modal
        interaction.metadata = self._metadata(interaction)
        application = self._world.applications[interaction.application_id]
        named: Payload = {
            "id": str(application.id),
            "name": application.name,
            "icon": None,
            "description": "",
        }
        named["bot"] = self._world.users[application.id]
        where = str(interaction.channel_id)
        self._book.tell(interaction, "INTERACTION_MODAL_CREATE", application=named, channel_id=where, **modal)

    def _metadata(self, interaction: Interaction) -> Payload:
        guild_id = self._world.guild_of(interaction.channel_id)
        metadata: Payload = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": self._world.users[interaction.user_id],
            "authorizing_integration_owners": {"0": "0" if guild_id is None else str(guild_id)},
        }
        if interaction.kind == COMMAND:
            metadata |= _command_marks(interaction.data)
        if interaction.kind == COMPONENT:
            metadata["interacted_message_id"] = str(interaction.source)
        if interaction.metadata is not None:
            metadata["triggering_interaction_metadata"] = interaction.metadata
        if interaction.original is not None:
            metadata["original_response_message_id"] = str(interaction.original)
        return metadata

    def _marks(self, interaction: Interaction) -> Payload:
        """Give the fields by which an answer shows what it answers."""
        marks: Payload = {
            "application_id": str(interaction.application_id),
            "webhook_id": str(interaction.application_id),
            "interaction_metadata": self._metadata(interaction),
        }
        if interaction.kind == COMMAND:
            marks["interaction"] = {
                "id": str(interaction.id),
                "type": COMMAND,
                "name": command_path(interaction.data),
                "user": self._world.users[interaction.user_id],
            }
        if interaction.original is None and interaction.kind == COMMAND:
            menu = interaction.data["type"] != 1
            return marks | {"type": _CONTEXT_MENU_ANSWER if menu else _CHAT_INPUT_ANSWER}
        return marks | self._reply_to(interaction, interaction.original or interaction.source)

    def _reply_to(self, interaction: Interaction, message_id: int | None) -> Payload:
        if message_id is None:
            return {}
        reference = {"type": 0, "channel_id": str(interaction.channel_id), "message_id": str(message_id)}
        guild_id = self._world.guild_of(interaction.channel_id)
        if guild_id is not None:
            reference["guild_id"] = str(guild_id)
        return {"type": messages.REPLY, "message_reference": reference}


def _complete(data: Payload) -> Payload:
    """Return a body that cannot say of itself that its message is still to come."""
    return data | {"flags": int(data.get("flags") or 0) & ~messages.LOADING}


def command_path(data: Mapping[str, Any]) -> str:
    """Give a command's name with its subcommands, as clients show it: "story start"."""
    names = [data["name"]]
    options = data.get("options") or []
    while options and options[0]["type"] in (1, 2):
        names.append(options[0]["name"])
        options = options[0]["options"]
    return " ".join(names)


def _command_marks(data: Payload) -> Payload:
    marks: Payload = {"name": command_path(data), "command_type": data["type"]}
    if data["type"] == 2:
        marks["target_user"] = data["resolved"]["users"][data["target_id"]]
    if data["type"] == 3:
        marks["target_message_id"] = data["target_id"]
    return marks
