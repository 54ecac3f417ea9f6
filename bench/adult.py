"""Logistic regression over one-hot columns and quantile bins by scikit-learn: seconds and accuracy on held-out rows.

Usage: adult.py TRAIN.csv EVAL.csv LABEL; prints one JSON object.
"""
import json
import sys
import time
import warnings

import pandas
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

warnings.filterwarnings("ignore", category=UserWarning)  # bins of no width are removed: meant
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", category=ConvergenceWarning)
start = time.time()
train, test = (pandas.read_csv(path) for path in sys.argv[1:3])
label = sys.argv[3]
numbers = [name for name in train if train[name].dtype.kind in "if" and name != label]
texts = [name for name in train if name not in numbers and name != label]
columns = make_column_transformer(
    (make_pipeline(SimpleImputer(), KBinsDiscretizer(n_bins=20, encode="onehot", strategy="quantile")), numbers),
    (OneHotEncoder(handle_unknown="ignore"), texts))
model = make_pipeline(columns, LogisticRegression(max_iter=1000))
model.fit(train, train[label])
print(json.dumps({"seconds": time.time() - start, "accuracy": model.score(test, test[label])}))
