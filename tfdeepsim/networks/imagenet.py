"""The scaling of pixels that networks trained on ImageNet expect."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of each channel (RGB) of ImageNet, for pixels in [0, 1]."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of each channel (RGB) of ImageNet, for pixels in [0, 1]."""
