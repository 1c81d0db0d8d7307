"""ResNet-18, other backbones, the classifier on top of one, augmentation, and fused layers for training."""
