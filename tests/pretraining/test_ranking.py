"""The ranking loss in closed form, its batches, and that VideoNet learns from videos."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from squares import open_squares

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining import make_objective
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.pretraining.ranking import MARGIN, RankingObjective, distances, hinges, ranking_loss

BATCH, STEPS = 4, 6


class Videos(Dataset):
    """Videos of noise, in which a pixel of each frame encodes the episode and another the step."""

    name, task, label, fingerprint = "videos", None, None, "videos"

    def __init__(self, rollouts=3, frames=4, side=64):
        self.image_shape = (side, side, 3)
        self._rollouts, self._frames = rollouts, frames
        self.splits = dict.fromkeys(("encoder_train", "encoder_validation"), rollouts * frames)

    def split(self, name, cache="auto"):
        generator = np.random.default_rng(len(name))
        order = generator.permutation(self._rollouts * self._frames)
        episode, step = (np.divmod(order, self._frames)[i].astype(np.int64) for i in (0, 1))
        images = generator.integers(0, 256, (len(order), *self.image_shape), np.uint8)
        images[:, 0, 0, 0], images[:, 0, 0, 1] = episode, step
        return Split(images, {"episode": episode, "step": step})


class ValidatedOnTraining(Splits):
    """The training frames as validation frames too, since tiny LLv2 has a single short rollout for
    validation and so no negatives."""

    def __getitem__(self, split):
        return super().__getitem__("encoder_train" if split == "encoder_validation" else split)


def config(**options):
    return TrainConfig(task="comparator", comparator="videonet", batch_size=BATCH, **options)


@pytest.fixture(scope="module")
def objective():
    return make_objective(config(steps=STEPS), Splits(Videos()))


def read(objective, first=0, last=STEPS, seed=1):
    return list(objective.training(BATCH, seed, range(first, last)).as_numpy_iterator())


def identical(some, others):
    return all(
        np.array_equal(a[name], b[name])
        for a, b in zip(some, others, strict=True)
        for name in a | b
    )


# The loss


@pytest.mark.parametrize(
    ("other", "distance"), [([3, 0], 0), ([0, 2], 1), ([-1, 0], 2), ([0, 0], 1)]
)
def test_distance(other, distance):
    apart = distances(tf.constant([[2.0, 0.0]]), tf.constant([other], tf.float32))
    np.testing.assert_allclose(apart, [[distance]], atol=1e-6)


@pytest.mark.parametrize(
    ("near", "negative", "loss"),
    [
        ([1, 0], [1, 0], MARGIN),  # nothing is told apart
        ([1, 0], [0, 1], 0),  # apart by more than the margin
        ([1, 0], [0.8, 0.6], 0.3),  # within it: 0 - 0.2 + 0.5
        ([0, 1], [1, 0], 1 + MARGIN),
        ([-1, 0], [1, 0], 2 + MARGIN),  # the worst
    ],
)
def test_loss_of_a_triplet(near, negative, loss):
    anchors, others = tf.constant([[1.0, 0.0]] * 2), tf.constant([near, negative], tf.float32)
    losses = ranking_loss(distances(anchors, others), tf.constant([[False, True], [False, False]]))
    np.testing.assert_allclose(losses, [loss, 0], atol=1e-6)


def test_loss_is_the_mean_over_the_chosen():
    apart = tf.constant([[0.2, 0.3, 0.5, 2.0], [1.0] * 4, [1.0] * 4, [1.0] * 4])
    chosen = tf.constant([[False, True, True, False]] + [[False] * 4] * 3)
    np.testing.assert_allclose(ranking_loss(apart, chosen)[0], (0.4 + 0.2) / 2, rtol=1e-6)


def test_gradient_at_zero_embeddings_is_finite():
    embeddings = tf.Variable(tf.zeros([3, 5]))
    with tf.GradientTape() as tape:
        loss = ranking_loss(
            distances(embeddings, tf.identity(embeddings)), ~tf.eye(3, dtype=tf.bool)
        )
    np.testing.assert_allclose(loss, [MARGIN] * 3)
    assert np.isfinite(tape.gradient(loss, embeddings)).all()


@pytest.mark.parity
def test_parity_with_pytorch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    anchor, near = np.random.default_rng(0).normal(size=(2, 6, 9)).astype(np.float32)
    a, n = (torch.tensor(x, requires_grad=True) for x in (anchor, near))
    cosine = torch.nn.functional.cosine_similarity(a[:, None], n[None], dim=-1)
    loss = (cosine - cosine.diagonal()[:, None] + MARGIN).clamp(min=0)
    loss.sum().backward()

    x, y = tf.Variable(anchor), tf.Variable(near)
    with tf.GradientTape() as tape:
        ours = hinges(distances(x, y))
        total = tf.reduce_sum(ours)
    np.testing.assert_allclose(ours, loss.detach().numpy(), atol=1e-6)
    for mine, theirs in zip(tape.gradient(total, [x, y]), (a.grad, n.grad), strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-5)


class Identity(keras.Model):
    """A network whose embedding of an image is the image."""

    def call(self, images, training=False):
        return images


def measured(objective, apart, training=True, **changes):
    """Measures of anchor 0 in a batch of six pairs of six rollouts, where `apart` are its distances
    to the near frames."""
    cosine = 1 - np.array(apart)
    near = np.stack([cosine, np.sqrt(1 - cosine**2)], 1)
    batch = {
        "image": np.tile([[1.0, 0.0]], (6, 1)),
        "near": near,
        "episode": np.arange(6),
        "step": np.zeros(6, int),
        "near_step": np.ones(6, int),
        "draw": np.tile([[0, 0]], (6, 1)),
        "hard": np.ones(6, bool),
    } | changes
    batch = {
        k: tf.constant(v, tf.float32 if np.asarray(v).dtype == float else None)
        for k, v in batch.items()
    }
    return {
        name: float(value[0])
        for name, value in objective.measures(Identity(), batch, training).items()
    }


APART = [0.3, 0.1, 0.2, 0.4, 0.5, 1.9]


def test_hard_negatives_are_those_of_highest_loss(objective):
    found = measured(objective, APART)
    assert found["loss"] == pytest.approx(np.mean([0.7, 0.6, 0.4, 0.3]), abs=1e-5)
    assert found["violations"] == 1


def test_validation_takes_all_negatives(objective):
    found = measured(objective, APART, training=False)
    assert found["loss"] == pytest.approx(np.mean([0.7, 0.6, 0.4, 0.3, 0]), abs=1e-5)
    assert found["violations"] == pytest.approx(0.8)


def test_random_negatives_depend_on_the_draw(objective):
    easy = np.zeros(6, bool)
    losses = [
        measured(objective, APART, hard=easy, draw=np.tile([[0, step]], (6, 1)))["loss"]
        for step in range(60)
    ]
    # Four of five negatives: five ways to choose them.
    ways = [(2.0 - left) / 4 for left in (0.7, 0.6, 0.4, 0.3, 0)]
    assert {round(loss, 4) for loss in losses} == {round(way, 4) for way in ways}
    assert measured(objective, APART, hard=easy)["loss"] == losses[0]


def test_near_frames_of_a_rollout_are_not_negatives(objective):
    assert measured(objective, APART, episode=np.zeros(6, int)) == {"loss": 0, "violations": 0}


# Batches


def test_batches_are_pairs_of_near_frames(objective):
    assert objective.examples == 3 * 3 * 2
    for batch in read(objective):
        assert batch["image"].dtype == batch["near"].dtype == np.float32
        assert batch["image"].shape == batch["near"].shape == (BATCH, 64, 64, 3)
        for image, step in (("image", "step"), ("near", "near_step")):
            np.testing.assert_allclose(batch[image][:, 0, 0, 0] * 255, batch["episode"], atol=1e-5)
            np.testing.assert_allclose(batch[image][:, 0, 0, 1] * 255, batch[step], atol=1e-5)
        assert (np.abs(batch["step"] - batch["near_step"]) == 1).all()


def test_negatives_are_hard_in_the_second_half(objective):
    assert [batch["hard"].tolist() for batch in read(objective)] == [[False] * 4] * 3 + [
        [True] * 4
    ] * 3


def test_epochs_tell_where_the_second_half_begins():
    objective = make_objective(config(epochs=4), Splits(Videos()))
    first = 2 * (objective.examples // BATCH)
    before, after = read(objective, first - 1, first + 1)
    assert (before["hard"].any(), after["hard"].all()) == (False, True)


def test_batches_are_a_function_of_seed_and_step(objective):
    assert identical(read(objective), read(objective))
    assert not identical(read(objective), read(objective, seed=2))


@pytest.mark.parametrize("step", range(1, STEPS))
def test_batches_can_be_resumed_at_any_step(objective, step):
    assert identical(read(objective, first=step), read(objective)[step:])


def test_no_tuning_thread_delays_the_end(objective):
    for data in (objective.training(BATCH, 0, range(2)), objective.validation(BATCH)):
        assert data.options().autotune.enabled is False


def test_validation_is_all_pairs_once(objective):
    seen = [
        key
        for batch in objective.validation(BATCH).as_numpy_iterator()
        for key in zip(batch["episode"], batch["step"], batch["near_step"], strict=True)
    ]
    assert len(seen) == len(set(seen)) == 18


def test_the_grid_shows_anchors_near_frames_and_negatives(objective):
    shown = objective.example_grid()
    assert (shown.shape, shown.dtype) == ((3, 8, 64, 64, 3), np.uint8)
    anchor, near, negative = shown[:, :, 0, 0, :2].astype(int)
    np.testing.assert_array_equal(anchor[:, 0], near[:, 0])
    assert (np.abs(anchor[:, 1] - near[:, 1]) == 1).all()
    assert (anchor[:, 0] != negative[:, 0]).all()


def test_the_grid_of_one_rollout():
    shown = RankingObjective(
        Splits(Videos(1, 8)), "videonet", 0, lambda steps: steps
    ).example_grid()
    anchor, _, negative = shown[:, :, 0, 0, 1].astype(int)
    assert set(np.abs(anchor - negative)) <= {1, 6, 7}


def test_attributes(objective):
    assert (objective.name, objective.last_saved_layer, objective.monitor) == (
        "ranking",
        "fc7",
        "val_loss",
    )
    assert not objective.saw_labels
    assert set(measured(objective, APART)) == set(objective.measure_names)


def test_learns_from_rollouts(tiny):
    splits = ValidatedOnTraining(open_dataset(*tiny))
    objective = make_objective(config(steps=100), splits)
    assert objective.examples == 3 * 2 * 2
    keras.utils.set_random_seed(0)
    model = Pretext(objective.network(), objective)
    model.compile(optimizer=keras.optimizers.Adam(1e-4), jit_compile=False)
    before = model.evaluate(objective.validation(BATCH), return_dict=True, verbose=0)
    history = model.fit(objective.training(12, 0, range(24)), verbose=0, shuffle=False).history
    after = model.evaluate(objective.validation(BATCH), return_dict=True, verbose=0)
    assert set(history) == set(objective.measure_names)
    assert after["loss"] < 0.6 * before["loss"]
    assert after["violations"] < before["violations"]


# Refused data


def test_images_alone_are_refused():
    with pytest.raises(
        InputError,
        match=r"needs frames of videos: got squares; "
        r"accepted: llv2 or llv2/SIZE; of images alone: exemplar_cnn",
    ):
        make_objective(config(), open_squares())


def test_one_short_rollout_is_refused():
    with pytest.raises(
        InputError, match="far from each other: got a split of one rollout of 6 frames"
    ):
        make_objective(config(), Splits(Videos(1, 6)))
    assert make_objective(config(), Splits(Videos(1, 7))).examples == 12


def test_small_images_are_refused():
    with pytest.raises(
        InputError, match="images must be large enough for VideoNet's pool5: got 16x16"
    ):
        make_objective(config(), Splits(Videos(side=16)))
