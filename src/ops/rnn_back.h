/* One step of each cell back, for one row; see rnn_step.h. */

/* In: dh, and for LSTM dc, what flows back into the step. Out: dx and dr, of what its x and r were; dh and dc of
 * the step before, as far as they do not go through the recurrent kernel. */
EST_CLONES static void NAME(simple_back)(int64_t n, const REAL *restrict record, REAL *restrict dh,
                                         REAL *restrict dx)
{
    for (int64_t j = 0; j < n; j++) {
        dx[j] = dh[j] * (1 - record[j] * record[j]);
        dh[j] = 0;
    }
}

EST_CLONES static void NAME(lstm_back)(int64_t n, const REAL *restrict before, const REAL *restrict record,
                                       REAL *restrict dh, REAL *restrict dc, REAL *restrict dx)
{
    const REAL *i = record + n, *f = i + n, *g = f + n, *o = g + n, *c = o + n;
    for (int64_t j = 0; j < n; j++) {
        REAL t = est__m_tanh(c[j]), d = dc[j] + dh[j] * o[j] * (1 - t * t);
        dx[j] = d * g[j] * i[j] * (1 - i[j]);
        dx[n + j] = d * (before ? before[5 * n + j] : 0) * f[j] * (1 - f[j]);
        dx[2 * n + j] = d * i[j] * (1 - g[j] * g[j]);
        dx[3 * n + j] = dh[j] * t * o[j] * (1 - o[j]);
        dc[j] = d * f[j];
        dh[j] = 0;
    }
}

EST_CLONES static void NAME(gru_back)(int64_t n, const REAL *restrict before, const REAL *restrict record,
                                      REAL *restrict dh, REAL *restrict dx, REAL *restrict dr)
{
    const REAL *z = record + n, *reset = z + n, *g = reset + n, *inner = g + n;
    for (int64_t j = 0; j < n; j++) {
        REAL candidate = dh[j] * (1 - z[j]) * (1 - g[j] * g[j]);
        dx[j] = dr[j] = dh[j] * ((before ? before[j] : 0) - g[j]) * z[j] * (1 - z[j]);
        dx[n + j] = dr[n + j] = candidate * inner[j] * reset[j] * (1 - reset[j]);
        dx[2 * n + j] = candidate;
        dr[2 * n + j] = candidate * reset[j];
        dh[j] *= z[j];
    }
}
