"""Images from features: what a layer kept of an image, made visible (Dosovitskiy & Brox 2016,
§4.3)."""
