/* Any bytes as TF_CONFIG. Covers src/distribute/cluster.c. */
#include <estimator/cluster.h>

#include <string.h>

#include "fuzz/fuzz.h"

EST_FUZZ(tf_config)
{
    est_cluster *c;
    size_t sum = 0;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    if (*text && est_cluster_new(text, &c) == EST_OK) {
        for (size_t i = 0; i < c->num_jobs; i++)
            for (size_t k = 0; k < c->job[i].address.count; k++)
                sum += strlen(c->job[i].address.data[k]);
        EST_FUZZ_CHECK(sum < size && strlen(c->master) < size + 8 && strlen(c->task_type) <= size + 6);
        est_cluster_free(c);
    }
    free(text);
    return 0;
}
