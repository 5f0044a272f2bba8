"""The precision that this machine trains in fastest."""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf

CPU_INFO = Path("/proc/cpuinfo")
INSTRUCTIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}
"""Instructions of a processor that compute in bfloat16, as Linux spells them and in words."""
LEAST_GAIN = 1.1
"""How many times as fast as float32 bfloat16 must be on a processor to be chosen."""
_ROUNDS = 5


def fastest_precision(
    capabilities: Sequence[tuple[int, int]] | None = None, cpu_info: str | None = None
) -> tuple[str, str]:
    """What `--precision auto` stands for here.

    On GPUs the compute capability decides: from 8 on they compute in bfloat16, those of 7 in
    float16. Processors with instructions for bfloat16 are measured, for about a second.

    Args:
        capabilities: Compute capability of each GPU, e.g. (8, 0); None for those of this machine.
        cpu_info: Content of `/proc/cpuinfo`; None for that of this machine.

    Returns:
        A value of `TrainConfig.precision`, and the reason in words.

    Example:
        >>> fastest_precision([(7, 5)])
        ('mixed_float16', 'a GPU of compute capability 7.5')
    """
    capabilities = gpu_capabilities() if capabilities is None else capabilities
    if capabilities:
        major, minor = min(capabilities)
        reason = f"a GPU of compute capability {major}.{minor}"
        names = {7: "mixed_float16"}
        return ("mixed_bfloat16" if major >= 8 else names.get(major, "float32")), reason
    found = instructions(cpu_info)
    if not found:
        return "float32", "a processor without instructions for bfloat16"
    gain = bfloat16_gain()
    reason = f"on this processor, with {found}, bfloat16 is {gain:.1f} times as fast as float32"
    return ("mixed_bfloat16" if gain >= LEAST_GAIN else "float32"), reason


def gpu_capabilities() -> list[tuple[int, int]]:
    """Compute capability of each GPU that TensorFlow sees; (0, 0) where it is not known."""
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return [details_of.get("compute_capability", (0, 0)) for details_of in details]


def instructions(cpu_info: str | None = None) -> str:
    """Instructions of the processor that compute in bfloat16, in words; empty if there are none.

    Args:
        cpu_info: Content of `/proc/cpuinfo`; None for that of this machine, where it has one.
    """
    if cpu_info is None:
        cpu_info = CPU_INFO.read_text() if CPU_INFO.is_file() else ""
    flags = set(cpu_info.split())
    return " and ".join(words for flag, words in INSTRUCTIONS.items() if flag in flags)


def bfloat16_gain() -> float:
    """How many times as fast as in float32 a convolution and its gradient are in bfloat16."""
    steps = {dtype: _step(dtype) for dtype in (tf.float32, tf.bfloat16)}
    seconds: dict[tf.DType, list[float]] = {dtype: [] for dtype in steps}
    for step in steps.values():
        step()  # traces it
    for _ in range(_ROUNDS):
        for dtype, step in steps.items():
            begin = time.perf_counter()
            step()
            seconds[dtype].append(time.perf_counter() - begin)
    single, half = (statistics.median(values) for values in seconds.values())
    return single / half


def _step(dtype: tf.DType) -> Callable[[], object]:
    """The second convolution of the autoencoders at a batch of 64, with its gradients."""
    images = tf.cast(tf.random.stateless_normal((64, 31, 31, 32), (0, 0)), dtype)
    kernel = tf.cast(tf.random.stateless_normal((4, 4, 32, 64), (0, 1)), dtype)

    @tf.function(jit_compile=False)
    def step(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((images, kernel))
            outputs = tf.nn.conv2d(images, kernel, 2, "VALID")
        gradients = tape.gradient(outputs, (images, kernel), outputs)
        return tf.add_n([tf.reduce_sum(tf.cast(x, tf.float32)) for x in gradients])

    return lambda: step(images, kernel).numpy()
