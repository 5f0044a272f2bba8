"""Adversarial training in PyTorch from the weights of a Keras model, as independent code."""

import torch
from torch.nn import functional


class Layers:
    """Layers that take their weights one after the other from a list in TensorFlow's layout; images
    are [B, C, H, W]."""

    def __init__(self, weights):
        self.weights = iter(weights)

    def convolution(self, x, stride=1, same=True):
        kernel = next(self.weights).permute(3, 2, 0, 1)
        if same:
            # If the stride divides the side, TensorFlow pads the odd row at the end.
            total = kernel.shape[2] - stride
            x = functional.pad(x, (total // 2, total - total // 2) * 2)
        return functional.conv2d(x, kernel, next(self.weights), stride=stride)

    def up(self, x):
        """Zeros between the values, each of which is in the lower right corner of its block."""
        bed = x.new_zeros((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
        bed[:, :, 1::2, 1::2] = x
        return self.convolution(bed)

    def dense(self, x):
        return x @ next(self.weights) + next(self.weights)


def leaky(x):
    return functional.leaky_relu(x, 0.3)


def encode(weights, x):
    """Table 2, the code as a map."""
    layers = Layers(weights)
    for stride in (2, 1, 2, 1, 2, 1, 1, 1):
        x = leaky(layers.convolution(x, stride))
    return x


def decode(weights, x):
    layers = Layers(weights)
    x = leaky(layers.convolution(leaky(layers.convolution(x))))
    for _ in range(2):
        x = leaky(layers.convolution(leaky(layers.up(x))))
    return layers.convolution(leaky(layers.up(x)))


def invert_vector(weights, x, side):
    """Table 5 from a vector [B, n], up to the middle `side` x `side` pixels of an image of 64."""
    layers = Layers(weights)
    for _ in range(3):
        x = leaky(layers.dense(x))
    return middle(draw(layers, x.reshape(len(x), 4, 4, -1).permute(0, 3, 1, 2), 3), side)


def invert_map(weights, x, side):
    """Table 5 from a map [B, h, w, c] whose sides are an eighth of the image's."""
    layers, x = Layers(weights), x.permute(0, 3, 1, 2)
    for _ in range(3):
        x = leaky(layers.convolution(x))
    return middle(draw(layers, x, 2), side)


def draw(layers, x, stages):
    for _ in range(stages):
        x = leaky(layers.convolution(leaky(layers.up(x))))
    return layers.up(x)


def middle(x, side):
    start = (x.shape[2] - side) // 2
    return x[:, :, start : start + side, start : start + side]


def discriminate(weights, x, features=None):
    """Table 1 without dropout: logits of "generated" and "real". Features pass two layers of their
    own."""
    layers = Layers(weights)
    for stride in (2, 1, 2, 1, 2):
        x = leaky(layers.convolution(x, stride, same=False))
    x = x.mean((2, 3))
    if features is not None:
        x = torch.cat([x, leaky(layers.dense(leaky(layers.dense(features.flatten(1)))))], 1)
    return layers.dense(leaky(layers.dense(x)))


def features(kernel, bias, x):
    """The first ReLU of torchvision's AlexNet."""
    mean, deviation = (
        torch.tensor(v)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    x = (x - mean) / deviation
    return functional.relu(
        functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, stride=4, padding=2)
    )


class Adam:
    """Kingma & Ba 2015, end of section 2, as Keras has it: ε is added before the moments are
    corrected."""

    def __init__(self, weights, rate, epsilon):
        self.weights, self.rate, self.epsilon = weights, rate, epsilon
        self.means = [torch.zeros_like(w) for w in weights]
        self.squares = [torch.zeros_like(w) for w in weights]
        self.step = 0

    def apply(self, gradients):
        self.step += 1
        rate = self.rate * (1 - 0.999**self.step) ** 0.5 / (1 - 0.9**self.step)
        with torch.no_grad():
            for w, g, m, v in zip(self.weights, gradients, self.means, self.squares, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g**2 - v)
                w -= rate * m / (v.sqrt() + self.epsilon)


def train(arrays, images, lambdas, steps, rate, epsilon, inverted=None):
    """Weights after some steps on one batch.

    Args:
        arrays: Weights of `encoder`, `decoder`, `discriminator` and `comparator`, NumPy; without an
            encoder the decoder inverts features.
        images: [B, H, W, C].
        lambdas: Of `image`, `feature` and `adversarial`.
        inverted: Those features, scaled: [B, n] or [B, h, w, c].
    """
    weights = {
        k: [torch.tensor(w, requires_grad=k != "comparator") for w in v] for k, v in arrays.items()
    }
    generator = [*weights.get("encoder", []), *weights["decoder"]]
    given = None if inverted is None else torch.tensor(inverted)
    ours, theirs = Adam(generator, rate, epsilon), Adam(weights["discriminator"], rate, epsilon)
    target = torch.tensor(images).permute(0, 3, 1, 2)
    chosen = torch.ones(len(images), dtype=torch.long)
    for _ in range(steps):
        if given is None:
            image = decode(weights["decoder"], encode(weights["encoder"], target))
        else:
            invert = invert_map if given.ndim == 4 else invert_vector
            image = invert(weights["decoder"], given, target.shape[2])
        of_generated = discriminate(weights["discriminator"], image, given)
        loss = lambdas["image"] * functional.mse_loss(image, target)
        pair = (features(*weights["comparator"], x) for x in (image, target))
        loss += lambdas["feature"] * functional.mse_loss(*pair)
        loss += lambdas["adversarial"] * functional.cross_entropy(of_generated, chosen)
        of_real = discriminate(weights["discriminator"], target, given)
        apart = discriminate(weights["discriminator"], image.detach(), given)
        contest = functional.cross_entropy(of_real, chosen) + functional.cross_entropy(
            apart, 0 * chosen
        )
        gradients = torch.autograd.grad(loss, generator)
        rivals = torch.autograd.grad(contest, weights["discriminator"])
        ours.apply(gradients)
        theirs.apply(rivals)
    return {name: [w.detach().numpy() for w in ws] for name, ws in weights.items()}
