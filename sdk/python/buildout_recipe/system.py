"""The machine and the user account, as the part's commands see them."""

from __future__ import annotations

from typing import TypeAlias

from wit_world.imports import system as _wit

Machine: TypeAlias = _wit.Machine
Account: TypeAlias = _wit.Account


def machine() -> Machine:
    """The properties of the machine."""
    return _wit.describe_machine()


def account() -> Account:
    """The account under which commands run. Other accounts are not visible."""
    return _wit.describe_account()
