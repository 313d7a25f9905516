"""Carry commands, components and modals from people to applications, and the answers back."""
