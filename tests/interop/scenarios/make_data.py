#!/usr/bin/env python3
"""The small data of these scenarios: shop_train.csv and shop_eval.csv, made from one seed, and colors.txt.

    python3 tests/interop/scenarios/make_data.py

Fields are empty now and then; words lie outside the vocabularies, ranks outside of [0, 6); a word that is missing has weight 0 and no
other, as a dense weight of 0 is missing too.
"""
import os
import random

COLORS = ['red', 'green', 'blue', 'yellow', 'grün']
SHOPS = ['north', 'south', 'east', 'west', 'harbour', 'airport', 'station']


def row(r):
  color = r.choice(COLORS + ['violet', 'ocher', ''])
  shop = r.choice(SHOPS + [''])
  size = r.choice(['', '%.3f' % r.uniform(-2, 12)])
  rank = r.randrange(-2, 9)
  stock = '0' if color == '' else '%.4f' % r.choice([r.uniform(0.1, 3), r.uniform(-1, -0.1)])
  code = r.choice([10, 20, 30, 40, 77])
  score = (color in ('red', 'blue')) + (shop in ('north', 'airport')) * 1.5 - rank * 0.2 + r.gauss(0, 1)
  return '%s,%s,%s,%d,%s,%d,%d,%.4f' % (color, shop, size, rank, stock, code, score > 0.6, score)


def write(path, seed, rows):
  r = random.Random(seed)
  with open(path, 'w', encoding='utf-8', newline='\n') as f:
    f.write('color,shop,size,rank,stock,code,sold,score\n')
    for _ in range(rows):
      f.write(row(r) + '\n')


here = os.path.dirname(os.path.abspath(__file__))
write(os.path.join(here, 'shop_train.csv'), 1, 240)
write(os.path.join(here, 'shop_eval.csv'), 2, 100)
with open(os.path.join(here, 'colors.txt'), 'w', encoding='utf-8', newline='') as out:
  out.write('\r\n'.join(COLORS + ['rest', 'of', 'it']))
