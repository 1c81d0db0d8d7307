"""Fused kernels for training on TensorFlow; on another backend the names are Keras's own classes.

They compute what Keras's classes compute, in fewer passes over memory, and serve only while a network trains:
what is saved is built from Keras's own layers.
"""

import math

import keras
import numpy as np

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    class BatchNormalization(keras.layers.BatchNormalization):
        """Keras's batch normalisation of float32 or bfloat16 [n, height, width, channels] by TensorFlow's kernel.

        Statistics are float32 in both precisions.
        """

        def call(self, inputs, training=None, mask=None):
            weights = {"scale": self.gamma, "offset": self.beta, "epsilon": self.epsilon}
            if not (training and self.trainable):
                moving = {"mean": self.moving_mean, "variance": self.moving_variance}
                return tf.compat.v1.nn.fused_batch_norm(inputs, **weights, **moving, is_training=False)[0]
            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(inputs, **weights, is_training=True)
            # The kernel gives the unbiased variance; Keras averages the biased one.
            values = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)
            variance *= (values - 1) / values
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + batch * (1 - self.momentum))
            return outputs

    class Conv2D(keras.layers.Conv2D):
        """Keras's convolution of [n, height, width, channels], by matrix products where they are faster.

        A 1 x 1 kernel is a matrix, whose product with all pixels is faster than TensorFlow's convolution. On few
        pixels, as in the last stages of a ResNet on small images, TensorFlow's kernels spend their time on borders and
        on reordering weights. Products of the matrix of all neighbourhoods do not: with up to `MOST_POSITIONS` in an
        output image they are up to four times as fast, forward and for both gradients, and in bfloat16 with up to
        `MOST_POSITIONS_OF_GRADIENT` for the gradient of the kernel (measured: docs/performance.md).
        """

        MOST_POSITIONS = 9
        MOST_POSITIONS_OF_GRADIENT = 49

        def convolution_op(self, inputs, kernel):
            positions = math.prod(self._output_sides(*inputs.shape[1:3]))
            kernel = tf.cast(kernel, inputs.dtype)
            if self.kernel_size == self.strides == (1, 1):
                return self._pointwise(inputs, kernel)
            if positions <= self.MOST_POSITIONS:
                return self._by_products(inputs, kernel)
            if positions <= self.MOST_POSITIONS_OF_GRADIENT and inputs.dtype == tf.bfloat16:
                return self._with_gradient_by_product(inputs, kernel)
            return super().convolution_op(inputs, kernel)

        def _pointwise(self, inputs, kernel):
            height, width, channels = inputs.shape[1:]
            outputs = tf.reshape(inputs, [-1, channels]) @ tf.reshape(kernel, [channels, self.filters])
            return tf.reshape(outputs, [-1, height, width, self.filters])

        def _by_products(self, inputs, kernel):
            height, width, channels = inputs.shape[1:]
            index = self._neighbourhoods(height, width)
            inverse = _inverse(index, height * width)
            sides = self._output_sides(height, width)

            @tf.custom_gradient
            def convolution(images, kernel):
                columns = _columns(images, index)
                matrix = tf.reshape(kernel, [-1, self.filters])

                def gradient(upstream):
                    rows = tf.reshape(upstream, [-1, self.filters])
                    to_matrix = tf.matmul(columns, rows, transpose_a=True)
                    to_taps = tf.reshape(tf.matmul(rows, matrix, transpose_b=True), [-1, index.size, channels])
                    to_pixels = tf.reduce_sum(_gathered(to_taps, inverse), axis=2)
                    return tf.reshape(to_pixels, tf.shape(images)), tf.reshape(to_matrix, kernel.shape)

                return tf.reshape(columns @ matrix, [-1, *sides, self.filters]), gradient

            return convolution(inputs, kernel)

        def _with_gradient_by_product(self, inputs, kernel):
            index = self._neighbourhoods(*inputs.shape[1:3])
            strides, padding = [1, *self.strides, 1], self.padding.upper()

            @tf.custom_gradient
            def convolution(images, kernel):
                def gradient(upstream):
                    to_images = tf.raw_ops.Conv2DBackpropInput(
                        input_sizes=tf.shape(images),
                        filter=kernel,
                        out_backprop=upstream,
                        strides=strides,
                        padding=padding,
                    )
                    rows = tf.reshape(upstream, [-1, self.filters])
                    to_matrix = tf.matmul(_columns(images, index), rows, transpose_a=True)
                    return to_images, tf.reshape(to_matrix, kernel.shape)

                return tf.nn.conv2d(images, kernel, strides, padding), gradient

            return convolution(inputs, kernel)

        def _output_sides(self, height: int, width: int) -> tuple[int, int]:
            return self.compute_output_shape((None, height, width, None))[1:3]

        def _neighbourhoods(self, height: int, width: int) -> np.ndarray:
            """The pixel under each tap of the kernel at each position, [positions, taps]; height x width if outside."""
            axes = []
            sides = zip((height, width), self._output_sides(height, width), self.kernel_size, self.strides, strict=True)
            for side, positions, taps, stride in sides:
                before, _ = _padding(side, positions, taps, stride)
                axes.append(stride * np.arange(positions)[:, None] + np.arange(taps) - before)
            row, column = axes[0][:, None, :, None], axes[1][None, :, None, :]
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            pixel = np.where(inside, row * width + column, height * width)
            return pixel.reshape(pixel.shape[0] * pixel.shape[1], -1)

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
        """Keras's depthwise convolution of float32 [n, height, width, channels], with a faster gradient of the kernel.

        oneDNN's gradient of a depthwise kernel is slow for kernels larger than 3 x 3. TensorFlow has a kernel of its
        own, which it runs only where the padding is given in pixels (measured: docs/performance.md).
        """

        def call(self, inputs):
            outputs = self._convolution(inputs, tf.convert_to_tensor(self.kernel))
            if self.use_bias:
                outputs = tf.nn.bias_add(outputs, self.bias)
            return outputs if self.activation is None else self.activation(outputs)

        def _convolution(self, inputs, kernel):
            sides, positions = inputs.shape[1:3], self.compute_output_shape(inputs.shape)[1:3]
            height, width = map(_padding, sides, positions, self.kernel_size, self.strides)
            strides, padding = [1, *self.strides, 1], self.padding.upper()

            @tf.custom_gradient
            def convolution(images, kernel):
                def gradient(upstream):
                    to_images = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                        input_sizes=tf.shape(images),
                        filter=kernel,
                        out_backprop=upstream,
                        strides=strides,
                        padding=padding,
                    )
                    to_kernel = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                        input=images,
                        filter_sizes=kernel.shape,
                        out_backprop=upstream,
                        strides=strides,
                        padding="EXPLICIT",
                        explicit_paddings=[0, 0, *height, *width, 0, 0],
                    )
                    return to_images, to_kernel

                return tf.nn.depthwise_conv2d(images, kernel, strides, padding), gradient

            return convolution(inputs, kernel)

    def _padding(side: int, positions: int, taps: int, stride: int) -> tuple[int, int]:
        """The pixels of padding before and after a side of an image; none with padding "valid"."""
        missing = max((positions - 1) * stride + taps - side, 0)
        return missing // 2, missing - missing // 2

    def _columns(images, index: np.ndarray):
        """The neighbourhood of each position of each image as a row, [n x positions, taps x channels]."""
        _, height, width, channels = images.shape
        pixels = tf.reshape(images, [-1, height * width, channels])
        return tf.reshape(_gathered(pixels, index), [-1, index.shape[1] * channels])

    def _gathered(rows, index: np.ndarray):
        """The rows of each image by index, [n, *index, channels]; zeros where the index is the number of rows."""
        return tf.gather(tf.pad(rows, [[0, 0], [0, 1], [0, 0]]), index, axis=1)

    def _inverse(index: np.ndarray, pixels: int) -> np.ndarray:
        """Where each pixel stands in the flat index, tap by tap, [pixels, taps]; the index's size if under none."""
        inverse = np.full((pixels, index.shape[1]), index.size)
        position, tap = np.nonzero(index < pixels)
        inverse[index[position, tap], tap] = position * index.shape[1] + tap
        return inverse

    class Adam(keras.optimizers.Adam):
        """Keras's Adam with one kernel a variable, for float32 variables."""

        def update_step(self, gradient, variable, learning_rate):
            step = tf.cast(self.iterations + 1, tf.float32)
            index = self._get_variable_index(variable)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                beta1_power=tf.pow(self.beta_1, step),
                beta2_power=tf.pow(self.beta_2, step),
                lr=tf.cast(learning_rate, tf.float32),
                beta1=self.beta_1,
                beta2=self.beta_2,
                epsilon=self.epsilon,
                grad=gradient,
            )

else:
    BatchNormalization = keras.layers.BatchNormalization  # type: ignore[misc]
    Conv2D = keras.layers.Conv2D  # type: ignore[misc]
    DepthwiseConv2D = keras.layers.DepthwiseConv2D  # type: ignore[misc]
    Adam = keras.optimizers.Adam  # type: ignore[misc]
