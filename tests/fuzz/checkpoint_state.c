/* Any bytes as the file `checkpoint`. Covers src/formats/checkpoint_state.c. */
#include "fuzz/fuzz.h"

#include "formats/checkpoint_state.h"

EST_FUZZ(checkpoint_state)
{
    est__checkpoint_state state;
    (void)est__checkpoint_state_parse("dir", (const char *)data, size, "input", &state);
    est__checkpoint_state_free(&state);
    return 0;
}
