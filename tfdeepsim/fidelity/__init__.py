"""How close generated images come to real ones, in numbers: to each image, and to all of them.

The error to each image is lowest for blurry ones, as a mean of all that is possible is what it asks
for. So `measure` puts beside it how alike the distributions of features and of gradients are.
"""
