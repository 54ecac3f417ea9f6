#!/usr/bin/env python3
"""The small data of these scenarios: shop_train.csv and shop_eval.csv, made from one seed, and the vocabularies.

    python3 tests/interop/scenarios/make_data.py

Words lie outside the vocabularies now and then, ranks outside of [0, 6), and fields are empty; but a brand is never missing, and its
weights (stock, weight) are never 0, since a dense weight of 0 is a missing one.
"""
import os
import random

COLORS = ['red', 'green', 'blue', 'yellow', 'grün']
SHOPS = ['north', 'south', 'east', 'west', 'harbour', 'airport', 'station']
BRANDS = ['acme', 'bolt', 'cord', 'dune', 'echo', 'fern']
HEADER = 'color,shop,brand,size,rank,code,stock,weight,sold,score\n'


def row(r):
  color, shop, brand = r.choice(COLORS + ['violet', 'ocher', '']), r.choice(SHOPS + ['']), r.choice(BRANDS)
  size = r.choice(['', '%.3f' % r.uniform(-2, 12)])
  rank, code, weight = r.randrange(-2, 9), r.choice([10, 20, 30, 40, 77]), r.choice([1, 2, 5, -3])
  stock = '%.4f' % r.choice([r.uniform(0.1, 3), r.uniform(-1, -0.1)])
  score = (color in ('red', 'blue')) + (shop in ('north', 'airport')) * 1.5 - rank * 0.2 + (brand == 'cord') * float(stock) + r.gauss(0, 1)
  return '%s,%s,%s,%s,%d,%d,%s,%d,%d,%.4f\n' % (color, shop, brand, size, rank, code, stock, weight, score > 0.6, score)


def write(name, text):
  path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
  os.makedirs(os.path.dirname(path), exist_ok=True)
  with open(path, 'w', encoding='utf-8', newline='') as f:
    f.write(text)


for part, seed, rows in (('train', 1, 240), ('eval', 2, 100)):
  source = random.Random(seed)
  write('shop_%s.csv' % part, HEADER + ''.join(row(source) for _ in range(rows)))
write('colors.txt', '\r\n'.join(COLORS + ['rest', 'of', 'it']))
write('shops/words.txt', 'north\nsouth\neast\nwest\nharbour\n')
write('codes/words.txt', '30\n10\n-7\n20\n')
