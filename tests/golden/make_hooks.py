"""The order of hooks' moments in tf.estimator 2.15: python make_hooks.py > hooks.inc"""
import os
import tempfile

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
told = []


class Hook(tf.estimator.SessionRunHook):
    def __init__(self, name, stop_at=None):
        self.name, self.stop_at = name, stop_at

    def tell(self, what, *step):
        told.append(' '.join([self.name + '.' + what] + [str(int(s)) for s in step]))

    def begin(self):
        self.step = tf.compat.v1.train.get_or_create_global_step()
        self.tell('begin')

    def after_create_session(self, session, coord):
        self.tell('after_create_session', session.run(self.step))

    def before_run(self, context):
        self.tell('before_run', context.session.run(self.step))

    def after_run(self, context, values):
        step = context.session.run(self.step)
        self.tell('after_run', step)
        if step == self.stop_at:
            context.request_stop()

    def end(self, session):
        self.tell('end', session.run(self.step))


class Listener(tf.estimator.CheckpointSaverListener):
    def begin(self):
        told.append('listener.begin')

    def before_save(self, session, step):
        told.append('listener.before_save %d' % step)

    def after_save(self, session, step):
        told.append('listener.after_save %d' % step)

    def end(self, session, step):
        told.append('listener.end %d' % step)


def input_fn(rows):
    return tf.data.Dataset.from_tensor_slices(({'x': [[1.], [2.], [3.]]}, [[1.], [2.], [3.]])).repeat().batch(1).take(rows)


def model_fn(features, labels, mode):
    w = tf.compat.v1.get_variable('w', [1, 1])
    y = tf.matmul(features['x'], w)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={'y': y}, prediction_hooks=[Hook('spec')])
    loss = tf.reduce_mean((y - labels) ** 2)
    step = tf.compat.v1.train.get_or_create_global_step()
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=tf.compat.v1.train.GradientDescentOptimizer(0.01).minimize(loss, step),
                                      training_chief_hooks=[Hook('chief')], training_hooks=[Hook('spec')],
                                      evaluation_hooks=[Hook('spec')])


def show(name):
    print('static const char %s[] =' % name)
    for line in told:
        print('    "%s\\n"' % line)
    print('    ;')
    told.clear()


config = tf.estimator.RunConfig(model_dir=tempfile.mkdtemp(), save_checkpoints_steps=2, save_summary_steps=2, log_step_count_steps=2)
e = tf.estimator.Estimator(model_fn, config=config)
print('/* Made by make_hooks.py: what hooks and a saving listener were called for, with the global step. */')
e.train(lambda: input_fn(10), hooks=[Hook('user')], max_steps=4, saving_listeners=[Listener()])
show('tf_max_steps')
config = config.replace(model_dir=tempfile.mkdtemp())
e = tf.estimator.Estimator(model_fn, config=config)
e.train(lambda: input_fn(3), hooks=[Hook('user')], saving_listeners=[Listener()])
show('tf_data_end')
config = config.replace(model_dir=tempfile.mkdtemp())
e = tf.estimator.Estimator(model_fn, config=config)
e.train(lambda: input_fn(10), hooks=[Hook('user', stop_at=1)])
show('tf_request_stop')
e.evaluate(lambda: input_fn(2), hooks=[Hook('user')])
show('tf_evaluate')
list(e.predict(lambda: input_fn(2), hooks=[Hook('user')]))
show('tf_predict')
