"""Three steps on one device and on two; prints both losses, the largest difference between their
weights, and whether the two devices draw the same noise."""

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.pipeline import training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model, make_strategy

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3), np.uint8)


def train(strategy_name):
    config = TrainConfig(latent_dim=4, batch_size=4, strategy=strategy_name)
    strategy = make_strategy(config)
    model = build_model(AutoencoderTask(config), strategy)
    with strategy.scope():
        # In place of Adam, which turns the rounding of a small gradient into a whole step.
        model.compile(optimizer=keras.optimizers.SGD(0.1))
    data = training_batches(Split(IMAGES, {}), batch_size=4, seed=0, steps=range(3))
    history = model.fit(data, steps_per_epoch=3, verbose=0, shuffle=False).history
    return history["loss"][0], model.generator, strategy


one, single, _ = train("single")
two, mirrored, strategy = train("mirrored")
assert strategy.num_replicas_in_sync == 2
pairs = zip(single.get_weights(), mirrored.get_weights(), strict=True)
difference = max(np.abs(a - b).max() for a, b in pairs)
noise = strategy.run(lambda: mirrored.sample(tf.zeros((2, 4)), tf.zeros((2, 4))))
a, b = strategy.experimental_local_results(noise)
print(one, two, difference, bool(np.allclose(a, b)))
