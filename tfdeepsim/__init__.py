"""Train image encoders and generators under perceptual losses, and learn which loss embeds
better."""

__version__ = "0.1.0"
