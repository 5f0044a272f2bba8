"""Configs of runs that earlier versions trained."""

from typing import Any

from tfdeepsim.config.defaults import (
    ABSOLUTE_DEEPSIM,
    DEFAULT_LAMBDA_KL,
    FIRST_RELATIVE_DEEPSIM,
    LAMBDAS,
    LOSSES,
)


def as_trained(values: dict[str, Any]) -> dict[str, Any]:
    """`values` of a run that was trained before a field existed, with what that version did."""
    kind = (values.get("task", "autoencoder"), values.get("network", "pihlgren"))
    # Versions without this field did not look for duplicates.
    earlier: dict[str, Any] = {"allow_duplicates": True}
    if kind == ("autoencoder", "pihlgren"):
        earlier["decoder_activation"] = "none"
    if kind[0] == "comparator":
        return earlier | values
    if "feature_scale" in values:
        return earlier | values | _first_relative_weights(values)
    if values.get("comparator") is not None:
        earlier["feature_scale"] = "absolute"
    unset = {LAMBDAS[term]: weight for term, weight in _earlier_weights(values).items()}
    return earlier | values | {k: v for k, v in unset.items() if values.get(k) is None}


def _first_relative_weights(values: dict[str, Any]) -> dict[str, float]:
    """Weights that the first version with relative feature errors took where no flag set them."""
    deepsim = (values.get("loss"), values.get("feature_scale")) == ("deepsim", "relative")
    # That version had no field `label_type`.
    if not deepsim or values.get("lambda_units") != "mean" or "label_type" in values:
        return {}
    fields = {LAMBDAS[term]: weight for term, weight in FIRST_RELATIVE_DEEPSIM.items()}
    return {name: weight for name, weight in fields.items() if values.get(name) is None}


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
