"""Configs of runs that earlier versions trained."""

from typing import Any

from tfdeepsim.config.defaults import ABSOLUTE_DEEPSIM, DEFAULT_LAMBDA_KL, LAMBDAS, LOSSES


def as_trained(values: dict[str, Any]) -> dict[str, Any]:
    """`values` of a run that was trained before a field existed, with what that version did."""
    kind = (values.get("task", "autoencoder"), values.get("network", "pihlgren"))
    earlier: dict[str, Any] = {}
    if kind == ("autoencoder", "pihlgren"):
        earlier["decoder_activation"] = "none"
    if "feature_scale" in values or kind[0] == "comparator":
        return earlier | values
    if values.get("comparator") is not None:
        earlier["feature_scale"] = "absolute"
    unset = {LAMBDAS[term]: weight for term, weight in _earlier_weights(values).items()}
    return earlier | values | {k: v for k, v in unset.items() if values.get(k) is None}


def _earlier_weights(values: dict[str, Any]) -> dict[str, float]:
    """Weights by term that an earlier version took where no flag set them, and that this one does
    not take by itself."""
    loss, units = values.get("loss", "pixel"), values.get("lambda_units", "mean")
    if units == "mean":
        # With a feature term, the field `feature_scale` tells that the weights are earlier ones.
        without_features = loss == "deepsim" and values.get("comparator") is None
        return ABSOLUTE_DEEPSIM if without_features else {}
    weights = {} if loss == "deepsim" else dict(LOSSES.get(loss, {}))
    if weights and values.get("model") == "vae":
        weights["kl"] = DEFAULT_LAMBDA_KL / values["latent_dim"]
    return weights
