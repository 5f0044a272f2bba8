"""What is recorded of one instant of LunarLander."""

import numpy as np

ENVIRONMENT = "LunarLander-v3"

SIDE = 64
"""Height and width of a frame in pixels."""

FRAME = np.dtype(
    [
        ("image", np.uint8, (SIDE, SIDE, 3)),
        ("state", np.float32, 8),
        ("step", np.int64),
        ("terminated", np.bool_),
    ]
)
