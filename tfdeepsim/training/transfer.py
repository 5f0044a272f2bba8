"""Batches on the way to a GPU."""

import tensorflow as tf

BUFFERED = 2
"""Number of batches on a GPU that wait for their step."""


def gpu_of(strategy: tf.distribute.Strategy) -> str | None:
    """Name of the GPU of a strategy without distribution; None for others, and without a GPU.

    Strategies of several devices fetch their batches to the devices themselves.
    """
    gpus = tf.config.list_logical_devices("GPU")
    return gpus[0].name if gpus and strategy is tf.distribute.get_strategy() else None


def prefetched(data: tf.data.Dataset, device: str | None) -> tf.data.Dataset:
    """Batches that are copied to a device while the step before is computed.

    TensorFlow does not know the number of the batches any more: `fit` needs `steps_per_epoch`.

    Args:
        data: Batches.
        device: Name of the device; None to leave the batches where they are.
    """
    if device is None:
        return data
    copied = data.apply(tf.data.experimental.prefetch_to_device(device, BUFFERED))
    # Keeps the images alive as long as the dataset is in use.
    copied.data = data
    return copied
