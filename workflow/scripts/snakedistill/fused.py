"""Fused kernels for training on TensorFlow; on another backend the names are Keras's own classes.

They compute what Keras's classes compute, in fewer passes over memory, and serve only while a network trains:
what is saved is built from Keras's own layers.
"""

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
    Adam = keras.optimizers.Adam
