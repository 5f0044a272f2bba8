"""Registers all layers, models, optimizers, losses and metrics of this package with Keras.

Keras finds a registered class only after the module that defines it has been imported, so import
this module before loading a `.keras` file of any network of this package. No `custom_objects` are
needed then.

Example:
    >>> import keras, tfdeepsim.saving
    >>> model = keras.saving.load_model("model.keras")
"""

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.discriminator_features import DiscriminatorFeatures
from tfdeepsim.comparators.keras_applications.keras_application import KerasApplication
from tfdeepsim.comparators.model_comparator import ModelComparator
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.gate import Gate, GatedAdam
from tfdeepsim.gradient_shares import GradientShares
from tfdeepsim.image_metrics.frechet_distance import FID
from tfdeepsim.image_metrics.kernel_distance import KID
from tfdeepsim.image_metrics.normalized_error import NormalizedError
from tfdeepsim.image_metrics.signal_to_noise import PSNR
from tfdeepsim.image_metrics.structural_similarity import SSIM
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.normalization import BatchNormalization
from tfdeepsim.networks.pihlgren import Decoder, Encoder
from tfdeepsim.networks.upconv_generator import UpConvGenerator
from tfdeepsim.networks.upconvolution import UpConvolution
from tfdeepsim.perceptual.lpips import LPIPS
from tfdeepsim.perceptual.perceptual_loss import PerceptualLoss
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.pretraining.trainable_chain import TrainableChain

__all__ = [
    "FID",
    "KID",
    "LPIPS",
    "PSNR",
    "SSIM",
    "AlexNetEncoder",
    "Autoencoder",
    "BatchNormalization",
    "ChainComparator",
    "Decoder",
    "DeePSiM",
    "Discriminator",
    "DiscriminatorFeatures",
    "Encoder",
    "Gate",
    "GatedAdam",
    "GradientShares",
    "InversionGenerator",
    "KerasApplication",
    "MapDecoder",
    "MapEncoder",
    "ModelComparator",
    "NormalizedError",
    "PerceptualLoss",
    "Pretext",
    "TrainableChain",
    "UpConvGenerator",
    "UpConvolution",
]
