"""Memory of GPUs: how much there is, and how much was used."""

import dataclasses

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.client import pywrap_tf_session as session
from tensorflow.python.eager import context


@dataclasses.dataclass(frozen=True)
class DeviceMemory:
    """Memory of a device.

    Attributes:
        device: Its name, for example `GPU:0`.
        peak: Most bytes that were in use so far.
        total: Bytes that TensorFlow may use.
    """

    device: str
    peak: int
    total: int

    def __str__(self) -> str:
        return f"{self.peak / 2**30:.1f} of {self.total / 2**30:.1f} GiB on {self.device}"


def gpu_memory(kind: str = "GPU") -> list[DeviceMemory]:
    """Memory of each GPU of this process; empty without one.

    Args:
        kind: Kind of the devices. What TensorFlow says of CPUs has no meaning.
    """
    totals = _totals()
    found = []
    for device in tf.config.list_logical_devices(kind):
        # Among several workers the name begins with the worker.
        total = next(size for name, size in totals.items() if name.endswith(device.name))
        peak = tf.config.experimental.get_memory_info(device.name)["peak"]
        found.append(DeviceMemory(device.name.rpartition("/device:")[2], peak, total))
    return found


def smallest_gpu(kind: str = "GPU") -> int | None:
    """Bytes of the GPU of this process that has the fewest; None without one."""
    return min((memory.total for memory in gpu_memory(kind)), default=None)


def _totals() -> dict[str, int]:
    """Bytes of each device by its full name, which TensorFlow has no public function for."""
    context.ensure_initialized()
    devices = pywrap_tfe.TFE_ContextListDevices(context.context()._handle)
    numbers = range(session.TF_DeviceListCount(devices))
    totals = {
        session.TF_DeviceListName(devices, number): session.TF_DeviceListMemoryBytes(
            devices, number
        )
        for number in numbers
    }
    pywrap_tfe.TF_DeleteDeviceList(devices)
    return totals
