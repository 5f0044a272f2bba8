"""The error for bad input, which ends a command with one line."""


class InputError(ValueError):
    """Something that the user gave cannot be used.

    Commands print the message in one line and exit with code 2.

    Args:
        rule: What must hold, e.g. `"latent size must be positive"`.
        got: The value that was received.
        accepted: Values that would be accepted.

    Example:
        >>> raise tds.InputError("latent size must be positive", got=-3, accepted="1 or more")
        Traceback (most recent call last):
        tfdeepsim.errors.InputError: latent size must be positive: got -3; accepted: 1 or more
    """

    def __init__(self, rule: str, *, got: object, accepted: object):
        super().__init__(f"{rule}: got {got}; accepted: {accepted}".replace("\n", " "))
        self.rule = rule
        self.got = got
        self.accepted = accepted
