"""Enforce Discord's limits, those too that its OpenAPI description leaves out."""

from bot.playground.limits.commands import check_commands
from bot.playground.limits.messages import check_files, check_message
from bot.playground.limits.modals import check_modal

__all__ = ["check_commands", "check_files", "check_message", "check_modal"]
