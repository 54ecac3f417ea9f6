/* The cluster: TF_CONFIG, by the rules of tf.estimator.RunConfig. */
#include <estimator/cluster.h>

#include <jansson.h>
#include <stdlib.h>

#include "base/base.h"

typedef struct reading {
    est__arena arena;             /* first: est_cluster_free finds it */
    est_cluster c;
    est_job *job;
    json_t *root;
    const char *chief;            /* "chief", "master"; NULL: the cluster has none, worker 0 leads */
} reading;

static reading *of(est_cluster *c)
{
    return (reading *)(void *)((char *)c - offsetof(reading, c));
}

static const char *kind_of(const json_t *j)
{
    static const char *const names[] = { [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list", [JSON_STRING] = "a string",
                                         [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
                                         [JSON_FALSE] = "false", [JSON_NULL] = "null" };
    return names[json_typeof(j)];
}

static est_status wrong_kind(const char *what, const json_t *j, const char *wanted)
{
    return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: %s is %s; it must be %s", what, kind_of(j), wanted);
}

/* ---- cluster ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const est_job *)a)->name, ((const est_job *)b)->name);
}

static est_status read_job(reading *r, const char *name, const json_t *list)
{
    char what[80];
    size_t n = json_array_size(list);
    snprintf(what, sizeof what, "cluster.%.40s", name);
    if (!json_is_array(list))
        return wrong_kind(what, list, "a list of addresses, [\"host:2222\"]");
    if (n == 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: %s is empty; leave it out, or give its addresses", what);
    const char **address = est__arena_alloc(&r->arena, n * sizeof *address);
    est_job *job = &r->job[r->c.num_jobs];
    job->name = est__arena_strdup(&r->arena, name);
    for (size_t i = 0; address && i < n; i++) {
        const json_t *a = json_array_get(list, i);
        snprintf(what, sizeof what, "cluster.%.40s[%zu]", name, i);
        if (!json_is_string(a))
            return wrong_kind(what, a, "an address, \"host:2222\"");
        address[i] = est__arena_strdup(&r->arena, json_string_value(a));
        if (address[i] == NULL)
            return est__fail_memory(64);
    }
    if (address == NULL || job->name == NULL)
        return est__fail_memory(n * sizeof *address);
    job->address = (est_strings){ address, n };
    r->c.num_jobs++;
    return EST_OK;
}

static const est_job *find(const est_cluster *c, const char *name)
{
    for (size_t i = 0; i < c->num_jobs; i++)
        if (strcmp(c->job[i].name, name) == 0)
            return &c->job[i];
    return NULL;
}

static size_t count(const est_cluster *c, const char *name)
{
    const est_job *job = find(c, name);
    return job ? job->address.count : 0;
}

/* TensorFlow wants a chief where there is no strategy, and takes the first worker where there is one. */
static est_status check_chief(reading *r)
{
    const est_cluster *c = &r->c;
    size_t chiefs = count(c, "chief"), masters = count(c, "master");
    if (chiefs && masters)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: cluster has a chief and a master; one of the two leads");
    if (chiefs + masters > 1)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: cluster.%s has %zu tasks; there is one", chiefs ? "chief" : "master",
                         chiefs + masters);
    if (chiefs + masters + count(c, "worker") == 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: cluster has no chief, which saves checkpoints: add \"chief\": [\"host:2222\"]");
    r->chief = chiefs ? "chief" : masters ? "master" : NULL;
    return EST_OK;
}

static est_status read_cluster(reading *r)
{
    json_t *cluster = json_object_get(r->root, "cluster"), *list;
    const char *name;
    if (cluster == NULL)
        return EST_OK;
    if (!json_is_object(cluster))
        return wrong_kind("cluster", cluster, "an object of lists of addresses, {\"chief\": [\"host:2222\"]}");
    r->c.job = r->job = est__arena_alloc(&r->arena, (json_object_size(cluster) + 1) * sizeof *r->job);
    if (r->job == NULL)
        return est__fail_memory(json_object_size(cluster) * sizeof *r->job);
    json_object_foreach(cluster, name, list)
        if (strcmp(name, "evaluator") != 0)
            EST_TRY(read_job(r, name, list));
    qsort(r->job, r->c.num_jobs, sizeof *r->job, by_name);
    return r->c.num_jobs ? check_chief(r) : EST_OK;
}

/* ---- task ---- */

/* A number, or one in quotes, as TensorFlow takes it. */
static est_status read_index(const json_t *j, int64_t *out)
{
    const char *text = json_string_value(j);
    bool is_number = json_is_integer(j) || (text && est__parse_int64(text, strlen(text), out));
    if (json_is_integer(j))
        *out = (int64_t)json_integer_value(j);
    if (!is_number)
        return wrong_kind("task.index", j, "a number from 0 on");
    if (*out < 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.index is %lld; it must be a number from 0 on", (long long)*out);
    return EST_OK;
}

static est_status check_local(const est_cluster *c)
{
    if (strcmp(c->task_type, "worker") != 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.type is '%s', and there is no cluster: add the cluster that it belongs to",
                         c->task_type);
    if (c->task_id != 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.index is %lld, and there is no cluster: add it", (long long)c->task_id);
    return EST_OK;
}

static est_status names_of(const est_cluster *c, est__buffer *out)
{
    for (size_t i = 0; i < c->num_jobs; i++)
        est__buffer_printf(out, "%s%s", i ? ", " : "", c->job[i].name);
    return out->status;
}

static est_status check_member(const reading *r)
{
    const est_cluster *c = &r->c;
    const est_job *job = find(c, c->task_type);
    est__buffer names = { 0 };
    if (strcmp(c->task_type, "evaluator") == 0) {
        if (r->chief && strcmp(r->chief, "master") == 0)
            return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.type is 'evaluator', and the cluster has a master, which evaluates "
                             "by itself: make it a chief");
        if (c->task_id != 0)
            return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.index is %lld; there is one evaluator, 0", (long long)c->task_id);
        return EST_OK;
    }
    if (job && c->task_id < (int64_t)job->address.count)
        return EST_OK;
    if (job)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.index is %lld, and cluster.%s has %zu task%s", (long long)c->task_id,
                         c->task_type, job->address.count, job->address.count == 1 ? "" : "s");
    EST_TRY(names_of(c, &names));
    est_status st = est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.type is '%s'; the cluster has %s, and an evaluator may stand beside it",
                              c->task_type, names.data);
    est__buffer_free(&names);
    return st;
}

static est_status read_task(reading *r)
{
    est_cluster *c = &r->c;
    const json_t *task = json_object_get(r->root, "task"), *type = task ? json_object_get(task, "type") : NULL;
    const json_t *index = task ? json_object_get(task, "index") : NULL;
    if (task && !json_is_object(task))
        return wrong_kind("task", task, "an object, {\"type\": \"worker\", \"index\": 0}");
    if (type && !json_is_string(type))
        return wrong_kind("task.type", type, "a string");
    if (type && strcmp(json_string_value(type), "local") == 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: task.type is 'local': leave cluster and task out for a local run");
    if (c->num_jobs && (type == NULL || index == NULL))
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: there is a cluster, and no task.%s: which of its tasks is this process?",
                         type ? "index" : "type");
    c->task_type = est__arena_strdup(&r->arena, type ? json_string_value(type) : "worker");
    if (c->task_type == NULL)
        return est__fail_memory(64);
    EST_TRY(index ? read_index(index, &c->task_id) : EST_OK);
    return c->num_jobs ? check_member(r) : check_local(c);
}

/* ---- what follows from both ---- */

static size_t all_tasks(const est_cluster *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->num_jobs; i++)
        n += c->job[i].address.count;
    return n;
}

/* The chief, then the other jobs by their names, the parameter servers last. */
static int64_t global_id(const reading *r)
{
    const est_cluster *c = &r->c;
    bool leads = r->chief && strcmp(c->task_type, r->chief) == 0, serves = strcmp(c->task_type, "ps") == 0;
    int64_t id = leads ? 0 : r->chief ? 1 : 0;
    for (size_t i = 0; i < c->num_jobs && !leads; i++) {
        const char *name = c->job[i].name;
        bool other = strcmp(name, "ps") != 0 && !(r->chief && strcmp(name, r->chief) == 0);
        if (other && (serves || strcmp(name, c->task_type) < 0))
            id += (int64_t)c->job[i].address.count;
    }
    return id + c->task_id;
}

static est_status read_text(reading *r, const char *key, const char **out)
{
    const json_t *j = json_object_get(r->root, key);
    if (j == NULL)
        return EST_OK;
    if (!json_is_string(j))
        return wrong_kind(key, j, "a string");
    *out = est__arena_strdup(&r->arena, json_string_value(j));
    return *out ? EST_OK : est__fail_memory(64);
}

static est_status read_masters(reading *r)
{
    est_cluster *c = &r->c;
    const est_job *job = find(c, c->task_type);
    EST_TRY(read_text(r, "session_master", &c->master));
    EST_TRY(read_text(r, "eval_session_master", &c->evaluation_master));
    bool evaluates = strcmp(c->task_type, "evaluator") == 0;
    if (evaluates)
        c->master = NULL;
    if (!evaluates && c->num_jobs)
        c->evaluation_master = NULL;
    if (c->master == NULL && r->chief && job && all_tasks(c) > 1)
        c->master = est__arena_printf(&r->arena, "grpc://%s", job->address.data[c->task_id]);
    else if (c->master == NULL)
        c->master = "";
    if (c->evaluation_master == NULL)
        c->evaluation_master = "";
    return c->master ? EST_OK : est__fail_memory(64);
}

static est_status read_service(reading *r)
{
    const json_t *service = json_object_get(r->root, "service");
    if (service == NULL || json_is_null(service))
        return EST_OK;
    if (!json_is_object(service))
        return wrong_kind("service", service, "an object");
    char *text = json_dumps(service, JSON_COMPACT);
    r->c.service = text ? est__arena_strdup(&r->arena, text) : NULL;
    free(text);
    return r->c.service ? EST_OK : est__fail_memory(64);
}

static void count_replicas(reading *r)
{
    est_cluster *c = &r->c;
    c->is_chief = c->num_jobs == 0;
    c->num_worker_replicas = 1;
    if (strcmp(c->task_type, "evaluator") == 0) {
        c->num_jobs = 0;
        c->is_chief = false;
        c->num_worker_replicas = 0;
        c->global_id_in_cluster = -1;
    } else if (c->num_jobs) {
        c->is_chief = r->chief ? strcmp(c->task_type, r->chief) == 0 : strcmp(c->task_type, "worker") == 0 && c->task_id == 0;
        c->num_worker_replicas = (int64_t)(count(c, "worker") + (r->chief ? 1 : 0));
        c->num_ps_replicas = (int64_t)count(c, "ps");
        c->global_id_in_cluster = global_id(r);
    }
}

static est_status read_all(reading *r)
{
    if (!json_is_object(r->root))
        return wrong_kind("all of it", r->root, "an object, {\"cluster\": …, \"task\": …}");
    EST_TRY(read_service(r));
    EST_TRY(read_cluster(r));
    EST_TRY(read_task(r));
    EST_TRY(read_masters(r));
    EST_TRY(read_text(r, "model_dir", &r->c.model_dir));
    if (r->c.model_dir && *r->c.model_dir == 0)
        return est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: model_dir is empty");
    count_replicas(r);
    return EST_OK;
}

est_status est_cluster_new(const char *tf_config, est_cluster **out)
{
    const char *text = tf_config ? tf_config : getenv("TF_CONFIG");
    json_error_t error;
    *out = NULL;
    reading *r = est__calloc(1, sizeof *r);
    if (r == NULL)
        return est__fail_memory(sizeof *r);
    est_status st = EST_OK;
    r->root = text && *text ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : json_object();
    if (r->root == NULL)
        st = text && *text ? est__fail(EST_INVALID_ARGUMENT, "TF_CONFIG: line %d, column %d: %s", error.line, error.column, error.text)
                           : est__fail_memory(64);
    if (st == EST_OK)
        st = read_all(r);
    json_decref(r->root);
    r->root = NULL;
    if (st != EST_OK) {
        est_cluster_free(&r->c);
        return st;
    }
    *out = &r->c;
    return EST_OK;
}

void est_cluster_free(est_cluster *c)
{
    if (c == NULL)
        return;
    est__arena_free(&of(c)->arena);
    est__free(of(c));
}
