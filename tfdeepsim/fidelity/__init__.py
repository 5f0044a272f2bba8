"""How close generated images are to real ones: image by image, and as distributions.

The error to each image is lowest for blurry images, since the mean of all possible images minimises
it. Therefore `measure` also compares the distributions of features and of gradients.
"""
