/* Recipes of the package {{name}}. */

#include "buildout_recipe.h"

#include <string.h>

static const recipe_option options[] = {
    {.name = "path", .type = RECIPE_PATH, .required = true, .documentation = "The directory, relative to the part's location."},
    {0},
};

/* The data of a part. */
typedef struct {
    const char *path;
} directory;

static int init(recipe_part *part) {
    directory *self = recipe_data(part);
    const char *path = recipe_require(part, "path"), *location = recipe_location(part);
    if (!path)
        return RECIPE_FAILED;
    if (path[0] == '/' || strstr(recipe_format("/%s/", path), "/../")) {
        recipe_error("%s is not below %s.", path, location);
        return recipe_user_error("Invalid Path");
    }
    self->path = recipe_format("%s/%s", location, path);
    return recipe_set(part, "path", self->path);
}

static int install(recipe_part *part) {
    directory *self = recipe_data(part);
    if (!recipe_is_directory(self->path)) {
        recipe_info("Creating directory %s", strrchr(self->path, '/') + 1);
        if (recipe_make_directories(self->path))
            return RECIPE_FAILED;
    }
    return recipe_path(part, recipe_location(part));
}

RECIPE_EXPORT({
    .name = "default",
    .documentation = "Makes a directory in the part's own location.",
    .options = options,
    .data_size = sizeof(directory),
    .init = init,
    .install = install,
    .update = install,
})
