"""Networks that are chains of layers: AlexNet, Caffe's AlexNet, VideoNet, Exemplar-CNN."""
