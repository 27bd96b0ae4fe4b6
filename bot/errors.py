"""The tree of failures.

NightshiftError
└── UserFacing      its docstring is the sentence the person reads
    ├── NotAllowed
    ├── NothingAsked
    ├── Outsider
    └── TooLong

Whatever else is raised is ours to mend: the door tells the person so, and by which id we find it.
"""


class NightshiftError(Exception):
    """Anything that goes wrong in a way we have a name for."""


class UserFacing(NightshiftError):
    """Something you can change; the sentence says what."""

    def __str__(self) -> str:
        return self.args[0] if self.args else (self.__doc__ or "")


class Outsider(UserFacing):
    """Only people of this organisation are answered here; whoever runs Nightshift can let others ask in a channel."""


class NothingAsked(UserFacing):
    """The message is empty. Type a question, such as "why is checkout slow" for example."""


class TooLong(UserFacing):
    """The message is too long. Send the part that matters; a log can be searched by its error line."""


class NotAllowed(UserFacing):
    """Questions are answered for some groups only in this channel, and you are in none of them."""
