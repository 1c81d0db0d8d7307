"""The training loop with its batches and checkpoints, forward passes, predictions and evaluations."""
