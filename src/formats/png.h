/* PNG images and WAV sounds, written. */
#ifndef EST_FORMATS_PNG_H
#define EST_FORMATS_PNG_H

#include "base/base.h"

/* Appends an image of 8 bits a channel, row by row; channels 1 to 4: grey, grey and alpha, RGB, RGBA. */
est_status est__png(const unsigned char *pixels, int64_t height, int64_t width, int channels, est__buffer *out);

/* Appends frames of samples in [-1, 1], the channels of a frame together, as 16 bits each (tf.audio.encode_wav). */
est_status est__wav(const float *samples, int64_t frames, int channels, uint32_t sample_rate, est__buffer *out);

#endif
