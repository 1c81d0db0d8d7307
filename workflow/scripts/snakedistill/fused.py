"""Fused kernels for training on TensorFlow; on another backend the names are Keras's own classes.

They compute what Keras's classes compute, in fewer passes over memory, and serve only while a network trains:
what is saved is built from Keras's own layers.
"""

import math

import keras

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
        """Keras's 3 x 3 convolution, "same" padding; its gradient is one matrix product where images are tiny.

        With so few pixels, as in the last stages of a ResNet on small images, the kernel TensorFlow takes for that
        gradient spends its time on reordering: on a 2-core CPU with AMX the product makes a whole training step of
        ResNet-18 in bfloat16 1.4 times faster at 48 pixels, 1.3 times at 96; with more pixels than `MOST_PIXELS`
        it gains nothing.
        """

        MOST_PIXELS = 40

        def call(self, inputs):
            height, width = inputs.shape[1:3]
            if height * width > self.MOST_PIXELS:
                return super().call(inputs)
            stride = self.strides[0]
            to = [math.ceil(side / stride) for side in (height, width)]
            missing = [max((n - 1) * stride + 3 - side, 0) for n, side in zip(to, (height, width), strict=True)]
            padding = [[0, 0], *([gap // 2, gap - gap // 2] for gap in missing), [0, 0]]
            strides = [1, stride, stride, 1]

            @tf.custom_gradient
            def convolution(images, kernel):
                def gradient(upstream):
                    to_images = tf.raw_ops.Conv2DBackpropInput(
                        input_sizes=tf.shape(images),
                        filter=kernel,
                        out_backprop=upstream,
                        strides=strides,
                        padding="SAME",
                    )
                    padded = tf.pad(images, padding)
                    neighbours = [
                        padded[:, i : i + (to[0] - 1) * stride + 1 : stride, j : j + (to[1] - 1) * stride + 1 : stride]
                        for i in range(3)
                        for j in range(3)
                    ]
                    columns = tf.reshape(tf.concat(neighbours, axis=-1), [-1, 9 * images.shape[-1]])
                    to_kernel = tf.matmul(columns, tf.reshape(upstream, [-1, self.filters]), transpose_a=True)
                    return to_images, tf.reshape(to_kernel, kernel.shape)

                return tf.nn.conv2d(images, kernel, strides, "SAME"), gradient

            return convolution(inputs, tf.cast(self.kernel, inputs.dtype))

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
    BatchNormalization = keras.layers.BatchNormalization
    Conv2D = keras.layers.Conv2D
    Adam = keras.optimizers.Adam
