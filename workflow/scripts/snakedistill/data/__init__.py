"""From an archive to arrays of images: safe reading, decoding, layouts, index, split, and the built-in sample."""
