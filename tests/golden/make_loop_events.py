"""The order of a training loop's events after each action, from each place: python make_loop_events.py > loop_events.inc

The loop below is TrainingLoop.fit of swift-models (last main), line by line, over two epochs of two training batches and one validation batch.
Two things are other than there, as documented in training_loop.h: an action at the End event of what it ends does nothing more, and one
whose target is not going on is an error that is told apart ("!")."""

names = {'FS': 'fitStart', 'FE': 'fitEnd', 'ES': 'epochStart', 'EE': 'epochEnd', 'TS': 'trainingStart', 'TE': 'trainingEnd',
         'VS': 'validationStart', 'VE': 'validationEnd', 'BS': 'batchStart', 'BE': 'batchEnd', 'US': 'updateStart',
         'IP': 'inferencePredictionEnd'}
end_of = {'BATCH': 'BE', 'TRAINING': 'TE', 'VALIDATION': 'VE', 'EPOCH': 'EE', 'FIT': 'FE'}


class Action(Exception):
    pass


class Loop:
    def __init__(self, event, occurrence, action):
        self.at, self.action, self.told, self.updates, self.seen = (event, occurrence), action, [], 0, {}

    def handle(self, event):
        self.told.append(event)
        self.seen[event] = self.seen.get(event, 0) + 1
        if self.at == (event, self.seen[event]) and end_of[self.action] != event:
            raise Action(self.action)

    def catch(self, error, action):
        if error.args[0] != action:
            raise error

    def steps(self, count, step):
        for _ in range(count):
            try:
                self.handle('BS')
                step()
            except Action as e:
                self.catch(e, 'BATCH')
            self.handle('BE')

    def train(self):
        self.handle('US')
        self.updates += 1

    def validate(self):
        self.handle('IP')

    def fit(self):
        try:
            self.handle('FS')
            for _ in range(2):
                try:
                    self.handle('ES')
                    try:
                        self.handle('TS')
                        self.steps(2, self.train)
                    except Action as e:
                        self.catch(e, 'TRAINING')
                    self.handle('TE')
                    try:
                        self.handle('VS')
                        self.steps(1, self.validate)
                    except Action as e:
                        self.catch(e, 'VALIDATION')
                    self.handle('VE')
                except Action as e:
                    self.catch(e, 'EPOCH')
                self.handle('EE')
        except Action as e:
            self.catch(e, 'FIT')
        self.handle('FE')

    def run(self):
        try:
            self.fit()
        except Action:
            self.told.append('!')
        return self


# The third batchStart and batchEnd of an epoch are those of validation.
places = [(e, n) for e in names for n in ([1] if e in ('FS', 'FE') else [1, 3] if e in ('BS', 'BE') else [1, 2])]
print('/* Made by make_loop_events.py: event, its occurrence, action, events told, updates made. */')
print('{ "FS", 0, 0, "%s", %d },' % (' '.join((r := Loop('', 0, 'FIT').run()).told), r.updates))
for event, occurrence in places:
    for action in end_of:
        r = Loop(event, occurrence, action).run()
        print('{ "%s", %d, EST_CANCEL_%s, "%s", %d },' % (event, occurrence, action, ' '.join(r.told), r.updates))
