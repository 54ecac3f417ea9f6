/* The resources of one model in memory, by name: variables and tables. Handles find them while a plan is
 * made, never later. */
#include "backend/kernel.h"

struct est__resources {
    est__map *by_name;
};

est_status est__resources_new(est__resources **out)
{
    est__resources *r = est__calloc(1, sizeof *r);
    if (r != NULL && (r->by_name = est__map_new()) == NULL) {
        est__free(r);
        r = NULL;
    }
    *out = r;
    return r != NULL ? EST_OK : est__fail_memory(sizeof *r);
}

static void resource_free(est__resource *resource)
{
    char *name = resource->name;
    resource->kind->free(resource);
    est__free(name);
}

void est__resources_free(est__resources *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < est__map_size(r->by_name); i++)
        resource_free(est__map_value(r->by_name, i));
    est__map_free(r->by_name);
    est__free(r);
}

est__resource *est__resources_find(const est__resources *r, const char *name)
{
    return est__map_get(r->by_name, name, strlen(name));
}

est_status est__resources_add(est__resources *r, est__resource *resource)
{
    est_status st = EST_OK;
    if (est__resources_find(r, resource->name) != NULL)
        st = est__fail(EST_ALREADY_EXISTS, "%s '%s' exists already", resource->kind->name, resource->name);
    if (st == EST_OK)
        st = est__map_put(r->by_name, resource->name, strlen(resource->name), resource);
    if (st != EST_OK)
        resource_free(resource);
    return st;
}

size_t est__resources_count(const est__resources *r)
{
    return est__map_size(r->by_name);
}

est__resource *est__resources_at(const est__resources *r, size_t i)
{
    return est__map_value(r->by_name, i);
}

static void variable_free(est__resource *r)
{
    est__variable *v = (est__variable *)r;
    est_tensor_free(v->value);
    est__free(v);
}

const est__resource_kind est__variable_kind = { .name = "variable", .free = variable_free };
