/* Fails in the way that its option `how` names. */

#include "buildout_recipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __attribute__((noinline)) void deeper(void) {
    abort();
}

static const recipe_option options[] = {{.name = "how", .default_value = "no"}, {0}};

static int init(recipe_part *part) {
    const char *how = recipe_get(part, "how");
    if (how && !strcmp(how, "lookup"))
        return recipe_require(part, "nothing") ? 0 : RECIPE_FAILED;
    return 0;
}

static int install(recipe_part *part) {
    const char *how = recipe_get(part, "how");
    if (!how)
        return RECIPE_FAILED;
    if (!strcmp(how, "user"))
        return recipe_user_error("Not so");
    if (!strcmp(how, "fault")) {
        FILE *file = fopen("/nowhere/file", "r");
        if (!file)
            return recipe_fault("cannot open %s: %s", "/nowhere/file", strerror(errno));
    }
    if (!strcmp(how, "trap"))
        deeper();
    return 0;
}

RECIPE_EXPORT({.name = "default", .documentation = "Fails.", .options = options, .init = init, .install = install})
