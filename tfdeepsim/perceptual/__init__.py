"""Losses of images for any Keras model: each is a `keras.losses.Loss` and a `keras.Metric`."""
