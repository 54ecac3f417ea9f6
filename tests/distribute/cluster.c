/* TF_CONFIG: what it says by tf.estimator.RunConfig's rules, and what cannot be. */
#include <estimator/estimator.h>

#include <stdlib.h>

#include "base/base.h"
#include "support/est_test.h"
#include "train/small.h"

#define CLUSTER "\"cluster\": {\"chief\": [\"h0:1\"], \"ps\": [\"h1:1\", \"h2:1\"], \"worker\": [\"h3:1\", \"h4:1\", \"h5:1\"]}"
#define TASK(type, index) "\"task\": {\"type\": \"" type "\", \"index\": " #index "}"

/* Every field in one line. */
static void says(const char *config, const char *wanted)
{
    est_cluster *c;
    est__buffer b = { 0 };
    if (!EST_CHECK_OK(est_cluster_new(config, &c)))
        return;
    est__buffer_printf(&b, "%s %lld id %lld%s; %lld workers, %lld ps; '%s' '%s';", c->task_type, (long long)c->task_id,
                       (long long)c->global_id_in_cluster, c->is_chief ? " chief" : "", (long long)c->num_worker_replicas,
                       (long long)c->num_ps_replicas, c->master, c->evaluation_master);
    for (size_t i = 0; i < c->num_jobs; i++)
        est__buffer_printf(&b, " %s %zu", c->job[i].name, c->job[i].address.count);
    if (c->model_dir)
        est__buffer_printf(&b, " in %s", c->model_dir);
    if (c->service)
        est__buffer_printf(&b, " service %s", c->service);
    EST_CHECK_STR(b.data, wanted);
    est__buffer_free(&b);
    est_cluster_free(c);
}

/* The wanted lines are what TensorFlow 2.15's RunConfig says of the same texts. */
static void as_tensorflow(void)
{
    says("", "worker 0 id 0 chief; 1 workers, 0 ps; '' '';");
    says("{}", "worker 0 id 0 chief; 1 workers, 0 ps; '' '';");
    says("{\"session_master\": \"m\", \"eval_session_master\": \"v\", \"model_dir\": \"d\", \"service\": {\"a\": [1, 2]}, \"environment\": \"cloud\"}",
         "worker 0 id 0 chief; 1 workers, 0 ps; 'm' 'v'; in d service {\"a\":[1,2]}");
    says("{" CLUSTER ", " TASK("chief", 0) "}", "chief 0 id 0 chief; 4 workers, 2 ps; 'grpc://h0:1' ''; chief 1 ps 2 worker 3");
    says("{" CLUSTER ", " TASK("worker", 1) "}", "worker 1 id 2; 4 workers, 2 ps; 'grpc://h4:1' ''; chief 1 ps 2 worker 3");
    says("{" CLUSTER ", " TASK("ps", 1) "}", "ps 1 id 5; 4 workers, 2 ps; 'grpc://h2:1' ''; chief 1 ps 2 worker 3");
    says("{" CLUSTER ", \"eval_session_master\": \"v\", " TASK("evaluator", 0) "}", "evaluator 0 id -1; 0 workers, 0 ps; '' 'v';");
    says("{\"cluster\": {\"chief\": [\"h0:1\"]}, " TASK("chief", 0) "}", "chief 0 id 0 chief; 1 workers, 0 ps; '' ''; chief 1");
    says("{\"cluster\": {\"master\": [\"h0:1\"]}, \"task\": {\"type\": \"master\", \"index\": \"0\"}}",
         "master 0 id 0 chief; 1 workers, 0 ps; '' ''; master 1");
}

/* As where TensorFlow has a strategy: the first worker leads. */
static void without_a_chief(void)
{
    says("{\"cluster\": {\"worker\": [\"h3:1\"]}, " TASK("worker", 0) "}", "worker 0 id 0 chief; 1 workers, 0 ps; '' ''; worker 1");
    says("{\"cluster\": {\"worker\": [\"h3:1\", \"h4:1\"], \"evaluator\": [\"h6:1\"]}, " TASK("worker", 1) "}",
         "worker 1 id 1; 2 workers, 0 ps; '' ''; worker 2");
}

static void refuses(void)
{
    static const char *const wrong[][2] = {
        { "{", "TF_CONFIG: line 1, column 1: string or '}' expected near end of file" },
        { "{\"task\": 1, \"task\": 2}", "TF_CONFIG: line 1, column 18: duplicate object key near '\"task\"'" },
        { "[]", "TF_CONFIG: all of it is a list; it must be an object, {\"cluster\": …, \"task\": …}" },
        { "{\"cluster\": []}", "TF_CONFIG: cluster is a list; it must be an object of lists of addresses, {\"chief\": [\"host:2222\"]}" },
        { "{\"cluster\": {\"chief\": \"a\"}}", "TF_CONFIG: cluster.chief is a string; it must be a list of addresses, [\"host:2222\"]" },
        { "{\"cluster\": {\"chief\": []}}", "TF_CONFIG: cluster.chief is empty; leave it out, or give its addresses" },
        { "{\"cluster\": {\"chief\": [1]}}", "TF_CONFIG: cluster.chief[0] is a number; it must be an address, \"host:2222\"" },
        { "{\"cluster\": {\"chief\": [\"a\", \"b\"]}}", "TF_CONFIG: cluster.chief has 2 tasks; there is one" },
        { "{\"cluster\": {\"chief\": [\"a\"], \"master\": [\"b\"]}}", "TF_CONFIG: cluster has a chief and a master; one of the two leads" },
        { "{\"cluster\": {\"ps\": [\"a\"]}}",
          "TF_CONFIG: cluster has no chief, which saves checkpoints: add \"chief\": [\"host:2222\"]" },
        { "{" CLUSTER "}", "TF_CONFIG: there is a cluster, and no task.type: which of its tasks is this process?" },
        { "{" CLUSTER ", \"task\": {\"type\": \"worker\"}}",
          "TF_CONFIG: there is a cluster, and no task.index: which of its tasks is this process?" },
        { "{" CLUSTER ", " TASK("worker", -1) "}", "TF_CONFIG: task.index is -1; it must be a number from 0 on" },
        { "{" CLUSTER ", \"task\": {\"type\": \"worker\", \"index\": \"x\"}}", "TF_CONFIG: task.index is a string; it must be a number from 0 on" },
        { "{" CLUSTER ", " TASK("worker", 3) "}", "TF_CONFIG: task.index is 3, and cluster.worker has 3 tasks" },
        { "{" CLUSTER ", " TASK("wroker", 0) "}",
          "TF_CONFIG: task.type is 'wroker'; the cluster has chief, ps, worker, and an evaluator may stand beside it" },
        { "{" CLUSTER ", " TASK("evaluator", 1) "}", "TF_CONFIG: task.index is 1; there is one evaluator, 0" },
        { "{\"cluster\": {\"master\": [\"a\"]}, " TASK("evaluator", 0) "}",
          "TF_CONFIG: task.type is 'evaluator', and the cluster has a master, which evaluates by itself: make it a chief" },
        { "{" TASK("evaluator", 0) "}",
          "TF_CONFIG: task.type is 'evaluator', and there is no cluster: add the cluster that it belongs to" },
        { "{" TASK("worker", 1) "}", "TF_CONFIG: task.index is 1, and there is no cluster: add it" },
        { "{" TASK("local", 0) "}", "TF_CONFIG: task.type is 'local': leave cluster and task out for a local run" },
        { "{\"task\": 1}", "TF_CONFIG: task is a number; it must be an object, {\"type\": \"worker\", \"index\": 0}" },
        { "{\"task\": {\"type\": null}}", "TF_CONFIG: task.type is null; it must be a string" },
        { "{\"service\": true}", "TF_CONFIG: service is true; it must be an object" },
        { "{\"model_dir\": \"\"}", "TF_CONFIG: model_dir is empty" },
        { "{\"session_master\": 1}", "TF_CONFIG: session_master is a number; it must be a string" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        est_cluster *c = NULL;
        EST_CHECK_FAILS(est_cluster_new(wrong[i][0], &c), EST_INVALID_ARGUMENT, wrong[i][1]);
        EST_CHECK(c == NULL);
    }
}

static void estimators_know_their_task(void)
{
    est_estimator *e = small_new(est_test_path("m"));
    const est_cluster *c = est_estimator_cluster(e);
    EST_CHECK(c->num_jobs == 0 && c->is_chief);
    est_estimator_free(e);
    setenv("TF_CONFIG", "{\"cluster\": {\"chief\": [\"a:1\"]}, " TASK("evaluator", 0) "}", 1);
    e = small_new(est_test_path("m"));
    unsetenv("TF_CONFIG");
    EST_CHECK_STR(est_estimator_cluster(e)->task_type, "evaluator");
    est_estimator_free(e);
}

static void memory_ends(void)
{
    est_status st = EST_RESOURCE_EXHAUSTED;
    for (int64_t n = 1; st == EST_RESOURCE_EXHAUSTED && n < 100; n++) {
        est_cluster *c;
        est_test_fail_allocation(n);
        st = est_cluster_new("{" CLUSTER ", \"service\": {}, " TASK("worker", 2) "}", &c);
        est_test_fail_allocation(0);
        est_cluster_free(c);
    }
    EST_CHECK_OK(st);
}

EST_SUITE(distribute_cluster, EST_TEST(as_tensorflow), EST_TEST(without_a_chief), EST_TEST(refuses), EST_TEST(estimators_know_their_task), EST_TEST(memory_ends));
