"""The one error that a user can cause, and that ends a command in one line."""


class InputError(ValueError):
    """Something a user gave cannot be used.

    Commands print it as one line and exit with code 2.

    Args:
        rule: What must hold, e.g. `"latent size must be positive"`.
        got: What was received.
        accepted: What would be accepted.
    """

    def __init__(self, rule: str, *, got: object, accepted: object):
        super().__init__(f"{rule}: got {got}; accepted: {accepted}".replace("\n", " "))
        self.rule = rule
        self.got = got
        self.accepted = accepted
