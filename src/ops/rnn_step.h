/* One step forward of each cell for one row: Keras' SimpleRNNCell, LSTMCell and GRUCell (with reset_after) with
 * their default activations. Included once for each type: REAL, and NAME(x) for its names. */

/* In: x, what kernel and bias give for the step's input; r, what the recurrent kernel gives for the last
 * output; before, the record of the step before (NULL: zeros). Out: the step's record, h first. */
EST_CLONES static void NAME(simple_step)(int64_t n, const REAL *restrict x, const REAL *restrict r,
                                         REAL *restrict record)
{
    for (int64_t j = 0; j < n; j++)
        record[j] = est__m_tanh(x[j] + r[j]);
}

EST_CLONES static void NAME(lstm_step)(int64_t n, const REAL *restrict x, const REAL *restrict r,
                                       const REAL *restrict before, REAL *restrict record)
{
    REAL *h = record, *i = h + n, *f = i + n, *g = f + n, *o = g + n, *c = o + n;
    for (int64_t j = 0; j < n; j++) {
        i[j] = 1 / (1 + est__m_exp(-(x[j] + r[j])));
        f[j] = 1 / (1 + est__m_exp(-(x[n + j] + r[n + j])));
        g[j] = est__m_tanh(x[2 * n + j] + r[2 * n + j]);
        o[j] = 1 / (1 + est__m_exp(-(x[3 * n + j] + r[3 * n + j])));
        c[j] = f[j] * (before ? before[5 * n + j] : 0) + i[j] * g[j];
        h[j] = o[j] * est__m_tanh(c[j]);
    }
}

/* r holds the recurrent bias, too. */
EST_CLONES static void NAME(gru_step)(int64_t n, const REAL *restrict x, const REAL *restrict r,
                                      const REAL *restrict before, REAL *restrict record)
{
    REAL *h = record, *z = h + n, *reset = z + n, *g = reset + n, *inner = g + n;
    for (int64_t j = 0; j < n; j++) {
        z[j] = 1 / (1 + est__m_exp(-(x[j] + r[j])));
        reset[j] = 1 / (1 + est__m_exp(-(x[n + j] + r[n + j])));
        inner[j] = r[2 * n + j];
        g[j] = est__m_tanh(x[2 * n + j] + reset[j] * inner[j]);
        h[j] = z[j] * (before ? before[j] : 0) + (1 - z[j]) * g[j];
    }
}
