"""The one exception a user is meant to read."""


class InputError(ValueError):
    """Something given by the user cannot be used; the message says what, what is allowed and what to do."""
