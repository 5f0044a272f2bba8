"""Train image encoders and generators under perceptual losses, and learn which loss embeds
better.

Example:
    >>> import tfdeepsim as tds
    >>> model.compile("adam", loss=tds.PerceptualLoss("random_alexnet:relu2"))
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

# What a user imports. A name's module, and TensorFlow with it, is loaded when the name is first
# used.
_MODULES = {
    "AlexNetEncoder": "tfdeepsim.networks.alexnet_encoder",
    "Autoencoder": "tfdeepsim.networks.autoencoder",
    "Comparator": "tfdeepsim.comparators.comparator",
    "Decoder": "tfdeepsim.networks.pihlgren",
    "DeePSiM": "tfdeepsim.deepsim",
    "Discriminator": "tfdeepsim.networks.discriminator",
    "Encoder": "tfdeepsim.networks.pihlgren",
    "FID": "tfdeepsim.image_metrics.frechet_distance",
    "InputError": "tfdeepsim.errors",
    "InversionGenerator": "tfdeepsim.networks.inversion_generator",
    "KID": "tfdeepsim.image_metrics.kernel_distance",
    "LPIPS": "tfdeepsim.perceptual.lpips",
    "LoadedEncoder": "tfdeepsim.loaded_encoder",
    "MapDecoder": "tfdeepsim.networks.dosovitskiy",
    "MapEncoder": "tfdeepsim.networks.dosovitskiy",
    "NormalizedError": "tfdeepsim.image_metrics.normalized_error",
    "PerceptualLoss": "tfdeepsim.perceptual.perceptual_loss",
    "ProbeCallback": "tfdeepsim.probe_callback",
    "ProbeScore": "tfdeepsim.probes.probe",
    "PSNR": "tfdeepsim.image_metrics.signal_to_noise",
    "SSIM": "tfdeepsim.image_metrics.structural_similarity",
    "UpConvGenerator": "tfdeepsim.networks.upconv_generator",
    "load_encoder": "tfdeepsim.loaded_encoder",
    "make_comparator": "tfdeepsim.comparators",
    "open_dataset": "tfdeepsim.data.tf_dataset",
    "probe": "tfdeepsim.probes.probe",
}

__all__ = ["__version__", *_MODULES]

# For type checkers and editors: the same names.
if TYPE_CHECKING:
    from tfdeepsim.comparators import make_comparator as make_comparator
    from tfdeepsim.comparators.comparator import Comparator as Comparator
    from tfdeepsim.data.tf_dataset import open_dataset as open_dataset
    from tfdeepsim.deepsim import DeePSiM as DeePSiM
    from tfdeepsim.errors import InputError as InputError
    from tfdeepsim.image_metrics.frechet_distance import FID as FID
    from tfdeepsim.image_metrics.kernel_distance import KID as KID
    from tfdeepsim.image_metrics.normalized_error import NormalizedError as NormalizedError
    from tfdeepsim.image_metrics.signal_to_noise import PSNR as PSNR
    from tfdeepsim.image_metrics.structural_similarity import SSIM as SSIM
    from tfdeepsim.loaded_encoder import LoadedEncoder as LoadedEncoder
    from tfdeepsim.loaded_encoder import load_encoder as load_encoder
    from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder as AlexNetEncoder
    from tfdeepsim.networks.autoencoder import Autoencoder as Autoencoder
    from tfdeepsim.networks.discriminator import Discriminator as Discriminator
    from tfdeepsim.networks.dosovitskiy import MapDecoder as MapDecoder
    from tfdeepsim.networks.dosovitskiy import MapEncoder as MapEncoder
    from tfdeepsim.networks.inversion_generator import InversionGenerator as InversionGenerator
    from tfdeepsim.networks.pihlgren import Decoder as Decoder
    from tfdeepsim.networks.pihlgren import Encoder as Encoder
    from tfdeepsim.networks.upconv_generator import UpConvGenerator as UpConvGenerator
    from tfdeepsim.perceptual.lpips import LPIPS as LPIPS
    from tfdeepsim.perceptual.perceptual_loss import PerceptualLoss as PerceptualLoss
    from tfdeepsim.probe_callback import ProbeCallback as ProbeCallback
    from tfdeepsim.probes.probe import ProbeScore as ProbeScore
    from tfdeepsim.probes.probe import probe as probe
else:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        importlib.import_module("tfdeepsim.keras_settings").check_backend()
        value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
