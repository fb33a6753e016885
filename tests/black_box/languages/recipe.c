/* Uses all that the host lends, and fails in the way that its option `how` names. */

#include "buildout_recipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const ways[] = {"no", "all", "user", "fault", "lookup", "trap", NULL};
static const recipe_option options[] = {{.name = "how", .default_value = "no", .choices = ways, .documentation = "How."}, {0}};
static const recipe_grant grants[] = {RECIPE_GRANT_RUN("echo"), RECIPE_GRANT_RUN("sh"), RECIPE_GRANT_FETCH("*"), {0}};

static const char sha256[] = "aea8a04c2f293417e499bf5de2def8ebb1ed40264d128a67180ea56fbe4600ff";

static __attribute__((noinline)) void deeper(void) {
    abort();
}

static bool is(recipe_part *part, const char *way) {
    const char *how = recipe_get(part, "how");
    return how && !strcmp(how, way);
}

static const char *join(const char *const *texts) {
    const char *joined = *texts;
    while (joined && *++texts)
        joined = recipe_format("%s,%s", joined, *texts);
    return joined;
}

static int init(recipe_part *part) {
    if (is(part, "lookup") && !recipe_require(part, "nothing"))
        return RECIPE_FAILED;
    if (!is(part, "all"))
        return 0;
    printf("%s %s %s\n", recipe_part_name(part), join(recipe_keys(part)), join(recipe_buildout_sections(part)));
    printf("%s %s\n", join(recipe_buildout_keys(part, "other")), recipe_buildout_require(part, "other", "value"));
    printf("%s %s\n", recipe_buildout_get(part, "other", "none") ? "false" : "true", recipe_buildout_directory(part));
    if (!recipe_buildout_require(part, "nowhere", "value"))
        puts(recipe_failure());
    recipe_forget_failure();
    return recipe_set(part, "seen", "yes");
}

static void waiting(void) {
    puts("waiting");
}

static int everything(recipe_part *part) {
    const char *location = recipe_location(part);
    recipe_lock lock;
    recipe_downloader downloader;
    recipe_fetched text;
    recipe_runner runner, other;
    recipe_outcome outcome;
    recipe_activity("everything");
    if (recipe_created(location) || recipe_make_directories(location))
        return RECIPE_FAILED;
    for (int i = 0; i < 2; i++) {
        if (recipe_lock_acquire(recipe_format("%s/lock", location), waiting, &lock))
            return RECIPE_FAILED;
        recipe_lock_release(&lock);
    }
    const char *copy = recipe_format("%s/copy", location);
    if (recipe_downloader_open(&downloader, "*") ||
        recipe_fetch(&downloader, "text", (recipe_digests){.sha256 = sha256}, &text) || recipe_fetched_copy(&text, copy) ||
        recipe_set_mode(copy, 0600))
        return RECIPE_FAILED;
    printf("%d %s\n", (int)recipe_fetched_size(&text), recipe_fetched_sha256(&text));
    recipe_fetched_close(&text);
    const recipe_command echo = {
        .program = "echo", .arguments = (const char *const[]){"echoed", NULL}, .output = RECIPE_OUTPUT_CAPTURE};
    const recipe_command shell = {.program = "sh",
                                  .arguments = (const char *const[]){"-c", "cat; echo $WORD; pwd; exit 3", NULL},
                                  .directory = location,
                                  .environment = (const char *const[]){"WORD=word", NULL},
                                  .input = "input\n",
                                  .input_size = 6,
                                  .output = RECIPE_OUTPUT_CAPTURE};
    if (recipe_runner_open(&runner, "echo", "sh") || recipe_run(&runner, &echo, &outcome))
        return RECIPE_FAILED;
    fputs(outcome.captured, stdout);
    if (recipe_run(&runner, &shell, &outcome))
        return RECIPE_FAILED;
    printf("%s%s\n", outcome.captured, outcome.ending == RECIPE_EXITED && outcome.status == 3 ? "true" : "false");
    bool has_path = false;
    for (const char *const *variable = recipe_environment(&runner); *variable; variable++)
        has_path = has_path || !strncmp(*variable, "PATH=", 5);
    printf("%s %s\n", recipe_build_directory(&runner), has_path ? "true" : "false");
    recipe_runner_close(&runner);
    if (recipe_runner_open(&other, "make"))
        recipe_warning("%s", recipe_failure());
    recipe_forget_failure();
    bool failed = recipe_fetch(&downloader, "text", (recipe_digests){.sha256 = "00"}, &text) != 0;
    recipe_forget_failure();
    recipe_downloader_close(&downloader);
    recipe_error("%s", failed ? "true" : "false");
    return recipe_path(part, location);
}

static int install(recipe_part *part) {
    if (is(part, "all"))
        return everything(part);
    if (is(part, "user"))
        return recipe_user_error("Not so");
    if (is(part, "fault")) {
        FILE *file = fopen("/nowhere/file", "r");
        if (!file)
            return recipe_fault("cannot open %s: %s", "/nowhere/file", strerror(errno));
    }
    if (is(part, "trap"))
        deeper();
    return 0;
}

static int uninstall(const char *part, const recipe_recorded *recorded) {
    printf("uninstalling %s, which was %s\n", part, recipe_recorded_get(recorded, "how"));
    return 0;
}

RECIPE_EXPORT({
    .name = "default",
    .documentation = "Does everything.",
    .options = options,
    .grants = grants,
    .init = init,
    .install = install,
    .uninstall = uninstall,
})
